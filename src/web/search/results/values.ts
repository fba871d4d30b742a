/** A record's value by the name of a column: what the query made, a field by any of its names, a place in the document. Pure. */
import type { OutputColumn } from '../../../api/contract.ts';
import { findField, namesOf } from '../../../model/fields.ts';
import type { Rec } from '../../records/flow.ts';

/** The column of the record's own text. */
export const RAW = '_raw';

export function valueIn(record: Rec, name: string): unknown {
  if (name in record.values) return record.values[name];
  if (name === RAW) return record.raw;
  const field = findField(name);
  for (const other of field ? namesOf(field) : [name]) {
    const value = record.fields[other];
    if (value !== undefined) return value;
  }
  return inDocument(record.document, field?.name ?? name);
}

/** `source.geo.city_name`, also where a key of the document itself has dots. */
function inDocument(document: Readonly<Record<string, unknown>>, path: string): unknown {
  if (path in document) return leaf(document[path]);
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    const branch = document[path.slice(0, dot)];
    if (isObject(branch)) {
      const value = inDocument(branch, path.slice(dot + 1));
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

function leaf(value: unknown): unknown {
  return isObject(value) ? undefined : value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A column by its name: as the query made it, or as the field table knows it. */
export function columnOf(name: string, made: readonly OutputColumn[]): OutputColumn {
  const own = made.find((c) => c.name === name);
  if (own) return own;
  const field = findField(name);
  return { name, kind: field?.type ?? 'text', field: field?.name ?? name };
}

/** Width of a column in characters, by the longest of some of its texts. */
export function widthOf(name: string, texts: readonly string[]): number {
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  return Math.min(48, Math.max(Math.min(name.length, 12) + 1, longest + 1, 5));
}
