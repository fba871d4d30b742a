/**
 * CSV with a header line and a mapping from parts of an indicator to columns, by name or by number from 1. Without a
 * mapping, columns with the usual names are taken. Lists in a cell are separated by commas, semicolons or bars.
 */
import { MAPPED_PARTS, type MappedPart } from '../../model/feed.ts';
import { INDICATOR_TYPES, type IndicatorType, SEVERITIES, type Severity } from '../../model/indicator.ts';
import { delimiterOf, type Row, rowBatches } from './csv-rows.ts';
import { type Entry, type IndicatorReader, indicators, type Place, problem } from './entry.ts';
import { textPieces } from './text.ts';
import { guessedValues, refang, valuesOf, withoutPort } from './value.ts';

/** Names that files give their columns, in lower case without signs. */
const USUAL: Readonly<Record<MappedPart, readonly string[]>> = {
  value: ['value', 'indicator', 'ioc', 'iocvalue', 'ip', 'ipaddress', 'address', 'dstip', 'srcip', 'cidr', 'network', 'domain', 'url', 'hash', 'observable'],
  type: ['type', 'indicatortype', 'ioctype'],
  id: ['id', 'uuid', 'indicatorid'],
  confidence: ['confidence', 'score', 'confidencelevel', 'confidencescore', 'abuseconfidencescore'],
  severity: ['severity', 'threatlevel'],
  threatType: ['threattype', 'threat', 'category', 'classification'],
  actors: ['actors', 'actor', 'threatactor', 'adversary'],
  malware: ['malware', 'malwarefamily', 'malwarefamilies', 'family'],
  killChain: ['killchain', 'killchainphase', 'phase'],
  labels: ['labels', 'label', 'tags', 'tag'],
  firstSeen: ['firstseen', 'created', 'dateadded', 'firstseenutc'],
  updated: ['updated', 'modified', 'lastseen', 'lastupdated', 'lastseenutc'],
  validFrom: ['validfrom'],
  validUntil: ['validuntil', 'expires', 'expiration', 'expiry'],
};

/** Words for types in files, in lower case without signs. */
const TYPES: Readonly<Record<string, IndicatorType>> = {
  ip: 'address',
  ipv4: 'address',
  ipv6: 'address',
  ipaddress: 'address',
  ipv4addr: 'address',
  ipv6addr: 'address',
  ipdst: 'address',
  ipsrc: 'address',
  ipport: 'address',
  cidr: 'address',
  network: 'address',
  address: 'address',
  domain: 'domain',
  domainname: 'domain',
  hostname: 'domain',
  fqdn: 'domain',
  url: 'url',
  uri: 'url',
  file: 'file',
  hash: 'file',
  md5: 'file',
  sha1: 'file',
  sha256: 'file',
  useragent: 'user-agent',
};

const BANDS: Readonly<Record<string, number>> = { high: 90, medium: 65, low: 30, unverified: 0, unknown: 0, none: 0 };

export const csv: IndicatorReader = {
  format: 'csv',
  title: 'CSV with a header line',
  recognizes: (start) => {
    const header = start.split(/\r?\n/).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
    const cells = header.split(delimiterOf(header)).map(plain);
    return cells.length > 1 && cells.some((cell) => USUAL.value.includes(cell));
  },
  async *read(document, { limits, mapping }) {
    const delimiter = delimiterOf(await headerOf(document));
    let places: ReadonlyMap<MappedPart, number> | undefined;
    const isComment = (line: string) => line.startsWith('#');
    for await (const rows of rowBatches(document, { delimiter, maxChars: limits.entryChars, isComment })) {
      const entries: Entry[] = [];
      for (const row of rows) {
        if (!row.cells) entries.push(problem({ line: row.line }, row.reason, row.text));
        else if (!places) {
          const found = placesOf(row.cells, mapping);
          if (typeof found === 'string') {
            yield [...entries, { broken: found }];
            return;
          }
          places = found;
          // Columns that are all given by number need no header.
          if (onlyNumbers(mapping) && typeof readValues(row.cells, places) !== 'string') entries.push(...readRow(row, row.cells, places));
        } else entries.push(...readRow(row, row.cells, places));
      }
      yield entries;
    }
  },
};

