/**
 * The reference page of each format of flow logs: what it is, what its records and documents hold, and
 * samples, raw beside the document. Everything that can differ from the code is computed from its tables
 * and from the samples that the tests compare (src/formats/NAME/samples).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SERVICE } from '../src/formats/flow/ecs.ts';
import { PRESETS } from '../src/formats/flow/presets.ts';
import { RECORD_ERRORS, type RecordErrorCode } from '../src/model/batch.ts';
import { columnOf, type Field, findField, namesOf } from '../src/model/fields.ts';
import { FLOW_FORMATS, type FlowFormat, type LogFormat } from '../src/model/log-formats.ts';
import { block, code, ECS_TYPES, MADE, table } from './markdown.ts';

interface Page {
  /** What it is, and what a record says. */
  readonly about: string;
  readonly documented: readonly (readonly [title: string, address: string])[];
  /** Data source and what of it the format shows (as MITRE ATT&CK named data sources up to version 8). */
  readonly dataSources: readonly (readonly [name: string, shows: string])[];
  /** Samples that are shown, in this order. */
  readonly samples: Readonly<Record<string, string>>;
}

const PAGES: Readonly<Record<FlowFormat['name'], Page>> = {
  'vpc-flow': {
    about: `Who spoke with whom at a network interface of a VPC: addresses, ports, protocol, packets and bytes of a window of one to ten
minutes, and whether security groups and network ACLs let them pass. Contents of packets are not in it.`,
    documented: [
      ['VPC flow logs', 'https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html'],
      ['Fields of a record', 'https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html'],
    ],
    dataSources: [
      ['Netflow/Enclave netflow', 'Each record sums up the packets of one flow in its window.'],
      ['Host network interface', 'Each interface of a VPC is watched by itself: its own id is in the record.'],
      ['Network device logs', 'What security groups and network ACLs accepted and rejected.'],
      ['Network protocol analysis', 'Addresses, protocol, ports and TCP flags: layers 3 and 4, no contents.'],
    ],
    samples: {
      accept: 'A flow that was accepted, in AWS’s default format',
      reject: 'A flow that was rejected',
      nodata: 'A window without traffic (`NODATA`)',
      skipdata: 'A window of which AWS lost records (`SKIPDATA`)',
      ipv6: 'IPv6',
      'alphabetical-v5': 'Version 5 in the alphabetical order of the AWS console, without a header line',
      'repeated-header': 'Fields chosen by the operator, under header lines that change',
      'json-accept': 'JSON',
      forwarder: 'A line in the object of a forwarder',
      v3: 'Version 3: behind a gateway, the addresses of the packet differ from those of the interface',
      v4: 'Version 4: on an Outpost, and in a Wavelength zone',
      v7: 'Version 7: tasks of ECS',
      'v8-alphabetical': 'Version 8: why traffic was rejected (fields of version 5 and the reason, sorted by name, without a header line)',
      v9: 'Version 9: a regional NAT gateway, which has no interface of its own',
      v10: 'Version 10: encryption in transit; the last record cannot be read',
      v11: 'Version 11: tags and the next hop; the last record has a tag that is not percent-encoded',
    },
  },
  'tgw-flow': {
    about: `Who spoke with whom through a transit gateway: addresses, ports, protocol, packets and bytes of a window, the attachments, VPCs
and accounts at both ends, and packets that the gateway dropped, by reason. There is no action: a transit gateway has no
security groups. The same packets are seen by the flow logs of the VPCs at both ends, so these records are in datasets of their
own.`,
    documented: [['Transit gateway flow logs and fields of a record', 'https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html']],
    dataSources: [
      ['Netflow/Enclave netflow', 'Each record sums up the packets of one flow in its window.'],
      ['Network device logs', 'What the transit gateway passed on, and what it dropped: no route, blackhole, MTU, TTL.'],
      ['Network protocol analysis', 'Addresses, protocol, ports and TCP flags: layers 3 and 4, no contents.'],
    ],
    samples: {
      default: 'AWS’s default format, under its header line',
      headerless: 'The same without a header line; a window without traffic, and one of which AWS lost records',
      'any-order': 'Fields chosen by the operator',
      json: 'JSON, and a line in the object of a forwarder',
      'among-vpc': 'In one file with records of VPC flow logs',
    },
  },
};

