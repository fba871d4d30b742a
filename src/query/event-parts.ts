/** Values inside the JSON parts of an event, by their path in the record: `requestParameters.bucketName`. */
import type { Field } from '../model/fields.ts';
import { CLOUDTRAIL } from '../model/log-formats.ts';
import type { Context } from './context.ts';
import { findPath, jsonPath } from './operators/json-path.ts';
import { type Typed, text } from './typed.ts';

/** Keys of a record whose values `rest` holds, beside those that nobody knows. */
const IN_REST = /^(?:tlsDetails|insightDetails|timeWindow|summary|serviceEventDetails|addendum|edgeDeviceDetails|eventContext)(?:[.[]|$)/;

/** Whether a name is a path into the JSON of an event. */
export function isPartOfEvent(name: string): boolean {
  return partNamed(name) !== undefined;
}

/** The value at a path of the record; undefined where the name is none, or events are not what is read. */
export function partOfEvent(ctx: Context, name: string): Typed | undefined {
  const part = ctx.formats.includes(CLOUDTRAIL) ? partNamed(name) : undefined;
  const path = part && jsonPath(part.path);
  return path && text(findPath(ctx.column(part.column), path, () => ctx.fresh()).value);
}

/** The column that holds the value, and the path in it. */
function partNamed(name: string): { readonly column: string; readonly path: string } | undefined {
  for (const document of CLOUDTRAIL.documents) {
    if (document.aliases.length === 0 && IN_REST.test(name)) return { column: document.column, path: name };
    const begin = beginnings(document).find((text) => /[.[]/.test(name.charAt(text.length)) && name.slice(0, text.length).toLowerCase() === text.toLowerCase());
    if (begin !== undefined) return { column: document.column, path: name.slice(begin.length) };
  }
  return undefined;
}

/**
 * What a path into a part begins with: the record's key, the part's name, its place in our documents, and its place in those
 * of Elastic's integration (https://www.elastic.co/docs/reference/integrations/aws/cloudtrail).
 */
function beginnings({ name, aliases: [key] }: Field): string[] {
  return [...(key === undefined ? [] : [key]), name, `aws.cloudtrail.json.${key ?? 'rest'}`, name.replace('aws.cloudtrail.', 'aws.cloudtrail.flattened.')];
}
