/**
 * Stored fields as values: how each column of the field table is read, and how each derived field is
 * computed. A new derivation does not compile until it has its entry here.
 */
import { type Derivation, EXTRACTED, type Field, findField } from '../model/fields.ts';
import { REFUSED_ADMINISTRATION } from '../model/mitre.ts';
import { REGISTRIES, REGISTRY_OF, type Registry } from '../model/registries.ts';
import { ADMIN_PORTS, PROTOCOL_NAMES, PROTOCOL_NUMBERS, SERVICE_NAMES, TCP_FLAGS, TRAFFIC_PATHS } from '../model/services.ts';
import { isAdministrator } from './administrators.ts';
import type { Context } from './context.ts';
import { interfaceValue } from './interfaces.ts';
import { rawText } from './raw.ts';
import { join, num, param, type Sql, sql } from './sql.ts';
import { decidedBy, listed, number, type Typed, text } from './typed.ts';

/** Addresses whose place, autonomous system and threat indicator are stored beside them. */
const BESIDE: Readonly<Record<string, { place: string; as: string; indicator: string }>> = {
  srcaddr: { place: 'src_place', as: 'src_as', indicator: 'src_indicator' },
  dstaddr: { place: 'dst_place', as: 'dst_as', indicator: 'dst_indicator' },
};

/** The value of a stored or derived field in a record. */
export function storedField(ctx: Context, field: Field): Typed {
  if (field.derived) return { ...DERIVED[field.derived](ctx, field), field };
  const column = ctx.column(field.column);
  const absent = ctx.maybeAbsent(field);
  switch (field.type) {
    case 'text':
      if (field.columnType === 'Array(String)') return { ...listed(column), field };
      return { sql: column, kind: 'text', field, ...(absent ? { emptyIsNull: true } : {}) };
    case 'address': {
      const beside = BESIDE[field.column];
      return {
        sql: column,
        kind: 'address',
        field,
        ...(absent ? { emptyIsNull: true } : {}),
        ...(beside
          ? { place: () => ctx.column(beside.place), as: () => ctx.column(beside.as), indicator: () => indicatorOf(ctx, column, beside.indicator) }
          : {}),
      };
    }
    case 'number':
      return { sql: absent && field.aws ? sql`if(${ctx.absent(field)}, NULL, ${column})` : column, bare: column, kind: 'number', field };
    case 'time':
      if (field.name === '_receiptTime') return { sql: sql`toUnixTimestamp(${column}) * 1000`, kind: 'time', field };
      return { sql: column, kind: 'time', datetime: true, field };
  }
}

/** The number of the indicator that was matched as the record was stored, or that was found for it later; 0 for none. `address`: the end’s. */
export function indicatorOf(ctx: Context, address: Sql, stored: string): Sql {
  const retro = ctx.options.catalog?.threats?.retro;
  const number = ctx.column(stored);
  return retro ? sql`if(${number} != 0, ${number}, ${retro(address, ctx.column('start'))})` : number;
}

/** A field that a rule stored with records, by its name in any letter case; undefined when none ever did. Empty text is no value. */
export function extractedField(ctx: Context, name: string): Typed | undefined {
  const known = ctx.options.catalog?.extracted(name);
  if (known === undefined) return undefined;
  const doc = 'Extracted by a rule when its records were stored.';
  const field: Field = { name: known, column: EXTRACTED, aliases: [], type: 'text', columnType: 'String', doc };
  return { sql: sql`${ctx.column(EXTRACTED)}[${param('String', known)}]`, kind: 'text', field, emptyIsNull: true };
}

const PLACE = sql`'bartizan.place_by_id'`;
const SYSTEM = sql`'bartizan.autonomous_system_by_id'`;
const AWS = sql`'bartizan.aws_range_by_id'`;
const DICTIONARIES: Readonly<Record<Registry['name'], Sql>> = { place: PLACE, autonomous_system: SYSTEM, aws_range: AWS };

