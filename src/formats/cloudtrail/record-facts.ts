/** What a record says of itself, where no column holds it as it is. */
import { objectOf, textOf } from './identity.ts';
import { KEY } from './keys.ts';
import { contentText, jsonOf } from './parts.ts';
import type { RecordSlices } from './record-slices.ts';

/** S3's own notifications have the same keys; their source is `aws:s3`. */
export function isNotification({ buf, from, to }: RecordSlices): boolean {
  const source = from[KEY.eventSource]!;
  return source > 0 && to[KEY.eventSource]! - source > AWS.length && AWS.every((c, i) => buf[source + i] === c);
}

const AWS = [...'"aws:'].map((c) => c.charCodeAt(0));

/** What a summary counts by: the name, or an object with it. */
export function dimensionOf(summary: unknown): string {
  const { primaryDimension } = objectOf(summary);
  return textOf(primaryDimension) || textOf(objectOf(primaryDimension).dimension);
}

/** What `readOnly` says, as a place in READ_ONLY. */
export function readOnlyOf(slices: RecordSlices): number {
  if (!slices.has(KEY.readOnly)) return 0;
  const { buf } = slices;
  const from = slices.from[KEY.readOnly]!;
  if (buf[from] === 116) return 1;
  if (buf[from] === 102) return 2;
  const text = contentText(slices, KEY.readOnly).toLowerCase();
  return text === 'true' ? 1 : text === 'false' ? 2 : 0;
}
export const READ_ONLY = ['', 'true', 'false'];

/** Of records older than the field. */
export function categoryOf(slices: RecordSlices, type: string): string {
  if (type === 'AwsCloudTrailInsight' || slices.has(KEY.insightDetails)) return 'Insight';
  if (type === 'AwsVpceEvent') return 'NetworkActivity';
  return slices.kind(KEY.managementEvent) === 102 ? 'Data' : 'Management';
}

/** A sign-in says in its answer whether it succeeded. */
export function outcomeOf(slices: RecordSlices, isSignIn: boolean): string {
  if (slices.has(KEY.errorCode) && contentText(slices, KEY.errorCode) !== '') return 'failure';
  if (!isSignIn) return 'success';
  return Object.values(objectOf(jsonOf(slices, KEY.responseElements))).some((value) => textOf(value).toLowerCase() === 'failure') ? 'failure' : 'success';
}
