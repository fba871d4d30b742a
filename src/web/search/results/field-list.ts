/** Fields to look into: those that the messages at hand have first, then all others, by where they come from. Pure. */
import type { OutputColumn } from '../../../api/contract.ts';
import { ADDED_FIELDS, DERIVED_FIELDS, type Field, findField, namesOf } from '../../../model/fields.ts';
import { FLOW_FORMATS, hasField, VPC_FLOW } from '../../../model/log-formats.ts';
import { isEvent } from '../../records/event.ts';
import type { Rec } from '../../records/flow.ts';
import { eventGroups } from './event-fields.ts';
import type { Group, Listed } from './listed.ts';
import { valueIn } from './values.ts';

/** Ids of registries, whose parts have fields of their own; and the text and the times, which differ in every record. */
const NOT_LISTED = new Set([
  'source.place',
  'destination.place',
  'source.as',
  'destination.as',
  'source.aws',
  'destination.aws',
  '_raw',
  '_messageTime',
  'event.start',
  'event.end',
]);

const METADATA: readonly Field[] = ADDED_FIELDS.filter((f) => f.name.startsWith('_'));

/** Fields that messages of the formats of flow logs at hand can have; without a message those of VPC flow logs. */
function kindsOf(sample: readonly Rec[]): readonly (readonly [title: string, fields: readonly Field[]])[] {
  const there = FLOW_FORMATS.filter(({ flows, status }) => sample.some(({ dataset }) => dataset === flows || dataset === status));
  const formats = there.length || sample.length ? there : [VPC_FLOW];
  if (formats.length === 0) return [['Metadata', METADATA]];
  const record = new Map(formats.flatMap(({ fields }) => fields.map((f) => [f.column, f] as const)));
  const derived = DERIVED_FIELDS.filter((field) => formats.some((format) => hasField(format, field)));
  return [
    ['Record', [...record.values()]],
    ['Enrichment', [...ADDED_FIELDS.filter((f) => !f.name.startsWith('_')), ...derived]],
    ['Metadata', METADATA],
  ];
}

/** What AWS calls the start of an event. */
const EVENT_TIME = 'eventTime';

/** What extraction rules make: fields that are stored with records, and those that are made when a query asks for them. */
export interface Extracted {
  readonly extracted: readonly string[];
  readonly rules: readonly { readonly fields: readonly string[] }[];
}

const NOTHING: Extracted = { extracted: [], rules: [] };

/** `sample`: some of the messages. */
export function fieldGroups(made: readonly OutputColumn[], sample: readonly Rec[], { extracted, rules }: Extracted = NOTHING): Group[] {
  const own = made
    .filter((c) => c.kind !== 'time')
    .filter((c) => c.field === undefined || findField(c.name) === undefined)
    .map((column) => listedColumn(column, true));
  const stored = [...new Set([...extractedOf(sample), ...extracted])].sort();
  const ruled = [...new Set(rules.flatMap((r) => r.fields))].filter((name) => !stored.includes(name)).sort();
  const text = (carried: boolean) => (name: string) => listedColumn({ name, kind: 'text', field: name }, carried);
  const present: Listed[] = [];
  const isShown = (f: Field) => !NOT_LISTED.has(f.name);
  const events = eventGroups(sample.filter(isEvent), isShown);
  const absent = kindsOf(sample).map(([title, fields]): Group => {
    const listed = fields.filter(isShown).map(listedField);
    const has = (f: Listed) => sample.some((record) => isThere(valueIn(record, f.column.field ?? f.name)));
    present.push(...listed.filter(has));
    return { title, fields: listed.filter((f) => !has(f)) };
  });
  const groups: Group[] = [
    { title: 'Made by the query', fields: own },
    ...events.present,
    { title: 'In these messages', fields: present },
    { title: 'Extracted', fields: [...stored.map(text(true)), ...ruled.map(text(false))] },
    ...absent,
    { title: 'Not in these events', fields: sample.some(isEvent) ? events.absent : [] },
  ];
  return groups.filter((g) => g.fields.length > 0);
}

/** Narrowed to what a typed text is part of. */
export function filtered(groups: readonly Group[], typed: string): Group[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return [...groups];
  return groups.map((g) => ({ ...g, fields: g.fields.filter((f) => f.found.includes(wanted)) })).filter((g) => g.fields.length > 0);
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function listedField(field: Field): Listed {
  const name = field.aws?.replaceAll('-', '_') ?? field.name;
  return {
    name,
    column: { name, kind: field.type, field: field.name },
    doc: field.doc,
    made: false,
    carried: true,
    found: namesOf(field).join('\n').toLowerCase(),
  };
}

function listedColumn(column: OutputColumn, carried: boolean): Listed {
  return { name: column.name, column, doc: '', made: column.field === undefined, carried, found: column.name.toLowerCase() };
}

/** Fields of records that the field table does not know: those of extraction rules. */
function extractedOf(sample: readonly Rec[]): string[] {
  const names = new Set(sample.flatMap((record) => Object.keys(record.fields)));
  return [...names].filter((name) => findField(name) === undefined && name !== EVENT_TIME);
}
