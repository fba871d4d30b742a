/** Values inside the JSON parts of an event, by their path in the record: `requestParameters.bucketName`. */
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
  for (const { column, aliases } of CLOUDTRAIL.documents) {
    const [key] = aliases;
    if (key === undefined) {
      if (IN_REST.test(name)) return { column, path: name };
    } else if (name.length > key.length && /[.[]/.test(name.charAt(key.length)) && name.slice(0, key.length).toLowerCase() === key.toLowerCase())
      return { column, path: name.slice(key.length) };
  }
  return undefined;
}
