/** Records behind a value: as received, as an ECS document, and by their field names. */
import { type Document, isoTime, type StoredRecord } from '../formats/document.ts';
import { recordDocument } from '../formats/documents.ts';
import { ADDED_FIELDS, EXTRACTED, type Field } from '../model/fields.ts';
import { awsName, DATASETS, formatOf, type LogFormat, VPC_FLOW } from '../model/log-formats.ts';
import { INTERFACE_FIELDS } from '../model/network-interface.ts';
import { countStatement, recordsStatement } from '../query/index.ts';
import type { Value } from '../store/store.ts';
import type { RecordsRequest, RecordsResponse } from './contract.ts';
import type { ServerDeps } from './deps.ts';
import { compileOptions, succeeded, windowOf } from './queries.ts';
import { onTables } from './relations.ts';
import { agentIndicators, heldAt } from './user-agents.ts';

type Shown = Omit<RecordsResponse['records'][number], 'values'>;

/** Records of a query with their documents, a page of `limit` from `offset`, and how many there are. Throws Problem and StoreError. */
export async function findRecords(deps: ServerDeps, request: RecordsRequest, signal: AbortSignal): Promise<RecordsResponse> {
  const { range, ...options } = compileOptions(deps, request, request.limit);
  const { columns, made, warnings, datasets, found, total } = await onTables(deps, async (relations) => {
    const asked = { ...options, relations, query: request.query, limit: request.limit, offset: request.offset };
    const { statement, columns, made, warnings, datasets } = succeeded(recordsStatement(asked));
    const counted = succeeded(countStatement(asked));
    const [found, total] = await Promise.all([deps.store.rows(statement, { signal }), deps.store.rows(counted.statement, { signal })]);
    return { columns, made, warnings, datasets, found, total };
  });
  const names = columns.map((c) => c.name);
  const rows = found.rows.map((row) => new Map(names.map((name, i) => [name, row[i] ?? null] as const)));
  const ofAgents = await agentIndicators(
    { store: deps.store, threats: options.catalog?.threats },
    rows.map((row) => textOf(row, 'user_agent')),
    { signal },
  );
  return {
    total: Number(total.rows[0]?.[0] ?? 0),
    window: await windowOf(deps, range, datasets),
    made: made.map((column) => ({ ...column })),
    warnings: warnings.map(({ code, message }) => ({ code, message })),
    records: rows.map((row, at) => ({
      ...shownRecord(row, ofAgents),
      values: Object.fromEntries(made.map(({ name }, i) => [name, found.rows[at]?.[names.length + i] ?? null])),
    })),
  };
}

/** One row of `recordsStatement` → what people see of it. */
function shownRecord(row: ReadonlyMap<string, Value>, ofAgents: Awaited<ReturnType<typeof agentIndicators>>): Shown {
  const time = Number(row.get('start') ?? 0);
  const format = formatOf(DATASETS.find((name) => name === textOf(row, '_index')) ?? VPC_FLOW.flows);
  const columns = Object.fromEntries([...row].map(([name, value]) => [name, cell(value)]));
  const agent = heldAt(ofAgents.get(textOf(row, 'user_agent')), time / 1000)?.raw;
  const record: StoredRecord = { ...columns, ...(agent && { user_agent_indicator: agent }), start: time / 1000, raw: textOf(row, '_raw') };
  return {
    time,
    dataset: textOf(row, '_index'),
    raw: textOf(row, '_raw'),
    document: documentOf(record, format, extractedOf(row)),
    fields: fieldsOf(row, format, time),
    origin: { sourceName: textOf(row, 'source_name'), sourceCategory: textOf(row, 'source_category') },
  };
}

/** Extracted fields are labels: that is where ECS keeps what it has no field for, as text under flat names. */
function documentOf(record: StoredRecord, format: LogFormat, extracted: Record<string, string>): Document {
  const document = recordDocument(record, format);
  return Object.keys(extracted).length ? { ...document, labels: extracted } : document;
}

/** Values that the record has, by AWS's names; `end` as AWS writes it. The JSON of an event is in its document and its text. */
function fieldsOf(row: ReadonlyMap<string, Value>, format: LogFormat, time: number): Shown['fields'] {
  const absent = BigInt(textOf(row, 'absent') || '0');
  const fields: Shown['fields'] = {};
  format.fields.forEach((field, bit) => {
    const value = scalar(row.get(field.column) ?? null);
    const given = field.type === 'text' && value !== '';
    if (value === null || ((absent >> BigInt(bit)) & 1n && !given)) return;
    // Where a request came from no address.
    if (format.kind === 'event' && field.type === 'address' && value === '::') return;
    fields[awsName(format, field)] = timeOf(format, field, time / 1000, value) ?? value;
  });
  for (const field of ADDED_FIELDS) {
    const value = scalar(row.get(field.column) ?? null);
    // What is known of an indicator is told in the document.
    if (value !== null && value !== '' && !field.column.endsWith('_indicator')) fields[field.name] = value;
  }
  for (const { name } of INTERFACE_FIELDS) {
    const value = scalar(row.get(name) ?? null);
    if (value !== null && value !== '') fields[name] = value;
  }
  return { ...fields, ...extractedOf(row) };
}

/** Of a field that is a time: epoch seconds of flows, and as records have it of events. */
function timeOf(format: LogFormat, { aws }: Field, start: number, value: string | number): string | number | undefined {
  if (aws === 'start') return format.kind === 'event' ? isoTime(start) : start;
  return aws === 'end' ? start + Number(value) : undefined;
}

/** What rules took out of the record as it was stored. */
function extractedOf(row: ReadonlyMap<string, Value>): Record<string, string> {
  return JSON.parse(textOf(row, EXTRACTED) || '{}') as Record<string, string>;
}

/** Lists stay lists in documents. */
function cell(value: Value): string | number | null | readonly string[] {
  return Array.isArray(value) ? value.map(String) : scalar(value);
}

function scalar(value: Value): string | number | null {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : value.map(String).join(',');
}

function textOf(row: ReadonlyMap<string, Value>, name: string): string {
  return String(scalar(row.get(name) ?? null) ?? '');
}