async function headerOf(document: Parameters<IndicatorReader['read']>[0]): Promise<string> {
  let start = '';
  for await (const piece of textPieces(document)) {
    start += piece;
    const line = start
      .slice(0, 100_000)
      .split('\n')
      .slice(0, -1)
      .find((text) => text.trim() !== '' && !text.startsWith('#'));
    if (line !== undefined) return line;
    if (start.length > 100_000) break;
  }
  return (
    start
      .slice(0, 100_000)
      .split('\n')
      .findLast((text) => !text.startsWith('#')) ?? ''
  );
}

function onlyNumbers(mapping: Readonly<Record<string, string | undefined>> | undefined): boolean {
  return mapping !== undefined && Object.values(mapping).every((column) => column === undefined || /^\d+$/.test(column));
}

/** Where each part is; a reason where the mapping does not fit the header. */
function placesOf(header: readonly string[], mapping: Readonly<Record<string, string | undefined>> | undefined): Map<MappedPart, number> | string {
  const names = header.map((name) => plain(name));
  const places = new Map<MappedPart, number>();
  if (mapping === undefined) {
    for (const part of MAPPED_PARTS) {
      const name = USUAL[part].find((usual) => names.includes(usual));
      if (name !== undefined) places.set(part, names.indexOf(name));
    }
    if (!places.has('value'))
      return `No column of the file is known to hold the indicator (${header.slice(0, 20).join(', ').slice(0, 200)}): say which, with a mapping.`;
    return places;
  }
  for (const part of MAPPED_PARTS) {
    const column = mapping[part];
    if (column === undefined) continue;
    const exact = header.indexOf(column);
    const place = /^\d+$/.test(column) ? Number(column) - 1 : exact >= 0 ? exact : plain(column) === '' ? -1 : names.indexOf(plain(column));
    if (place < 0 || place >= header.length) return `The file has no column “${column}” for ${part}: it has ${header.slice(0, 20).join(', ').slice(0, 200)}.`;
    places.set(part, place);
  }
  return places.has('value') ? places : 'The mapping does not say which column holds the value.';
}

function plain(name: string): string {
  return name
    .replace(/^\uFEFF/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}

function readValues(cells: readonly string[], places: ReadonlyMap<MappedPart, number>): ReturnType<typeof valuesOf> {
  const value = refang(cells[places.get('value') as number] ?? '');
  const written = cells[places.get('type') ?? -1] ?? '';
  if (written === '') return guessedValues(value);
  const named = plain(written);
  const type = (Object.hasOwn(TYPES, named) ? TYPES[named] : undefined) ?? INDICATOR_TYPES.find((known) => plain(known) === named);
  if (!type) return `the type “${written.slice(0, 50)}” is none of ${INDICATOR_TYPES.join(', ')}`;
  return valuesOf(type, type === 'address' ? withoutPort(value) : value);
}

function readRow({ line, text }: Row, cells: readonly string[], places: ReadonlyMap<MappedPart, number>): Entry[] {
  const place: Place = { line };
  const cell = (part: MappedPart): string => cells[places.get(part) ?? -1] ?? '';
  const confidence = confidenceOf(cell('confidence'));
  if (confidence === undefined) return [problem(place, 'the confidence is neither 0 to 100 nor high, medium, low', text)];
  const severity = severityOf(cell('severity'));
  return indicators(
    readValues(cells, places),
    {
      id: cell('id'),
      confidence,
      severity,
      threatType: cell('threatType'),
      actors: split(cell('actors')),
      malware: split(cell('malware')),
      killChain: split(cell('killChain')),
      labels: split(cell('labels')),
      firstSeen: cell('firstSeen'),
      updated: cell('updated'),
      validFrom: cell('validFrom'),
      validUntil: cell('validUntil'),
    },
    place,
    text,
  );
}

function confidenceOf(text: string): number | undefined {
  if (text === '') return 0;
  const word = text.toLowerCase();
  if (Object.hasOwn(BANDS, word)) return BANDS[word];
  const number = Number(text.replace(/%$/, ''));
  return number >= 0 && number <= 100 ? number : undefined;
}

function severityOf(text: string): Severity {
  const word = text.toLowerCase();
  return SEVERITIES.find((severity) => severity === word) ?? '';
}

function split(text: string): string[] {
  return text.split(/[,;|]/);
}
