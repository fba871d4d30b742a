/**
 * What CloudWatch Logs hands to a subscribed function: `{"awslogs": {"data": base64(gzip(json))}}`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
import { gunzipSync } from 'node:zlib';

export interface LogEvent {
  readonly id: string;
  readonly message: string;
}

export interface LogBatch {
  readonly logGroup: string;
  readonly logStream: string;
  readonly events: readonly LogEvent[];
}

export type EventErrorCode = 'no-subscription-event' | 'damaged-gzip' | 'damaged-json' | 'unknown-shape';

/** An event that cannot be read. It stays in the dead-letter queue as it came. */
export class EventError extends Error {
  readonly code: EventErrorCode;
  constructor(code: EventErrorCode, message: string) {
    super(message);
    this.name = 'EventError';
    this.code = code;
  }
}

/** CloudWatch packs far less into one event; a bomb does not get past this. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The batch, or undefined for a CONTROL_MESSAGE (CloudWatch asks whether somebody is there). Throws EventError. */
export function readEvent(event: unknown): LogBatch | undefined {
  const data = isObject(event) && isObject(event.awslogs) ? event.awslogs.data : undefined;
  if (typeof data !== 'string' || data === '') throw new EventError('no-subscription-event', 'the event has no awslogs.data');
  const payload = parse(unpack(data));
  if (!isObject(payload)) throw new EventError('unknown-shape', 'the payload is no object');
  const { messageType, logGroup, logStream, logEvents } = payload;
  if (messageType === 'CONTROL_MESSAGE') return undefined;
  if (messageType !== 'DATA_MESSAGE') throw new EventError('unknown-shape', 'messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE');
  if (typeof logGroup !== 'string' || typeof logStream !== 'string') throw new EventError('unknown-shape', 'logGroup or logStream is no text');
  if (!Array.isArray(logEvents)) throw new EventError('unknown-shape', 'logEvents is no list');
  return { logGroup, logStream, events: logEvents.map(readLogEvent) };
}

function readLogEvent(value: unknown, index: number): LogEvent {
  if (!isObject(value) || typeof value.id !== 'string' || typeof value.message !== 'string') {
    throw new EventError('unknown-shape', `logEvents[${index}] has no id or no message`);
  }
  return { id: value.id, message: value.message };
}

function unpack(data: string): string {
  try {
    return gunzipSync(Buffer.from(data, 'base64'), { maxOutputLength: MAX_BYTES }).toString('utf8');
  } catch (error) {
    throw new EventError('damaged-gzip', `awslogs.data does not unpack: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EventError('damaged-json', 'the payload is no JSON');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
