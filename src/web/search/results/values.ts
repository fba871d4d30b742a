/** A record's value by the name of a column: what the query made, a field by any of its names, a place in the document or in an event's JSON. Pure. */
import type { OutputColumn } from '../../../api/contract.ts';
import { CLOUDTRAIL_ONLY } from '../../../model/cloudtrail-fields.ts';
import { type Field, findField, namesOf } from '../../../model/fields.ts';
import { awsName, CLOUDTRAIL, fieldIn } from '../../../model/log-formats.ts';
import { formatOfRecord, isEvent, valueAt } from '../../records/event.ts';
import type { Rec } from '../../records/flow.ts';

/** The column of the record's own text. */
export const RAW = '_raw';

export function valueIn(record: Rec, name: string): unknown {
  if (name in record.values) return record.values[name];
  if (name === RAW) return record.raw;
  const format = formatOfRecord(record);
  const field = fieldIn(format, name);
  for (const other of field ? [awsName(format, field), ...namesOf(field)] : [name]) {
    const value = record.fields[other];
    if (value !== undefined) return value;
  }
  return inDocument(record.document, field?.name ?? name) ?? (isEvent(record) ? valueAt(record, name) : undefined);
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

/** The field that a name means in messages: that of events where all are events, else that of flows. */
export function fieldAmong(name: string, sample: readonly Rec[]): Field | undefined {
  const onlyEvents = sample.length > 0 && sample.every(isEvent);
  return (onlyEvents ? fieldIn(CLOUDTRAIL, name) : undefined) ?? findField(name);
}

/** A column by its name: as the query made it, or as the field table knows it. `sample`: some of the messages. */
export function columnOf(name: string, made: readonly OutputColumn[], sample: readonly Rec[] = []): OutputColumn {
  const own = made.find((c) => c.name === name);
  if (own) return own;
  const field = fieldAmong(name, sample);
  if (!field) return { name, kind: 'text', field: name };
  // Events have names of their own for what flows have under the same canonical one: a query with them reads events.
  return { name, kind: field.type, field: CLOUDTRAIL_ONLY.includes(field) ? awsName(CLOUDTRAIL, field) : field.name };
}

/** Width of a column in characters, by the longest of some of its texts. */
export function widthOf(name: string, texts: readonly string[]): number {
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  return Math.min(48, Math.max(Math.min(name.length, 12) + 1, longest + 1, 5));
}
