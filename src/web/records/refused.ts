/** Which records and rows are about refused flows, and how the server is asked why. Pure. */
import type { ExplainRequest } from '../../api/contract/refusal.ts';
import type { OutputColumn } from '../../api/contract.ts';
import { findField } from '../../model/fields.ts';
import { parse } from '../../query/index.ts';
import { fieldOf } from '../format/values.ts';
import type { Rec } from './flow.ts';

const ACTION = 'event.action';

export function isRefused(record: Rec): boolean {
  return record.dataset === 'vpc_flow' && isReject(record.fields.action);
}

function isReject(value: unknown): boolean {
  return String(value ?? '').toUpperCase() === 'REJECT';
}

/** The record by its own values; what its layout leaves out is not said. */
export function explainRequest({ time, fields }: Rec, minutes: number): ExplainRequest {
  const text = (name: string) => (fields[name] === undefined || fields[name] === null ? undefined : String(fields[name]));
  const number = (name: string) => (text(name) === undefined ? undefined : Number(text(name)));
  return {
    start: Math.floor(time / 1000),
    interfaceId: text('interface-id'),
    source: text('srcaddr'),
    destination: text('dstaddr'),
    sourcePort: number('srcport'),
    destinationPort: number('dstport'),
    protocol: number('protocol'),
    minutes,
  };
}

interface Filtered {
  readonly query: string;
  readonly filters?: readonly { readonly field: string; readonly values: readonly string[]; readonly negate: boolean }[] | undefined;
}

/** Whether every record behind a row was refused: the panel asks for such alone, or the row says it. */
export function asksForRefused({ query, filters = [] }: Filtered): boolean {
  const named = (field: string) => findField(field)?.name === ACTION;
  if (filters.some((f) => named(f.field) && !f.negate && f.values.every(isReject))) return true;
  const { scope } = parse(query).query;
  const conditions = scope.node === 'and' ? scope.items : [scope];
  return conditions.some((c) => c.node === 'condition' && c.op === '=' && named(c.field) && isReject(c.value));
}

export function isRefusedRow(columns: readonly OutputColumn[], values: readonly unknown[]): boolean {
  return columns.some((column, i) => fieldOf(column) === ACTION && isReject(values[i]));
}
