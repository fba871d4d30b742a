/** Reads a JSON object into the reader's row: its record through the decode loop, what came beside it into columns of its own. */

import { sourceOf } from '../intern.ts';
import type { Detector } from './detect.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { readJson } from './json-record.ts';
import type { Plan } from './plan.ts';
import type { RowReader } from './row.ts';
import { utf8 } from './spellings.ts';

const encoder = new TextEncoder();

/** The plan of the row that was read, or why there is none. */
export function readJsonRow(bytes: Uint8Array, reader: RowReader, detector: Detector): Plan | Diagnosis {
  const text = utf8(bytes);
  if (text === undefined) return { code: 'invalid-utf8', message: 'the record is not valid UTF-8' };
  const record = readJson(text, detector.formats);
  if (!('line' in record)) return record;
  const slots = [...record.extras.keys()];
  const result = record.layout
    ? readNamed(record.line, detector.planOf(record.layout, slots), reader)
    : detector.readLoose(reader, encoder.encode(record.line), slots);
  if ('code' in result) return result;
  const row = reader.flows.rows;
  for (const [slot, value] of record.extras) {
    // The record's own value goes before the forwarder's; what its format has no column for is in its text alone.
    if (result.slots.includes(slot) || !result.writes.includes(slot)) continue;
    const table = reader.values.table(slot);
    reader.flows.arrays[slot]![row] = table.values[reader.values.spell(slot, value)]!;
  }
  return result;
}

function readNamed(line: string, plan: Plan, reader: RowReader): Plan | Diagnosis {
  const buf = encoder.encode(`${line}\n`);
  if (reader.read(sourceOf(buf), 0, plan) === buf.length) return plan;
  return diagnose(buf.subarray(0, -1), buf.length - 1, plan, { code: reader.failCode, at: reader.failAt });
}
