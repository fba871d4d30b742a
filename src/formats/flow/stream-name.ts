/**
 * The interface of a CloudWatch log stream: flow logs are written to one stream an interface, named after
 * it and the traffic that was chosen. https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html
 */

/** `eni-…-all`, `-accept` or `-reject` → the interface's id; undefined for any other name. */
export function interfaceOfStream(logStream: string): string | undefined {
  return /^(eni-[0-9a-f]{8,17})-(?:all|accept|reject)$/.exec(logStream)?.[1];
}