/** Columns that `geoip` and `lookup … from geo://location` add, from the id of a stored place. */
export const PLACE_COLUMNS: Readonly<Record<string, (place: Sql) => Typed>> = {
  latitude: (place) => number(sql`dictGet(${PLACE}, 'latitude', ${place})`),
  longitude: (place) => number(sql`dictGet(${PLACE}, 'longitude', ${place})`),
  country_code: (place) => ({ ...text(sql`dictGet(${PLACE}, 'country_code', ${place})`), emptyIsNull: true }),
  country_name: (place) => ({ ...text(countryName(sql`dictGet(${PLACE}, 'country_code', ${place})`)), emptyIsNull: true }),
  city: (place) => ({ ...text(sql`dictGet(${PLACE}, 'city', ${place})`), emptyIsNull: true }),
  state: (place) => ({ ...text(sql`dictGet(${PLACE}, 'state', ${place})`), emptyIsNull: true }),
};

/** Columns of `lookup … from asn://default`, from the id of a stored autonomous system. */
export const AS_COLUMNS: Readonly<Record<string, (as: Sql) => Typed>> = {
  asn: (as) => number(sql`nullIf(dictGet(${SYSTEM}, 'asn', ${as}), 0)`),
  organization: (as) => ({ ...text(sql`dictGet(${SYSTEM}, 'organization', ${as})`), emptyIsNull: true }),
};

/** What `make` gives of a stored id: the part `name` of its text, or computed from it. */
export function partOf(id: Sql, name: Registry['name'], part: string, make: (id: Sql) => Typed): Typed {
  const registry = REGISTRIES.find((r) => r.name === name) as Registry;
  return decidedBy(id, make, { registry, name: part });
}

/** The text of a registry's id (model/registries.ts). */
export function registryText(column: string, id: Sql): Sql | undefined {
  const registry = REGISTRY_OF.get(column);
  if (!registry) return undefined;
  const dictionary = DICTIONARIES[registry.name];
  const parts = registry.parts.map((p) => sql`ifNull(toString(dictGet(${dictionary}, ${param('String', p.name)}, ${id})), '')`);
  return sql`if(${id} = 0, '', arrayStringConcat([${join(parts, ', ')}], ${param('String', registry.separator)}))`;
}

let countries: { codes: string[]; names: string[] } | undefined;

function countryName(code: Sql): Sql {
  countries ??= listCountries();
  return sql`transform(toString(${code}), ${param('Array(String)', countries.codes)}, ${param('Array(String)', countries.names)}, '')`;
}

/** English names of all ISO 3166 codes that the runtime knows (CLDR). */
function listCountries(): { codes: string[]; names: string[] } {
  const display = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const pairs = letters.flatMap((a) => letters.map((b) => a + b)).flatMap((code) => (display.of(code) ? [[code, display.of(code) as string] as const] : []));
  return { codes: pairs.map(([code]) => code), names: pairs.map(([, name]) => name) };
}

/** `transform(column, keys, names, '')` of a numbered list. */
function named(column: Sql, names: ReadonlyMap<number, string>): Sql {
  return sql`transform(${column}, ${param('Array(UInt16)', [...names.keys()])}, ${param('Array(String)', [...names.values()])}, '')`;
}

/** The numbers that have a name. */
function numbersNamed(names: ReadonlyMap<number, string>, name: string): number[] {
  return [...names].filter(([, n]) => n === name).map(([n]) => n);
}

const PROTOCOLS: ReadonlyMap<number, string> = new Map(PROTOCOL_NAMES.flatMap((name, i) => (name ? [[i, name] as const] : [])));

function oneOf(column: Sql, values: readonly number[]): Sql {
  return values.length ? sql`${column} IN (${join(values.map(num), ', ')})` : sql`false`;
}

function refusedAdmin(ctx: Context): Sql {
  return sql`(${ctx.column('action')} = 'REJECT' AND ${oneOf(ctx.column('dstport'), ADMIN_PORTS)})`;
}