/** What documents have that is no field of a query. */
const DOCUMENT_ONLY: Readonly<Record<string, string>> = {
  'event.category': 'Always `network`.',
  'event.type': '`allowed` where the flow was accepted, `denied` where it was rejected; missing otherwise.',
  'action.target': '`network-traffic` where the record has an action.',
  'action.type': 'Always `forward`.',
  'cloud.provider': 'Always `aws`.',
  'cloud.service.name': 'The service that wrote the flow log.',
  'related.ip': 'Both addresses, each once.',
};

export type Json = string | number | boolean | Json[] | { readonly [key: string]: Json };
type Shown = { readonly [key: string]: Json };

export interface Sample {
  readonly raw: string;
  readonly expected: Json;
  readonly documents: readonly Shown[];
  /** The documents with every other field of the record, of samples that are about those. */
  readonly full?: Json;
}

export function samplesOf(format: Pick<LogFormat, 'name'>): Map<string, Sample> {
  const folder = new URL(`../src/formats/${format.name}/samples/`, import.meta.url);
  const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.raw'))
    .map((name) => name.slice(0, -'.raw'.length))
    .sort();
  return new Map(
    names.map((name) => {
      const expected = JSON.parse(text(`${name}.json`)) as Json;
      const full = existsSync(new URL(`${name}.full.json`, folder)) ? { full: JSON.parse(text(`${name}.full.json`)) as Json } : {};
      return [name, { raw: text(`${name}.raw`), expected, documents: [expected].flat() as Shown[], ...full }];
    }),
  );
}

/** Values at each path of a document. */
export function leaves(value: Json, path = ''): [path: string, value: Json][] {
  if (typeof value !== 'object' || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
}

/** Values by path, of all documents of records of the format; samples may have those of other formats among them. */
function valuesOf(format: FlowFormat, samples: ReadonlyMap<string, Sample>): Map<string, Json[]> {
  const documents = [...samples.values()].flatMap((sample) => sample.documents).filter((document) => !('error' in document));
  const all = documents.map((document) => leaves(document));
  const values = new Map<string, Json[]>();
  for (const document of all) {
    if (!document.some(([path, value]) => path === 'cloud.service.name' && value === SERVICE[format.name])) continue;
    for (const [path, value] of document) values.set(path, [...(values.get(path) ?? []), value]);
  }
  return values;
}

const KINDS = ['event.kind', 'event.category', 'event.type', 'event.action', 'event.outcome'];

export function kinds(values: ReadonlyMap<string, readonly Json[]>): string {
  const distinct = (path: string): string => [...new Set((values.get(path) ?? []).flat().map(String))].sort().map(code).join(' ') || 'not set';
  return table(
    ['Name', 'Values'],
    KINDS.map((path) => [code(path), distinct(path)]),
  );
}

/** A layout by what it adds to one before it, or as another in another order; whole where neither is so. */
function layouts(format: FlowFormat): string {
  const named = [...PRESETS].filter(([, preset]) => preset.format === format);
  const rows = named.map(([name, { layout }], i) => {
    const before = named.slice(0, i).reverse();
    const same = before.find(([, other]) => other.layout.length === layout.length && [...other.layout].sort().join() === layout.join());
    const start = before.find(([, other]) => other.layout.every((field, place) => layout[place] === field));
    const text = same
      ? `the fields of ${code(same[0])}, sorted by name`
      : start
        ? `${code(start[0])}, then ${code(layout.slice(start[1].layout.length).join(' '))}`
        : code(layout.join(' '));
    return [code(name), String(layout.length), text];
  });
  return table(['Name', 'Values', 'Fields in their order'], rows);
}

function defaultPreset(format: FlowFormat): string {
  const found = [...PRESETS].find(([, preset]) => preset.format === format && preset.layout.join(' ') === format.defaultLayout);
  return code(found?.[0] ?? format.defaultLayout);
}

function recordFields(fields: readonly Field[]): string {
  const since = fields.some((field) => field.since !== fields[0]?.since);
  const rows = fields.map((field) => {
    const aws = field.aws as string;
    const others = namesOf(field).filter((name) => name !== field.name && name !== aws && name !== columnOf(aws));
    return [code(aws), code(field.name), others.map(code).join(' '), ...(since ? [String(field.since)] : []), ECS_TYPES[field.type], field.doc];
  });
  return table(['AWS', 'ECS', 'Also answers to', ...(since ? ['Since'] : []), 'Type', 'Description'], rows);
}

function documentFields(values: ReadonlyMap<string, readonly Json[]>): string {
  const rows = [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, found]) => [code(path), typeOf(path, found), meaning(path)]);
  return table(['Name', 'Type', 'Description'], rows);
}

