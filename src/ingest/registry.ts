/**
 * Ids of long texts (model/registries.ts). The metadata database decides an id, once and for ever; the
 * store's table and dictionary follow before any row with the id is inserted.
 */
import { REGISTRIES, type Registry, splitText } from '../model/registries.ts';
import { ident, join, param, sql, statement } from '../query/sql.ts';
import type { Metadata } from '../store/metadata.ts';
import type { Store } from '../store/store.ts';

export interface Registries {
  /** Ids of texts, in their order; new texts get one. The empty text is 0. */
  ids(name: string, texts: readonly string[]): Promise<number[]>;
}

/** Rows of one insert into a registry's table. */
const CHUNK = 5000;

interface Entry {
  readonly text: string;
  readonly id: number;
}

/** Opens the registries and gives the store what a crash or a failure kept from it. */
export async function openRegistries(store: Store, metadata: Metadata): Promise<Registries> {
  const known = new Map<string, Map<string, number>>();
  /** By registry: what has its id and is not in the store yet. */
  const pending = new Map<string, Entry[]>();
  const highest = new Map<string, number>();
  for (const registry of REGISTRIES) {
    const texts = await metadata.registry(registry.name);
    known.set(registry.name, texts);
    // They come in the order of their ids.
    highest.set(registry.name, [...texts.values()].at(-1) ?? 0);
    const rows = await store.rows(statement(sql`SELECT id FROM bartizan.${ident(registry.name)}`), { lane: 'control', maxResultRows: 0 });
    const stored = new Set(rows.rows.map(([id]) => Number(id)));
    const missing = [...texts].filter(([, id]) => !stored.has(id)).map(([text, id]) => ({ text, id }));
    if (missing.length) await publish(store, registry, missing);
  }
  let queue: Promise<unknown> = Promise.resolve();

  const assign = async (name: string, texts: readonly string[]): Promise<number[]> => {
    const registry = REGISTRIES.find((r) => r.name === name);
    const ids = known.get(name);
    if (!registry || !ids) throw new Error(`there is no registry ${name}`);
    const added: Entry[] = [];
    let next = (highest.get(name) ?? 0) + 1;
    const seen = new Set<string>();
    for (const text of texts) {
      if (text === '' || ids.has(text) || seen.has(text)) continue;
      seen.add(text);
      added.push({ text, id: next++ });
    }
    if (added.length) {
      await metadata.register(name, added);
      // From here on the ids are theirs, also where the store cannot take them now.
      for (const { text, id } of added) ids.set(text, id);
      highest.set(name, next - 1);
      pending.set(name, [...(pending.get(name) ?? []), ...added]);
    }
    const waiting = pending.get(name);
    if (waiting) {
      await publish(store, registry, waiting);
      pending.delete(name);
    }
    return texts.map((text) => (text === '' ? 0 : (ids.get(text) as number)));
  };

  return {
    ids(name, texts) {
      const done = queue.then(() => assign(name, texts));
      queue = done.catch(() => undefined);
      return done;
    },
  };
}

async function publish(store: Store, registry: Registry, entries: readonly Entry[]): Promise<void> {
  for (let at = 0; at < entries.length; at += CHUNK) {
    const chunk = entries.slice(at, at + CHUNK);
    const parts = chunk.map((e) => splitText(registry, e.text));
    const columns = registry.parts.map(({ type }, i) => {
      const values = parts.map((p) => p[i] ?? null);
      if (type === 'String') return param('Array(String)', values.map(String));
      if (type === 'UInt32') return param('Array(UInt32)', values.map(Number));
      // NaN stands for "none" on the way: an array parameter holds numbers only.
      return sql`arrayMap(x -> if(isNaN(x), NULL, x), ${param(
        'Array(Float64)',
        values.map((v) => (v === null ? Number.NaN : Number(v))),
      )})`;
    });
    const arrays = [
      param(
        'Array(UInt32)',
        chunk.map((e) => e.id),
      ),
      ...columns,
    ];
    const names = ['id', ...registry.parts.map((p) => p.name)].map(ident);
    const zipped = names.map((_, i) => sql`t.${ident(String(i + 1))}`);
    await store.command(
      statement(
        sql`INSERT INTO bartizan.${ident(registry.name)} (${join(names, ', ')}) SELECT ${join(zipped, ', ')} FROM (SELECT arrayJoin(arrayZip(${join(arrays, ', ')})) AS t)`,
      ),
      { lane: 'ingest' },
    );
  }
  await store.command(statement(sql`SYSTEM RELOAD DICTIONARY bartizan.${ident(`${registry.name}_by_id`)}`), { lane: 'ingest' });
}

/** A thread's own memory of ids, in front of the registries. */
export class IdCache {
  readonly #known = new Map<string, Map<string, number>>();
  readonly #ask: (name: string, texts: readonly string[]) => Promise<readonly number[]>;

  constructor(ask: (name: string, texts: readonly string[]) => Promise<readonly number[]>) {
    this.#ask = ask;
  }

  /** Ids of texts, in their order. */
  async ids(name: string, texts: readonly string[]): Promise<Uint32Array> {
    let known = this.#known.get(name);
    if (!known) {
      known = new Map([['', 0]]);
      this.#known.set(name, known);
    }
    const unknown = texts.filter((text) => !known.has(text));
    if (unknown.length) {
      const ids = await this.#ask(name, unknown);
      unknown.forEach((text, i) => {
        known.set(text, ids[i] as number);
      });
    }
    return Uint32Array.from(texts, (text) => known.get(text) as number);
  }
}