const empty = (fragment: Sql): Typed => ({ ...text(fragment), emptyIsNull: true });
const place =
  (name: string) =>
  (ctx: Context, field: Field): Typed =>
    partOf(ctx.column(field.column), 'place', name, PLACE_COLUMNS[name] as (place: Sql) => Typed);

const aws =
  (name: 'service' | 'region') =>
  (ctx: Context, field: Field): Typed =>
    partOf(ctx.column(field.column), 'aws_range', name, (id) => empty(sql`dictGet(${AWS}, ${param('String', name)}, ${id})`));

const DERIVED: Readonly<Record<Derivation, (ctx: Context, field: Field) => Typed>> = {
  end: (ctx) => ({ sql: sql`(${ctx.column('start')} + ${ctx.column('duration')})`, kind: 'time', datetime: true }),
  transport: (ctx) => {
    const protocol = storedField(ctx, findField('protocol') as Field);
    // 0 is a protocol, and what a column holds that has none.
    const column = (numbers: readonly number[]): Sql => (numbers.includes(0) ? sql`ifNull(${protocol.sql}, 255)` : (protocol.bare as Sql));
    return {
      ...decidedBy(protocol.sql, (number) => empty(named(number, PROTOCOLS))),
      equals: (name) => {
        const numbers = [PROTOCOL_NUMBERS.get(name.toLowerCase())].filter((n) => n !== undefined);
        return oneOf(column(numbers), numbers);
      },
    };
  },
  service: (ctx) => {
    const port = storedField(ctx, findField('dstport') as Field);
    return {
      ...decidedBy(port.sql, (number) => empty(named(number, SERVICE_NAMES))),
      equals: (name) => oneOf(port.bare as Sql, numbersNamed(SERVICE_NAMES, name)),
    };
  },
  'event-class': (ctx) => empty(sql`transform(toString(${ctx.column('action')}), ['ACCEPT', 'REJECT'], ['network', 'security'], '')`),
  'mitre-id': (ctx) => empty(sql`if(${refusedAdmin(ctx)}, ${param('String', REFUSED_ADMINISTRATION.technique)}, '')`),
  'mitre-tactic': (ctx) => empty(sql`if(${refusedAdmin(ctx)}, ${param('String', REFUSED_ADMINISTRATION.tactic)}, '')`),
  size: (ctx) => number(sql`length(${rawText(ctx)})`),
  raw: (ctx) => text(rawText(ctx)),
  'message-time': (ctx) => {
    const found = ctx.column('message_time');
    return { sql: sql`if(${found} = 0, toUnixTimestamp(${ctx.column('start')}) * 1000, ${found})`, kind: 'time' };
  },
  'tcp-flag-names': (ctx) => {
    const flags = ctx.column('tcp_flags');
    const names = TCP_FLAGS.map(([mask, name]) => sql`if(bitAnd(${flags}, ${num(mask)}) != 0, ${param('String', name)}, '')`);
    return empty(sql`arrayStringConcat(arrayFilter(x -> x != '', [${join(names, ', ')}]), '|')`);
  },
  'traffic-path-name': (ctx) => empty(named(ctx.column('traffic_path'), TRAFFIC_PATHS)),
  'place-country': place('country_code'),
  'place-state': place('state'),
  'place-city': place('city'),
  'place-latitude': place('latitude'),
  'place-longitude': place('longitude'),
  'as-number': (ctx, field) => partOf(ctx.column(field.column), 'autonomous_system', 'asn', AS_COLUMNS.asn as (as: Sql) => Typed),
  'aws-service': aws('service'),
  'aws-region': aws('region'),
  interface: interfaceValue,
  'is-administrator': isAdministrator,
  'as-organization': (ctx, field) => partOf(ctx.column(field.column), 'autonomous_system', 'organization', AS_COLUMNS.organization as (as: Sql) => Typed),
};
