/**
 * Account and region that the address of a log object names: AWS delivers to
 * `…/AWSLogs/<account>/vpcflowlogs/<region>/<year>/…`, or with Hive-compatible names to
 * `…/AWSLogs/aws-account-id=<account>/aws-service=vpcflowlogs/aws-region=<region>/…`
 * (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html).
 */

export interface Place {
  readonly account: string;
  readonly region: string;
}

const ACCOUNT = /^(?:aws-account-id=)?(\d{12})$/;
const REGION = /^(?:aws-region=)?([a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2})$/;

/** What is not there is empty. */
export function placeOf(address: string): Place {
  const parts = address.split('/');
  const below = parts.lastIndexOf('AWSLogs') + 1;
  if (below === 0) return { account: '', region: '' };
  const find = (pattern: RegExp) => {
    for (const part of parts.slice(below, -1)) {
      const found = pattern.exec(part)?.[1];
      if (found !== undefined) return found;
    }
    return '';
  };
  return { account: find(ACCOUNT), region: find(REGION) };
}