/** As the documents have it: ECS holds the protocol’s number as a keyword. */
function typeOf(path: string, found: readonly Json[]): string {
  const type = findField(path)?.type;
  if (found.every((value) => typeof value === 'number')) return 'long';
  return path === 'related.ip' || type === 'address' ? 'ip' : type === 'time' ? 'date' : 'keyword';
}

/** Throws where a path has none: a page never shows a field without a word about it. */
function meaning(path: string): string {
  const text = DOCUMENT_ONLY[path] ?? findField(path)?.doc;
  if (text === undefined) throw new Error(`the documents have ${path}, which nothing describes`);
  return text;
}

function sampleSection(title: string, sample: Sample | undefined, name: string): string {
  if (!sample) throw new Error(`there is no sample ${name}`);
  return `### ${title}\n\n${block('text', sample.raw)}\n\n${block('json', JSON.stringify(sample.full ?? sample.expected, null, 2))}`;
}

/** Each reason once, with the first record among the samples that has it. */
function refused(samples: ReadonlyMap<string, Sample>): string {
  const rows = new Map<string, string[]>();
  for (const { documents } of samples.values()) {
    for (const { error, raw } of documents) {
      const { code: reason, message } = (error ?? {}) as { readonly code?: RecordErrorCode; readonly message?: string };
      // Events have the error of a call there.
      if (reason === undefined || message === undefined || rows.has(reason) || !Object.hasOwn(RECORD_ERRORS, reason)) continue;
      rows.set(reason, [code(reason), RECORD_ERRORS[reason], message, inline(String(raw))]);
    }
  }
  return table(['Reason', 'Meaning', 'What is said of this record', 'Record'], [...rows.values()]);
}

const MAX_INLINE = 120;

/** As code in a cell: control characters by their escapes, long text cut. */
function inline(text: string): string {
  const printable = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll('`', "'");
  return printable === '' ? 'empty' : code(printable.length > MAX_INLINE ? `${printable.slice(0, MAX_INLINE)}…` : printable);
}

/** How a format's page ends: the samples that are shown, by name and heading, and what of all of them is refused. */
export function samplesAndRefusals(shown: Readonly<Record<string, string>>, samples: ReadonlyMap<string, Sample>): string {
  const full = Object.keys(shown).some((name) => samples.get(name)?.full) ? ' Those of later versions are with every field.' : '';
  return `## Samples

The raw data, and below it what it becomes. Several documents are in a list.${full}

${Object.entries(shown)
  .map(([name, heading]) => sampleSection(heading, samples.get(name), name))
  .join('\n\n')}

## Records that cannot be read

They are kept in [quarantine](../quarantine.md), which lists all reasons. Some, with a record that has them:

${refused(samples)}`;
}

function page(format: FlowFormat): string {
  const { about, documented, dataSources, samples: shown } = PAGES[format.name];
  const samples = samplesOf(format);
  const values = valuesOf(format, samples);
  const title = format.title.charAt(0).toUpperCase() + format.title.slice(1);
  return `# ${title}

${MADE}

${about}

Format \`${format.name}\`; datasets \`_index=${format.flows}\` for flows and \`_index=${format.status}\` for windows without records of
traffic. How it is told from others: [formats](../formats.md). How it gets here: [AWS](../aws.md). AWS documents it here:

${documented.map(([name, address]) => `- [${name}](${address})`).join('\n')}

## Data sources

By the names that MITRE ATT&CK had for them up to its version 8; since version 9 they are parts of Network Traffic (DS0029).

${table(['Data source', 'What of it is seen'], dataSources)}

## Event kinds

What the documents of records have in the fields that classify events.

${kinds(values)}

## Layouts

A header line may name any fields in any order. Lines without one are read by these layouts where their number of values and
what the lines hold agree, or by inference. AWS’s default is ${defaultPreset(format)}.

${layouts(format)}

## Extracted fields: of a record

By the name that AWS writes, by ECS (our own name where ECS has none), and by what else a query may call it; underscores in
place of hyphens are always right. What is added to each record, and what is computed when it is read: [fields](../fields.md).

${recordFields(format.fields)}

## Extracted fields: of a document

What \`bartizan normalize\` writes, and each document begins with. The records page and its exports add every other field above
that the record has, and places, autonomous systems and services, under their ECS names.

${documentFields(values)}

${samplesAndRefusals(shown, samples)}
`;
}

/** Page name → writer. */
export const FORMAT_PAGES: Readonly<Record<string, () => string>> = Object.fromEntries(
  FLOW_FORMATS.map((format) => [`formats/${format.name}.md`, () => page(format)]),
);
