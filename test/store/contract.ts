/**
 * What every store must do, whatever its backend. Each implementation's test calls this with a way to
 * open a fresh store.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Batch, Column } from '../../src/model/batch.ts';
import { num, param, type Sql, type Statement, sql, statement, streamedStatement, subquery } from '../../src/query/sql.ts';
import { encodeBlock, selectRows } from '../../src/store/native-block.ts';
import type { NativeInsert, QueryOptions, Store } from '../../src/store/store.ts';

const run = (store: Store, fragment: Sql) => store.rows(statement(fragment));

/** Reads a stream to its end; answers the number of its rows. */
async function drained(store: Store, text: Statement, options: QueryOptions): Promise<number> {
  let rows = 0;
  for await (const chunk of store.stream(text, options)) rows += chunk.length;
  return rows;
}

export function storeContract(name: string, open: (directory: string) => Promise<Store>): void {
  describe(name, () => {
    let directory: string;
    let store: Store;
    let files = 0;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'bartizan-store-'));
      store = await open(join(directory, 'db'));
    });
    afterAll(async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    });

    async function insert(batch: Batch, table: string, token: string): Promise<void> {
      const block = encodeBlock(batch);
      const file = join(directory, `block-${files++}`);
      await writeFile(file, Buffer.concat(block.pieces));
      const request: NativeInsert = { table, file, columns: block.columns, token };
      await store.insertNative(request);
    }

    it('answers with typed values, bound parameters and exact 64-bit integers', async () => {
      const nasty = `it's \\n "x" ü\n\t{p0:String}`;
      const result = await run(
        store,
        sql`SELECT ${param('String', nasty)} AS text, toUInt64(7) AS small, toUInt64('18446744073709551615') AS large, NULL AS nothing`,
      );
      expect(result.rows).toEqual([[nasty, 7, '18446744073709551615', null]]);
      expect(result.columns.map((c) => c.name)).toEqual(['text', 'small', 'large', 'nothing']);
    });

    it('gives every parameter back unchanged, whatever it holds', async () => {
      const nasty = fc.string({
        unit: fc.oneof(
          fc.constantFrom('\\', "'", '"', '\n', '\t', '\r', '\0', '\b', '\f', '{', '}', ';', '-', '`', ']', 'ü', '😀'),
          fc.string({ minLength: 1, maxLength: 1 }),
        ),
      });
      await fc.assert(
        fc.asyncProperty(nasty, fc.array(nasty, { maxLength: 4 }), fc.maxSafeInteger(), async (text, list, integer) => {
          const result = await run(store, sql`SELECT ${param('String', text)} AS t, ${param('Array(String)', list)} AS l, ${param('Int64', integer)} AS i`);
          expect(result.rows).toEqual([[text, list, integer]]);
        }),
        { numRuns: 200 },
      );
    });

    it('runs statements with parameters at the same time', async () => {
      const texts = ['a', 'b', 'c', 'd'];
      const end = new AbortController();
      const together = texts.map((text) =>
        store.rows(
          statement(
            sql`SELECT sleepEachRow(0.1), ${param('String', text)} FROM numbers(10000) SETTINGS function_sleep_max_microseconds_per_block = 10000000000, max_block_size = 10`,
          ),
          { signal: end.signal, maxSeconds: 0 },
        ),
      );
      const ended = Promise.allSettled(together);
      const seen = async () => {
        const counted = sql`SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.1)%' AND query NOT LIKE '%system.processes%'`;
        return (await store.rows(statement(counted), { lane: 'control' })).rows[0]?.[0];
      };
      await expect.poll(seen, { interval: 20 }).toBe(4);
      end.abort();
      expect(await ended).toMatchObject(texts.map(() => ({ reason: { code: 'query-cancelled' } })));
      const answers = await Promise.all(texts.map((text) => run(store, sql`SELECT ${param('String', text)}`)));
      expect(answers.map(({ rows }) => rows)).toEqual(texts.map((text) => [[text]]));
    });

    it('says what the engine refused, in its own words', async () => {
      await expect(run(store, sql`SELECT nonsense FROM nowhere`)).rejects.toMatchObject({ code: 'query-failed' });
      await expect(store.rows(statement(sql`SELECT number FROM numbers(1000)`), { maxResultRows: 10 })).rejects.toMatchObject({ code: 'query-too-many-rows' });
      await expect(store.rows(statement(sql`SELECT count() FROM numbers(100000000000)`), { maxSeconds: 1 })).rejects.toMatchObject({ code: 'query-timeout' });
      expect((await run(store, sql`SELECT 1`)).rows).toEqual([[1]]);
    });

    it('cancels by abort, and the next answer on the session is clean', async () => {
      const endless = sql`SELECT number, sleepEachRow(0.01) FROM numbers(1000000) SETTINGS function_sleep_max_microseconds_per_block = 1000000000, max_block_size = 100`;
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 200);
      await expect(store.rows(statement(endless), { signal: abort.signal })).rejects.toMatchObject({ code: 'query-cancelled' });
      const later = new AbortController();
      const running = store.rows(statement(endless), { id: 'seen', signal: later.signal });
      const settled = expect(running).rejects.toMatchObject({ code: 'query-cancelled' });
      await expect.poll(async () => (await store.progress('seen'))?.rowsTotal, { interval: 20 }).toBe(1_000_000);
      later.abort();
      await settled;
      for (let i = 0; i < 8; i++) expect((await run(store, sql`SELECT ${num(i)} AS i`)).rows).toEqual([[i]]);
    });

    it('never gives a part of an answer when it is cancelled or has had its time', async () => {
      const summed = statement(sql`SELECT sum(number) FROM numbers(5000000)`);
      const listed = statement(sql`SELECT number FROM numbers(3000000) WHERE number % 300000 = 0 ORDER BY number`);
      const ways = [
        { ask: async (options: QueryOptions) => (await store.rows(summed, options)).rows, whole: [[12_499_997_500_000]] },
        { ask: async (options: QueryOptions) => (await store.rows(listed, options)).rows.length, whole: 10 },
        { ask: (options: QueryOptions) => drained(store, listed, options), whole: 10 },
      ];
      const ended = { 'query-cancelled': 0, 'query-timeout': 0 };
      for (let i = 0; i < 600; i++) {
        const { ask, whole } = ways[i % 3] as (typeof ways)[number];
        const abort = new AbortController();
        const code = i % 2 ? 'query-cancelled' : 'query-timeout';
        const timer = setTimeout(() => abort.abort(), i % 13);
        const [answer] = await Promise.allSettled([ask(code === 'query-timeout' ? { maxSeconds: ((i % 31) + 1) / 1000 } : { signal: abort.signal })]);
        clearTimeout(timer);
        if (answer.status === 'fulfilled') expect(answer.value).toEqual(whole);
        else expect(answer.reason).toMatchObject({ code });
        if (answer.status === 'rejected') ended[code]++;
      }
      expect(Math.min(...Object.values(ended))).toBeGreaterThan(10);
    });

    it.each(['interactive', 'ingest', 'background'] as const)('lets what waits behind a cancelled statement run: %s', async (lane) => {
      const sleep = sql`SELECT toDateTime(${num(1_700_000_000)} + sleepEachRow(0.1)) FROM numbers(10000) SETTINGS function_sleep_max_microseconds_per_block = 10000000000, max_block_size = 100`;
      const slow = [sleep, sql`INSERT INTO bartizan.vpc_flow (start) ${sleep}`, sql`SELECT sum(cityHash64(number)) FROM numbers(10000000000000)`];
      for (const [i, text] of slow.entries()) {
        const id = `slow-${lane}-${i}`;
        const abort = new AbortController();
        const running = store.rows(statement(text), { id, lane, signal: abort.signal });
        const settled = expect(running).rejects.toMatchObject({ code: 'query-cancelled' });
        const behind = Promise.allSettled(Array.from({ length: 8 }, (_, n) => store.rows(statement(sql`SELECT ${num(n)}`), { lane })));
        await expect.poll(() => store.progress(id), { timeout: 60_000, interval: 20 }).toBeDefined();
        abort.abort();
        await settled;
        expect(await behind).toMatchObject(Array.from({ length: 8 }, (_, n) => ({ value: { rows: [[n]] } })));
        expect(await store.progress(id)).toBeUndefined();
      }
      expect((await run(store, sql`SELECT count() FROM bartizan.vpc_flow WHERE start = toDateTime(${num(1_700_000_000)})`)).rows).toEqual([[0]]);
    });

    it('streams rows in chunks', async () => {
      let rows = 0;
      let chunks = 0;
      for await (const chunk of store.stream(statement(sql`SELECT number, ${param('String', 'a')} FROM numbers(200000)`))) {
        rows += chunk.length;
        chunks++;
      }
      expect(rows).toBe(200_000);
      expect(chunks).toBeGreaterThan(1);
    });

    it('streams the same values that a buffered result has', async () => {
      const text = sql`SELECT number AS n, toUInt64(18446744073709551615) AS big, toNullable(toInt64(-5)) AS small, NULL AS nothing, 0.5 AS half, ['a', ${param('String', 'b\n"')}] AS list, true AS yes, toString(now('UTC')) = toString(now()) AS utc FROM numbers(3)`;
      const streamed = [];
      for await (const chunk of store.stream(statement(text))) streamed.push(...chunk);
      expect(streamed).toEqual((await run(store, text)).rows);
      expect(streamed[2]).toEqual([2, '18446744073709551615', -5, null, 0.5, ['a', 'b\n"'], true, 1]);
      for await (const _ of store.stream(statement(sql`SELECT 1 WHERE false`))) throw new Error('a chunk without rows');
    });

    it('makes what a stream reads before it, and holds nothing else up meanwhile', async () => {
      const heavy = subquery(sql`SELECT cityHash64(number) % ${param('UInt32', 1000)} AS v FROM numbers(100000000) GROUP BY v ORDER BY v LIMIT 10`);
      const outer = subquery(sql`SELECT toUInt64(max(v)) FROM ${heavy}`);
      const text = sql`SELECT number FROM numbers(1000) WHERE number IN ${heavy} OR number = ${outer} + ${param('UInt32', 100)}`;
      const streamed = streamedStatement(text);
      expect(streamed.first).toHaveLength(2);
      const began = performance.now();
      let [last, longest] = [began, 0];
      const look = () => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      };
      const timer = setInterval(look, 5);
      const rows = [];
      for await (const chunk of store.stream(streamed)) rows.push(...chunk);
      look();
      clearInterval(timer);
      expect(rows).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 109].map((n) => [n]));
      expect(rows).toEqual((await run(store, text)).rows);
      expect(longest).toBeLessThan((performance.now() - began) / 2);
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 20);
      await expect(drained(store, streamed, { signal: abort.signal })).rejects.toMatchObject({ code: 'query-cancelled' });
      await expect(drained(store, streamed, { maxSeconds: 0.02 })).rejects.toMatchObject({ code: 'query-timeout' });
    });

    it('stops the engine when a stream is left or aborted', async () => {
      const long = statement(sql`SELECT number, cityHash64(number) FROM numbers(100000000000)`);
      const silent = statement(sql`SELECT sum(cityHash64(number)) FROM numbers(10000000000000)`);
      for await (const chunk of store.stream(long, { id: 'left' })) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 100);
      await expect(drained(store, silent, { id: 'aborted', signal: abort.signal })).rejects.toMatchObject({ code: 'query-cancelled' });
      // Aborted before the engine knows of them.
      for (const id of ['at-once', 'at-once-buffered']) {
        const early = new AbortController();
        const work = id === 'at-once' ? drained(store, silent, { id, signal: early.signal }) : store.rows(silent, { id, signal: early.signal });
        early.abort();
        await expect(work).rejects.toMatchObject({ code: 'query-cancelled' });
      }
      for (const id of ['left', 'aborted', 'at-once', 'at-once-buffered']) expect(await store.progress(id)).toBeUndefined();
    });

    it('gives each lane its turns of streams', async () => {
      const names = Array.from({ length: 5 }, (_, i) => `turn-${i}`);
      const streams = names.map((id) =>
        store.stream(statement(sql`SELECT number FROM numbers(100000000)`), { id, lane: 'background' })[Symbol.asyncIterator](),
      );
      const first = await Promise.all(streams.slice(0, 4).map((s) => s.next()));
      expect(first.every((f) => f.done === false)).toBe(true);
      let fifth = false;
      const waiting = streams[4]?.next().then((next) => {
        fifth = true;
        return next;
      });
      expect((await run(store, sql`SELECT 1`)).rows).toEqual([[1]]);
      expect(fifth).toBe(false);
      await streams[0]?.return?.();
      expect((await waiting)?.done).toBe(false);
      for (const stream of streams) await stream.return?.();
    });

    it.each([
      ['maxSeconds', { maxSeconds: 1 }, sql`SELECT sum(cityHash64(number)) FROM numbers(10000000000000)`, 'query-timeout', '1 s'],
      ['maxMemoryBytes', { maxMemoryBytes: 16 * 2 ** 20 }, sql`SELECT length(groupArray(number)) FROM numbers(100000000)`, 'query-memory', '16 MiB'],
      ['maxResultRows', { maxResultRows: 1000 }, sql`SELECT number FROM numbers(1001)`, 'query-too-many-rows', '1,000'],
      [
        'maxResultBytes',
        { maxResultBytes: 2 ** 20 },
        sql`SELECT concat(repeat('x', 1000), toString(number)) FROM numbers(2000)`,
        'query-too-many-bytes',
        '1 MiB',
      ],
      ['maxRowsRead', { maxRowsRead: 1000 }, sql`SELECT sum(number) FROM numbers(100000)`, 'query-reads-too-much', '1,000'],
      ['maxBytesRead', { maxBytesRead: 2 ** 20 }, sql`SELECT sum(number) FROM numbers(1000000)`, 'query-reads-too-much', '1 MiB'],
    ] as const)('holds %s and names it', async (_, limit, text, code, words) => {
      await expect(store.rows(statement(text), limit)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
      await expect(drained(store, statement(text), limit)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
      expect((await run(store, sql`SELECT sum(number) FROM numbers(100000)`)).rows).toEqual([[4999950000]]);
    });

    it('stores a block once however often its token comes, over several partitions', async () => {
      const batch = flows(1000, 20);
      await insert(batch, 'vpc_flow', 'token-a');
      await insert(batch, 'vpc_flow', 'token-a');
      await insert(batch, 'vpc_flow', 'token-b');
      const result = await run(store, sql`SELECT count(), sum(bytes), uniqExact(srcaddr) FROM bartizan.vpc_flow`);
      expect(result.rows[0]?.[0]).toBe(2000);
      expect(result.rows[0]?.[2]).toBe(7);
    });

    it('makes columns of a block on its way, once for a token, and reads one that it stores nowhere', async () => {
      const start = Math.floor(Date.UTC(2026, 3, 1) / 1000);
      const columns = new Map<string, Column>([
        ['start', { type: "DateTime('UTC')", values: Uint32Array.of(start, start + 1) }],
        ['interface_id', { type: 'LowCardinality(String)', ids: Uint32Array.of(1, 2), dictionary: ['', 'eni-staged-1', "eni-staged-';"] }],
      ]);
      const block = encodeBlock({ rows: 2, columns, addresses: { count: 0, bytes: new Uint8Array(0) } });
      const file = join(directory, `block-${files++}`);
      await writeFile(file, Buffer.concat(block.pieces));
      const staged = { file, columns: block.columns };
      const lacks = [{ name: 'bytes', type: 'UInt64' }];
      const key = param('String', "it's");
      const select = statement(
        sql`SELECT start, interface_id, CAST([(${key}, concat(interface_id, toString(bytes)))], 'Map(String, String)') AS extracted FROM staged`,
      );
      const seen = await store.readNative(staged, { statement: statement(sql`SELECT interface_id, bytes, ${key} FROM staged ORDER BY start`), lacks });
      expect(seen.rows).toEqual([
        ['eni-staged-1', 0, "it's"],
        ["eni-staged-';", 0, "it's"],
      ]);
      for (let i = 0; i < 2; i++) await store.insertNative({ ...staged, table: 'vpc_flow', token: 'staged', extraction: { statement: select, lacks } });
      const stored = await run(store, sql`SELECT extracted[${key}] FROM bartizan.vpc_flow WHERE interface_id LIKE 'eni-staged-%' ORDER BY start`);
      expect(stored.rows).toEqual([['eni-staged-10'], ["eni-staged-';0"]]);
    });

    it('makes plain texts of shared ones, byte for byte', async () => {
      const words = [...['', 'a', 'ä'.repeat(100), "'\\"].map((word) => Buffer.from(word)), Buffer.of(0xff, 0)];
      const pieces = words.map((word) => Buffer.from([...(word.length < 0x80 ? [word.length] : [(word.length & 0x7f) | 0x80, word.length >> 7]), ...word]));
      const ends = Uint32Array.from(pieces, (_, i) => Buffer.concat(pieces.slice(0, i + 1)).length);
      const rows = 300;
      const ids = Uint32Array.from({ length: rows }, (_, i) => i % words.length);
      const texts = { bytes: Buffer.concat(pieces), ends };
      const columns = new Map<string, Column>([['identity', { type: 'SharedString', ids, texts, count: words.length }]]);
      const all: Batch = { rows, columns, addresses: { count: 0, bytes: new Uint8Array(0) } };
      for (const [batch, each] of [
        [all, rows / words.length],
        [selectRows(all, Uint32Array.of(0, 1, 2, 3, 4)), 1],
      ] as const) {
        const block = encodeBlock(batch);
        const file = join(directory, `block-${files++}`);
        await writeFile(file, Buffer.concat(block.pieces));
        const text = sql`SELECT toTypeName(identity), hex(identity), count() FROM staged GROUP BY 1, 2 ORDER BY 2`;
        const found = await store.readNative({ file, columns: block.columns }, { statement: statement(text), lacks: [] });
        const expected = words.map((word) => word.toString('hex').toUpperCase()).sort();
        expect(found.rows).toEqual(expected.map((hex) => ['String', hex, each]));
      }
    });

    it('reads a one-hour window out of a day without reading the day', async () => {
      await run(store, sql`SELECT 1`);
      await store.command({ text: `TRUNCATE TABLE bartizan.vpc_flow`, params: {} });
      await store.command({
        text: `INSERT INTO bartizan.vpc_flow (start, direction, action, interface_id) SELECT toDateTime(1700006400, 'UTC') + number % 86400, ['inbound', 'outbound', 'internal'][number % 3 + 1], ['ACCEPT', 'REJECT'][number % 2 + 1], concat('eni-', toString(number % 50)) FROM numbers(2000000)`,
        params: {},
      });
      const from = param("DateTime('UTC')", 1700050000);
      const to = param("DateTime('UTC')", 1700053600);
      const plan = await run(
        store,
        sql`EXPLAIN indexes = 1, json = 1 SELECT count() FROM bartizan.vpc_flow WHERE start >= ${from} AND start < ${to} AND toStartOfFiveMinutes(start) >= toStartOfFiveMinutes(${from}) AND toStartOfFiveMinutes(start) <= toStartOfFiveMinutes(${to})`,
      );
      const text = plan.rows.map((r) => String(r[0])).join('\n');
      const granules = [...text.matchAll(/"(Initial|Selected) Granules": (\d+)/g)].map((m) => [m[1], Number(m[2])] as const);
      const initial = Math.max(...granules.filter((g) => g[0] === 'Initial').map((g) => g[1]));
      const selected = Math.min(...granules.filter((g) => g[0] === 'Selected').map((g) => g[1]));
      expect(initial).toBeGreaterThan(200);
      expect(selected / initial).toBeLessThanOrEqual(0.15);
    });

    it('decodes every encoded block to the values it was made of', async () => {
      await store.command({
        text: 'CREATE TABLE bartizan.block_check (n UInt32, small UInt8, port UInt16, big UInt64, bits UInt64, addr IPv6, word LowCardinality(String), same LowCardinality(String), rest String) ENGINE = Memory',
        params: {},
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              small: fc.nat(255),
              port: fc.nat(65535),
              big: fc.maxSafeNat(),
              low: fc.nat(0xffffffff),
              high: fc.nat(0x7fffffff),
              addr: fc.nat(300),
              word: fc.oneof(fc.constant(''), fc.string({ unit: 'binary', maxLength: 5 })),
              rest: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined, freq: 4 }),
            }),
            { minLength: 1, maxLength: 400 },
          ),
          fc.string({ maxLength: 4 }),
          async (rows, same) => {
            const dictionary = ['', ...new Set(rows.map((r) => r.word).filter(Boolean))];
            const bytes = new Uint8Array(301 * 16);
            for (let i = 1; i < 301; i++) bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, i >> 8, i & 255], i * 16);
            const columns = new Map<string, Column>([
              ['n', { type: 'UInt32', values: Uint32Array.from(rows, (_, i) => i) }],
              ['small', { type: 'UInt8', values: Uint8Array.from(rows, (r) => r.small) }],
              ['port', { type: 'UInt16', values: Uint16Array.from(rows, (r) => r.port) }],
              ['big', { type: 'UInt64', values: Float64Array.from(rows, (r) => r.big) }],
              ['bits', { type: 'UInt64Mask', low: Uint32Array.from(rows, (r) => r.low), high: Uint32Array.from(rows, (r) => r.high) }],
              ['addr', { type: 'IPv6', ids: Uint32Array.from(rows, (r) => r.addr) }],
              ['word', { type: 'LowCardinality(String)', ids: Uint32Array.from(rows, (r) => Math.max(0, dictionary.indexOf(r.word))), dictionary }],
              ['same', { type: 'Constant', value: same }],
              ['rest', { type: 'SparseString', values: new Map(rows.flatMap((r, i) => (r.rest ? [[i, r.rest] as const] : []))) }],
            ]);
            const all: Batch = { rows: rows.length, columns, addresses: { count: 301, bytes } };
            const odd = Uint32Array.from(rows.keys().filter((i) => i % 2 === 1));
            for (const [batch, expected] of [
              [all, rows],
              [selectRows(all, odd), rows.filter((_, i) => i % 2 === 1)],
            ] as const) {
              if (batch.rows === 0) continue;
              await store.command({ text: 'TRUNCATE TABLE bartizan.block_check', params: {} });
              await insert(batch, 'block_check', `check-${files}`);
              const back = await run(store, sql`SELECT small, port, big, bits, addr, word, same, hex(rest) FROM bartizan.block_check ORDER BY n`);
              expect(back.rows.map((r) => r.map(String))).toEqual(
                expected.map((r) =>
                  [
                    r.small,
                    r.port,
                    r.big,
                    (BigInt(r.high) << 32n) | BigInt(r.low),
                    r.addr ? `::ffff:10.0.${r.addr >> 8}.${r.addr & 255}` : '::',
                    r.word,
                    same,
                    Buffer.from(r.rest ?? [])
                      .toString('hex')
                      .toUpperCase(),
                  ].map(String),
                ),
              );
            }
          },
        ),
        { numRuns: 25 },
      );
    });
  });
}

function flows(rows: number, days: number): Batch {
  const start = Uint32Array.from({ length: rows }, (_, i) => 1_700_000_000 + (i % days) * 86_400);
  const bytes = new Uint8Array(8 * 16);
  for (let i = 1; i < 8; i++) bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, i], i * 16);
  return {
    rows,
    addresses: { count: 8, bytes },
    columns: new Map<string, Column>([
      ['start', { type: "DateTime('UTC')", values: start }],
      ['bytes', { type: 'UInt64', values: Float64Array.from({ length: rows }, (_, i) => i * 10) }],
      ['srcaddr', { type: 'IPv6', ids: Uint32Array.from({ length: rows }, (_, i) => 1 + (i % 7)) }],
      ['action', { type: 'LowCardinality(String)', ids: Uint32Array.from({ length: rows }, (_, i) => 1 + (i % 2)), dictionary: ['', 'ACCEPT', 'REJECT'] }],
    ]),
  };
}
