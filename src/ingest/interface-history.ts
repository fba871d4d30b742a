/**
 * Versions of network interfaces in the store. The table is the truth; what is open is held in memory from the first
 * snapshot on, so that nothing is read, and nothing loaded, where no lookup is set up.
 */
import { type Changes, compareSnapshot, type InterfaceHistory, type Snapshot } from '../collect/ec2/history.ts';
import { INTERFACE_COLUMNS, INTERFACE_LISTS, type InterfaceFacts, type InterfaceVersion, OPEN } from '../model/network-interface.ts';
import { ident, join, num, param, type Sql, sql, statement } from '../query/sql.ts';
import type { Metadata } from '../store/metadata.ts';
import type { Store, Value } from '../store/store.ts';

type Open = Map<string, Map<string, InterfaceVersion>>;

/** Versions of one insert. */
const CHUNK = 500;
const LANE = { lane: 'ingest' } as const;
const FACTS = Object.keys(INTERFACE_COLUMNS) as (keyof InterfaceFacts)[];
const COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ...FACTS.map((fact) => [INTERFACE_COLUMNS[fact], INTERFACE_LISTS.has(fact) ? 'Array(String)' : 'String'] as const),
  ['scope', 'String'],
  ['valid_from', 'UInt32'],
  ['valid_to', 'UInt32'],
];
const STRUCTURE = `Tuple(${COLUMNS.map(([name, type]) => `${name} ${type}`).join(', ')})`;

/** Reads nothing yet: what is in force is read with the first use. */
export function openInterfaceHistory(store: Store, metadata: Pick<Metadata, 'setting' | 'saveSetting'>): InterfaceHistory {
  /** Open versions by region and interface; undefined while they are to be read anew. */
  let open: Open | undefined;
  let revision = 0;
  /** The dictionary lacks what the table has. */
  let stale = false;
  let turn: Promise<unknown> = Promise.resolve();

  const read = async (): Promise<Open> => {
    const names = [...FACTS.map((fact) => ident(INTERFACE_COLUMNS[fact])), sql`scope`, sql`toUnixTimestamp(valid_from)`];
    const found = await store.rows(
      statement(sql`SELECT ${join(names, ', ')} FROM bartizan.network_interface FINAL WHERE valid_to = toDateTime(${num(OPEN)}, 'UTC')`),
      LANE,
    );
    const last = await store.rows(statement(sql`SELECT max(revision) FROM bartizan.network_interface`), LANE);
    revision = Number(last.rows[0]?.[0] ?? 0);
    const versions: Open = new Map();
    for (const row of found.rows) keep(versions, toVersion(row));
    return versions;
  };

  const write = async (versions: readonly InterfaceVersion[]): Promise<void> => {
    revision += 1;
    for (let at = 0; at < versions.length; ) {
      let to = Math.min(versions.length, at + CHUNK);
      // The end of a version and the one that follows it are stored together or not at all.
      if (to < versions.length && versions[to]?.facts.interfaceId === versions[to - 1]?.facts.interfaceId) to += 1;
      const rows = versions.slice(at, to).map((version) => JSON.stringify(toRow(version)));
      const made = sql`SELECT arrayJoin(arrayMap(row -> JSONExtract(row, ${param('String', STRUCTURE)}), ${param('Array(String)', rows)})) AS t`;
      const names = [...COLUMNS.map(([name]) => ident(name)), sql`revision`];
      const values: Sql[] = [...COLUMNS.map(([name]) => sql`tupleElement(t, ${param('String', name)})`), num(revision)];
      await store.command(statement(sql`INSERT INTO bartizan.network_interface (${join(names, ', ')}) SELECT ${join(values, ', ')} FROM (${made})`), LANE);
      at = to;
    }
  };

  const take = async (snapshot: Snapshot): Promise<Changes> => {
    open ??= await read();
    const { scope, region } = snapshot;
    const taken = `interfaces-taken ${scope} ${region}`;
    const before = await metadata.setting(taken);
    const known = open.get(region) ?? new Map<string, InterfaceVersion>();
    const previous = before === undefined ? undefined : Number(before);
    const { versions, changes, at } = compareSnapshot(snapshot, { open: known, previous });
    if (versions.length > 0) {
      try {
        await write(versions);
      } catch (error) {
        // Some of it may be stored.
        open = undefined;
        stale = true;
        throw error;
      }
      for (const version of versions) keep(open, version);
      stale = true;
    }
    if (stale) await store.command(statement(sql`SYSTEM RELOAD DICTIONARY bartizan.network_interface_at`), LANE);
    stale = false;
    await metadata.saveSetting(taken, String(at));
    return changes;
  };

  return {
    take(snapshot) {
      const taken = turn.then(() => take(snapshot));
      turn = taken.catch(() => undefined);
      return taken;
    },
  };
}

/** Puts an open version in its place, and takes out one that has ended. */
function keep(open: Open, version: InterfaceVersion): void {
  const { region, interfaceId } = version.facts;
  let versions = open.get(region);
  if (!versions) {
    versions = new Map();
    open.set(region, versions);
  }
  if (version.to === OPEN) versions.set(interfaceId, version);
  else versions.delete(interfaceId);
}

function toRow({ facts, scope, from, to }: InterfaceVersion): Record<string, string | number | readonly string[]> {
  return { ...Object.fromEntries(FACTS.map((fact) => [INTERFACE_COLUMNS[fact], facts[fact]])), scope, valid_from: from, valid_to: to };
}

function toVersion(row: readonly Value[]): InterfaceVersion {
  const facts = Object.fromEntries(
    FACTS.map((fact, i) => {
      const value = row[i];
      return [fact, Array.isArray(value) ? value.map(String) : String(value ?? '')];
    }),
  ) as unknown as InterfaceFacts;
  return { facts, scope: String(row[FACTS.length] ?? ''), from: Number(row[FACTS.length + 1] ?? 0), to: OPEN };
}
