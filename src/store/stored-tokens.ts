/**
 * Which inserts the engine has stored, by the tokens that they were given. Its logs know a token by a hash that is the engine's
 * own affair: so a table that is made for the question is given the same tokens, and its log tells the hashes.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { param, sql, statement } from '../query/sql.ts';
import { DATABASE } from './ddl.ts';
import { LOGS, tokensOf } from './deduplication-log.ts';
import type { NativeInsert, Store } from './store.ts';

const CONTROL = { lane: 'control' } as const;

/** Tokens of the inserts of which rows are stored; undefined where that cannot be told. Throws StoreError. */
export async function storedTokens(store: Store, inserts: readonly Pick<NativeInsert, 'table' | 'token'>[]): Promise<ReadonlySet<string> | undefined> {
  const hashes = await hashesOf(
    store,
    inserts.map(({ token }) => token),
  );
  const found = new Set<string>();
  for (const table of new Set(inserts.map((insert) => insert.table))) {
    const known = await logOf(store, table);
    if (!known || !hashes) return undefined;
    const stored = new Set([...known].map(hashIn));
    inserts.forEach((insert, i) => {
      if (insert.table === table && stored.has(hashes[i] as string)) found.add(insert.token);
    });
  }
  return found;
}

/** What the engine makes of tokens, in their order. */
async function hashesOf(store: Store, tokens: readonly string[]): Promise<readonly string[] | undefined> {
  const table = `token_probe_${randomUUID().replaceAll('-', '')}`;
  const text = `CREATE TABLE ${DATABASE}.${table} (x UInt32) ENGINE = MergeTree ORDER BY x PARTITION BY x SETTINGS non_replicated_deduplication_window = 10000`;
  await store.command({ text, params: {} }, CONTROL);
  try {
    for (const [i, token] of tokens.entries()) {
      const settings = `SETTINGS async_insert = 0, deduplicate_insert_select = 'force_enable', max_insert_threads = 1, insert_deduplication_token = '${checked(token)}'`;
      await store.command({ text: `INSERT INTO ${DATABASE}.${table} SELECT ${i} ${settings}`, params: {} }, CONTROL);
    }
    const log = [...((await logOf(store, table)) ?? [])];
    const hashes = tokens.map((_, i) => log.find((block) => block.startsWith(`${i}_`)));
    return hashes.every((block) => block !== undefined) ? hashes.map(hashIn) : undefined;
  } finally {
    await store.command({ text: `DROP TABLE ${DATABASE}.${table} SYNC`, params: {} }, CONTROL);
  }
}

/** A manifest comes from a file: of its tokens only their own characters become a part of a statement. */
function checked(token: string): string {
  return token.replaceAll(/[^\w-]/g, '');
}

async function logOf(store: Store, table: string): Promise<ReadonlySet<string> | undefined> {
  const found = await store.rows(
    statement(sql`SELECT arrayJoin(data_paths) FROM system.tables WHERE database = 'bartizan' AND name = ${param('String', table)}`),
    CONTROL,
  );
  return tokensOf(found.rows.map(([path]) => join(String(path), LOGS)));
}

/** `20260101_1_2`: a partition and a hash of two numbers. */
function hashIn(block: string): string {
  return block.split('_').slice(-2).join('_');
}
