/**
 * The real engine in this process with a table for each dataset made from the field table, and lines of flow logs put into them by a decoder so plain that it can be trusted.
 */
import { createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { columnOf } from '../../src/model/fields.ts';
import { DATASETS, type FlowFormat, TGW_FLOW, VPC_FLOW } from '../../src/model/log-formats.ts';
import { type Catalog, type CompileOptions, EMPTY_CATALOG, type Relations } from '../../src/query/index.ts';
import type { Cell } from '../../src/query/shape.ts';
import type { Statement } from '../../src/query/sql.ts';
import { createInterfaces, createRegistries, createTable, DATABASE, tableName } from '../../src/store/ddl.ts';
import { createIndicators } from '../../src/store/indicator-ddl.ts';
import { registryInserts, withIds } from '../registries.ts';

type Client = ReturnType<typeof createClient>;
type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/** Start of the window of every spec: 2026-03-10T12:00:00Z, epoch seconds. */
export const T0 = Date.UTC(2026, 2, 10, 12) / 1000;

/** A line and what enrichment and collection put beside it. `$60` in the line is T0 + 60. */
export interface Line {
  readonly line: string;
  readonly layout?: string;
  /** Stored columns, as `direction` or `src_place`. */
  readonly columns?: Readonly<Record<string, string | number | readonly string[]>>;
}

const V2 = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';

/** Times are seconds after T0. */
export interface TestIndicator {
  readonly feed: string;
  readonly type: string;
  readonly value: string;
  readonly valid_from?: number | undefined;
  readonly valid_until?: number | undefined;
  readonly removed?: number | undefined;
}

export interface Engine {
  readonly relations: Relations;
  /** With what is known of the indicators that are loaded. */
  readonly catalog: Catalog;
  /** Puts indicators in the place of those before; to be called before the lines that name them. */
  loadIndicators(indicators: readonly TestIndicator[], allowed?: Readonly<Record<string, readonly string[]>>): Promise<void>;
  load(lines: readonly Line[]): Promise<void>;
  clear(): Promise<void>;
  /** Of a statement for a stream: what it makes first is made, and dropped. */
  rows(statement: Statement): Promise<Cell[][]>;
  command(text: string): Promise<void>;
  close(): Promise<void>;
}

export async function openEngine(): Promise<Engine> {
  const connection = createChdbConnection({ path: ':memory:' });
  // The two packages carry their own copies of one interface; they differ under exactOptionalPropertyTypes only.
  const client: Client = createClient({ connection: connection as unknown as Connection });
  const command = async (query: string): Promise<void> => void (await client.command({ query }));
  await command(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
  for (const text of [...createRegistries(), ...createInterfaces(), ...createIndicators()]) await command(text);
  for (const table of DATASETS) {
    await command(`DROP TABLE IF EXISTS ${DATABASE}.${table}`);
    await command(createTable(table));
  }
  let mask = 0n;
  let catalog = EMPTY_CATALOG;
  /** Numbers by `feed/value`. */
  let numbers = new Map<string, string>();
  const select = async (query: string): Promise<string[][]> =>
    ((await (await client.query({ query, format: 'JSONCompact' })).json()) as unknown as { data: string[][] }).data;
  return {
    get catalog() {
      return catalog;
    },
    async loadIndicators(indicators, allowed = {}) {
      await command(`TRUNCATE TABLE ${DATABASE}.indicator`);
      const at = (time: number | undefined): number => (time === undefined ? 0 : T0 + time);
      const values = indicators.map((i) => ({
        ...i,
        imported: T0 - 86_400,
        valid_from: at(i.valid_from),
        valid_until: at(i.valid_until),
        removed: at(i.removed),
      }));
      if (values.length) await client.insert({ table: `${DATABASE}.indicator`, values, format: 'JSONEachRow' });
      await command(`SYSTEM RELOAD DICTIONARY ${DATABASE}.indicator_by_number`);
      numbers = new Map(
        (await select(`SELECT concat(feed, '/', value), toString(number) FROM ${DATABASE}.indicator`)).map(([name, number]) => [
          name as string,
          number as string,
        ]),
      );
      const prefixes = await select(`SELECT DISTINCT toString(prefix) FROM ${DATABASE}.indicator WHERE type = 'address'`);
      catalog = values.length ? { ...EMPTY_CATALOG, threats: { allowed, prefixes: prefixes.map(Number) } } : EMPTY_CATALOG;
    },
    relations: {
      table: tableName,
      get absentMask() {
        return mask;
      },
    },
    command,
    async load(lines) {
      for (const [dataset, of] of Map.groupBy(lines, datasetOf)) {
        const values = of.map((line) => withIds(toRow(line, numbers)));
        if (dataset === 'vpc_flow') for (const row of values) mask |= BigInt(row.absent as string);
        await client.insert({ table: `${DATABASE}.${dataset}`, values, format: 'JSONEachRow' });
      }
      for (const { table, rows, reload } of registryInserts()) {
        if (rows.length === 0) continue;
        await client.insert({ table, values: rows, format: 'JSONEachRow' });
        await command(reload);
      }
    },
    async clear() {
      mask = 0n;
      for (const table of DATASETS) await command(`TRUNCATE TABLE ${DATABASE}.${table}`);
    },
    async rows({ text, params: query_params, first = [] }) {
      const clickhouse_settings = { output_format_json_quote_64bit_integers: 0, session_timezone: 'UTC' } as const;
      for (const { name, text } of first) await client.command({ query: `CREATE TEMPORARY TABLE ${name} AS ${text}`, query_params, clickhouse_settings });
      const set = await client.query({ query: text, query_params, format: 'JSONCompact', clickhouse_settings });
      for (const { name } of first) await command(`DROP TEMPORARY TABLE ${name}`);
      return ((await set.json()) as unknown as { data: Cell[][] }).data;
    },
    close: () => client.close(),
  };
}

function formatOfLine({ layout = V2 }: Line): FlowFormat {
  return layout.includes('tgw-id') ? TGW_FLOW : VPC_FLOW;
}

function datasetOf(line: Line): (typeof DATASETS)[number] {
  const { flows, status } = formatOfLine(line);
  return /\b(NODATA|SKIPDATA)\b/.test(line.line) ? status : flows;
}

function toRow({ line, layout = V2, columns = {} }: Line, numbers: ReadonlyMap<string, string>): Record<string, string | number | readonly string[]> {
  const values = line.replace(/\$(-?\d+)/g, (_, offset: string) => String(T0 + Number(offset))).split(' ');
  const names = layout.split(' ');
  const row: Record<string, string | number | readonly string[]> = { layout, ...columns };
  const { fields, bits } = formatOfLine({ line, layout });
  let absent = (1n << BigInt(fields.length)) - 1n;
  for (const [i, name] of names.entries()) {
    const value = values[i] as string;
    const field = fields.find((f) => f.aws === name);
    if (value === '-' || !field) continue;
    absent &= ~(1n << BigInt(bits.get(name) as number));
    if (name === 'end') row.duration = Number(value) - Number(values[names.indexOf('start')]);
    else row[columnOf(name)] = field.type === 'address' && !value.includes(':') ? `::ffff:${value}` : field.percentEncoded ? decodeURIComponent(value) : value;
  }
  for (const end of ['src_indicator', 'dst_indicator']) {
    const name = row[end];
    if (name === undefined) continue;
    const number = numbers.get(String(name));
    if (number === undefined) throw new Error(`there is no indicator ${String(name)}`);
    row[end] = number;
  }
  return { ...row, absent: String(absent) };
}

/** Window of one hour from T0, in UTC. */
export function options(engine: Engine, more: Partial<CompileOptions> = {}): CompileOptions {
  return { from: T0, to: T0 + 3600, now: T0 + 3600, timeZone: 'UTC', relations: engine.relations, catalog: engine.catalog, maxRows: 1000, ...more };
}
