/** From one event of CloudWatch Logs to posts: drop what stays inside, wrap, cut into bounded posts, send. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Config } from './config.ts';
import { type LogBatch, type LogEvent, readEvent } from './event.ts';
import type { InterfaceInfo, Interfaces } from './interfaces.ts';
import { membership } from './networks.ts';
import { type Clock, send } from './post.ts';

export interface Means {
  readonly config: Config;
  readonly interfaces: Interfaces;
  readonly clock: Clock;
  /** Writes one line of the function's log. */
  readonly log: (line: string) => void;
}

/** Counts of one event; received = dropped + forwarded. */
export interface Report {
  received: number;
  /** Both ends lie in a network of VPC_CIDR_PREFIX. */
  dropped: number;
  forwarded: number;
  /** Forwarded without a look at the networks, for the line has no address where the layout says (NODATA, another layout). */
  unfiltered: number;
  /** Forwarded without group info, for EC2 does not know the interface. */
  withoutInterface: number;
  posts: number;
  /** Before compression. */
  bytes: number;
}

/** Bytes of one post before compression. */
export const MAX_POST = 1024 * 1024;
/** Room for what is written around a message besides the names of group and stream: with 16 groups of an interface. */
const AROUND = 100;
const GROUP_INFO = 700;

/** `deadline`: epoch milliseconds at which the invocation ends. Throws EventError, PostError, and what EC2 throws. */
export async function forward(event: unknown, deadline: number, means: Means): Promise<void> {
  const { config, clock, log } = means;
  const batch = readEvent(event);
  if (!batch) {
    log(JSON.stringify({ event: 'control-message' }));
    return;
  }
  const internal = membership(config.networks);
  const known = config.groups ? await means.interfaces.describe(batch.events.map((e) => interfaceOf(e, batch, config))) : undefined;
  const report: Report = { received: 0, dropped: 0, forwarded: 0, unfiltered: 0, withoutInterface: 0, posts: 0, bytes: 0 };
  for (const part of parts(batch, config)) {
    const lines: string[] = [];
    for (const logEvent of part) {
      report.received++;
      const line = logEvent.message.replace(/\r?\n$/, '');
      if (config.networks.length > 0) {
        const ends = endsOf(line, config);
        if (!ends) report.unfiltered++;
        else if (ends.every(internal)) {
          report.dropped++;
          continue;
        }
      }
      report.forwarded++;
      const info = known?.get(interfaceOf(logEvent, batch, config));
      if (known && !info) report.withoutInterface++;
      lines.push(config.format === 'VPC-RAW' ? line : JSON.stringify(wrap(line, batch, config, info)));
    }
    if (lines.length === 0) continue;
    const text = `${lines.join('\n')}\n`;
    await send(
      config.endpoint,
      {
        lines: text,
        contentType: config.format === 'VPC-RAW' ? 'text/plain; charset=utf-8' : 'application/x-ndjson',
        idempotencyKey: keyOf(batch, part),
      },
      deadline,
      clock,
    );
    report.posts++;
    report.bytes += Buffer.byteLength(text);
  }
  log(reportLine(batch, report, clock.now()));
}

/**
 * Cuts a batch into posts. The cuts depend on the event and LogFormat only, not on the filter or on what EC2 says, so
 * that a repeated invocation makes the same posts under the same keys.
 */
function* parts(batch: LogBatch, config: Config): Generator<LogEvent[]> {
  const around = config.format === 'VPC-RAW' ? 1 : AROUND + GROUP_INFO + Buffer.byteLength(JSON.stringify([batch.logGroup, batch.logStream]));
  let part: LogEvent[] = [];
  let size = 0;
  for (const event of batch.events) {
    const bytes = around + Buffer.byteLength(config.format === 'VPC-RAW' ? event.message : JSON.stringify(event.message));
    if (part.length > 0 && size + bytes > MAX_POST) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(event);
    size += bytes;
  }
  if (part.length > 0) yield part;
}

function keyOf(batch: LogBatch, part: readonly LogEvent[]): string {
  const hash = createHash('sha256');
  for (const text of [batch.logGroup, batch.logStream, ...part.map((event) => event.id)]) hash.update(`${text}\n`);
  return hash.digest('hex');
}

function field(line: string, place: number): string {
  return place < 0 ? '' : (line.split(' ', place + 1)[place] ?? '');
}

/** Both addresses, or undefined where the line has none. */
function endsOf(line: string, { layout }: Config): [string, string] | undefined {
  const source = field(line, layout.source);
  const destination = field(line, layout.destination);
  return isIP(source) && isIP(destination) ? [source, destination] : undefined;
}

/** The record's interface; where the line does not say it, flow logs name their streams after it (`eni-…-all`). */
function interfaceOf(event: LogEvent, batch: LogBatch, { layout }: Config): string {
  const named = field(event.message, layout.interface);
  return named.startsWith('eni-') ? named : (/^eni-[0-9a-f]+/.exec(batch.logStream)?.[0] ?? '');
}

function wrap(line: string, batch: LogBatch, config: Config, info: InterfaceInfo | undefined): Record<string, string | readonly string[]> {
  const object: Record<string, string | readonly string[]> = { message: line, logStream: batch.logStream, logGroup: batch.logGroup };
  if (!config.groups) return object;
  object['aws-region'] = config.region;
  if (!info) return object;
  const direction = directionOf(line, config, info);
  if (direction) object.direction = direction;
  if (info.vpc) object['vpc-id'] = info.vpc;
  if (info.subnet) object['subnet-id'] = info.subnet;
  object['security-group-ids'] = info.groups;
  return object;
}

/** As seen from the interface: what the record says itself, else by the end that is the interface's own. */
function directionOf(line: string, { layout }: Config, info: InterfaceInfo): 'inbound' | 'outbound' | undefined {
  const said = field(line, layout.flowDirection);
  if (said === 'ingress') return 'inbound';
  if (said === 'egress') return 'outbound';
  if (info.owns(field(line, layout.source))) return 'outbound';
  return info.owns(field(line, layout.destination)) ? 'inbound' : undefined;
}

const METRICS: Readonly<Record<keyof Report, readonly [name: string, unit: 'Count' | 'Bytes']>> = {
  received: ['RecordsReceived', 'Count'],
  dropped: ['RecordsDropped', 'Count'],
  forwarded: ['RecordsForwarded', 'Count'],
  unfiltered: ['RecordsUnfiltered', 'Count'],
  withoutInterface: ['RecordsWithoutInterface', 'Count'],
  posts: ['Posts', 'Count'],
  bytes: ['BytesPosted', 'Bytes'],
};

/**
 * One line of JSON that CloudWatch also reads as metrics.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
function reportLine(batch: LogBatch, report: Report, now: number): string {
  const names = Object.keys(METRICS) as (keyof Report)[];
  return JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        {
          Namespace: 'Bartizan/Forwarder',
          Dimensions: [['LogGroup']],
          Metrics: names.map((name) => ({ Name: METRICS[name][0], Unit: METRICS[name][1] })),
        },
      ],
    },
    event: 'forwarded',
    LogGroup: batch.logGroup,
    logStream: batch.logStream,
    ...Object.fromEntries(names.map((name) => [METRICS[name][0], report[name]])),
  });
}
