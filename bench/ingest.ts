/** P1 to P4: ingest beside the engine's own text parser, DuckDB, one core, and the gzip's size. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { MIXED, PLAIN, type Written, writeFlows } from './flows.ts';
import { indicatorsOf } from './indicators.ts';
import { compare, median, type Result, ROUNDS, same, time } from './measure.ts';
import { BENCH_DIR, type Bench, openBench } from './workspace.ts';

const LINES = Number(process.env.BENCH_LINES ?? 2_000_000);
const FILES = 40;
const END = Math.floor(Date.now() / 1000 / 86_400) * 86_400;

/** Raw text straight into a table of the same order and codecs; bad values would become defaults without a word. */
const STRUCTURE =
  'version UInt8, account_id LowCardinality(String), interface_id LowCardinality(String), srcaddr IPv6, dstaddr IPv6, srcport UInt16, dstport UInt16, protocol UInt8, packets UInt64, bytes UInt64, start UInt32, end UInt32, action LowCardinality(String), log_status LowCardinality(String)';
const NAMES = 'version, account_id, interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, start, action, log_status';

export async function ingestGoals(): Promise<Result[]> {
  const folder = resolve(BENCH_DIR, 'plain');
  const plain = writeFlows({ directory: folder, count: LINES, files: FILES, end: END, mix: PLAIN });
  const bench = await openBench('p1');
  const results: Result[] = [];
  try {
    await checkMixed(bench);
    await bench.command('CREATE TABLE bartizan.raw AS bartizan.vpc_flow');
    const ours = () => ingestFresh(bench, folder);
    const raw = () => rawInsert(bench, folder);
    await ours();
    await raw();
    await checkEqual(bench, plain);
    results.push(
      await compare(
        {
          name: 'P1',
          what: `ingest of ${LINES / 1e6} M v2 lines (gunzip, decode, direction, 2× place and AS, exactly once) / raw INSERT of the same gz by the engine's own parser; no indicators, rules or rollups`,
          direction: 'at least',
          goal: 1,
        },
        { ours, yardstick: raw },
      ),
    );
    const duck = await duckdb(folder);
    results.push(
      await compare(
        { name: 'P2', what: 'the same / DuckDB gz → Parquet with a few added columns', direction: 'at least', goal: 1.5 },
        { ours, yardstick: duck },
      ),
    );
    await ours();
    results.push(await size(bench, plain));
    results.push(await withIndicators(bench, { ours, raw }));
  } finally {
    await bench.close();
  }
  results.splice(2, 0, cores(folder));
  return results;
}

async function ingestFresh(bench: Bench, folder: string): Promise<number> {
  for (const table of ['vpc_flow', 'address_day']) await bench.command(`TRUNCATE TABLE bartizan.${table}`);
  return time(() => bench.pipeline.ingest([folder], { again: true }));
}

async function rawInsert(bench: Bench, folder: string): Promise<number> {
  await bench.command('TRUNCATE TABLE bartizan.raw');
  return time(() =>
    bench.command(
      `INSERT INTO bartizan.raw (${NAMES}, duration) SELECT ${NAMES}, end - start FROM file('${folder}/*.gz', 'CustomSeparatedWithNames', '${STRUCTURE}')
       SETTINGS format_custom_field_delimiter = ' ', format_custom_escaping_rule = 'CSV', max_threads = 2, max_insert_threads = 2, input_format_with_names_use_header = 0`,
    ),
  );
}

/** Counts, sums and a row of every thousandth source port, on both sides. */
async function checkEqual(bench: Bench, plain: Written): Promise<void> {
  const summary = (table: string) =>
    bench.rows(`SELECT count(), sum(bytes), sum(packets), uniqExact(srcaddr), sum(duration), sum(dstport), countIf(action = 'REJECT') FROM bartizan.${table}`);
  const golden = (table: string) =>
    bench.rows(`SELECT srcaddr, dstaddr, srcport, dstport, bytes, start, interface_id FROM bartizan.${table} WHERE srcport % 1000 = 7 ORDER BY ALL LIMIT 1000`);
  same('P1 sums', await summary('vpc_flow'), await summary('raw'));
  same('P1 rows', await golden('vpc_flow'), await golden('raw'));
  same('P1 count', (await summary('vpc_flow'))[0]?.slice(0, 2), [plain.lines, plain.bytes]);
}

const INDICATORS = Number(process.env.BENCH_INDICATORS ?? 1_000_000);

/** P1 once more, with a million indicators to match both ends with; some of them are addresses of the flows. */
async function withIndicators(bench: Bench, { ours, raw }: { ours: () => Promise<number>; raw: () => Promise<number> }): Promise<Result> {
  const seen = (
    await bench.rows(
      "SELECT DISTINCT substring(toString(srcaddr), 8) FROM bartizan.vpc_flow WHERE direction = 'inbound' ORDER BY cityHash64(srcaddr) LIMIT 500",
    )
  ).map(([address]) => String(address));
  const loading = await time(async () => {
    await bench.indicators.apply('bench', indicatorsOf(seen, INDICATORS), { at: END, complete: true });
    await bench.indicatorsInUse();
  });
  const megabytes = (bench.pipeline.indicators?.length ?? 0) / 2 ** 20;
  console.log(`     ${bench.indicators.active} indicators: stored and in use after ${Math.round(loading)} ms, ${megabytes.toFixed(1)} MiB in memory`);
  await ours();
  const [[matched, expected] = []] = await bench.rows(`SELECT countIf(src_indicator != 0) + countIf(dst_indicator != 0),
    countIf(direction = 'inbound' AND srcaddr IN (SELECT first FROM bartizan.indicator)) + countIf(direction = 'outbound' AND dstaddr IN (SELECT first FROM bartizan.indicator)) FROM bartizan.vpc_flow`);
  same('P1 matches', matched, expected);
  if (!Number(matched)) throw new Error('P1: no flow has an indicator');
  return compare(
    { name: 'P1', what: `the same with ${INDICATORS / 1e6} M indicators loaded (${Number(matched)} ends matched)`, direction: 'at least', goal: 1 },
    { ours, yardstick: raw },
  );
}

/** The bench is not won by doing less: a mixed set must come out record by record as it was written. */
async function checkMixed(bench: Bench): Promise<void> {
  const folder = resolve(BENCH_DIR, 'mixed');
  const written = writeFlows({ directory: folder, count: 200_000, files: 20, end: END, mix: MIXED, seed: 11 });
  const summary = await bench.pipeline.ingest([folder], { again: true });
  same('mixed failures', summary.failures, []);
  same('mixed counts', [summary.stored, summary.nodata + summary.skipdata, summary.quarantined], [written.stored, written.status, written.malformed]);
  same('mixed bytes', (await bench.rows('SELECT sum(bytes) FROM bartizan.vpc_flow'))[0], [written.bytes]);
  await bench.command('TRUNCATE TABLE bartizan.vpc_flow');
}

async function duckdb(folder: string): Promise<() => Promise<number>> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  const out = resolve(BENCH_DIR, 'duck.parquet');
  return () =>
    time(async () => {
      rmSync(out, { force: true });
      await connection.run(`COPY (
        SELECT *, to_timestamp("start") AS tp_timestamp, list_value("srcaddr", "dstaddr") AS tp_ips, date_trunc('day', to_timestamp("start")) AS tp_date, "account-id" AS tp_index
        FROM read_csv('${folder}/*.gz', delim = ' ', header = true, quote = '', escape = '', columns = {'version': 'UTINYINT', 'account-id': 'VARCHAR', 'interface-id': 'VARCHAR', 'srcaddr': 'VARCHAR',
          'dstaddr': 'VARCHAR', 'srcport': 'USMALLINT', 'dstport': 'USMALLINT', 'protocol': 'UTINYINT', 'packets': 'UBIGINT', 'bytes': 'UBIGINT', 'start': 'BIGINT', 'end': 'BIGINT', 'action': 'VARCHAR', 'log-status': 'VARCHAR'})
      ) TO '${out}' (FORMAT parquet, COMPRESSION snappy)`);
    });
}

/** P3: the same ingest in a process of its own on one core and on two. */
function cores(folder: string): Result {
  const once = (list: string) =>
    Number(
      execFileSync('taskset', ['-c', list, process.execPath, resolve(import.meta.dirname, 'ingest-once.ts'), folder], {
        encoding: 'utf8',
        env: { ...process.env, BARTIZAN_WORKERS: String(list.split(',').length) },
      }).trim(),
    );
  const one: number[] = [];
  const two: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    one.push(once('0'));
    two.push(once('0,1'));
  }
  const ratios = one.map((v, i) => v / (two[i] as number));
  return {
    name: 'P3',
    what: 'ingest on two cores / on one core',
    direction: 'at least',
    goal: 1.8,
    ratio: median(one) / median(two),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    ours: median(two),
    yardstick: median(one),
    unit: 'ms',
  };
}

async function size(bench: Bench, plain: Written): Promise<Result> {
  for (const table of ['vpc_flow', 'address_day']) await bench.command(`OPTIMIZE TABLE bartizan.${table} FINAL`);
  const [[bytes = 0, rows = 1] = []] = await bench.rows(
    "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active AND database = 'bartizan' AND table IN ('vpc_flow', 'address_day', 'place', 'autonomous_system')",
  );
  const [[flows = 1] = []] = await bench.rows('SELECT count() FROM bartizan.vpc_flow');
  const perColumn = await bench.rows(
    "SELECT column, round(sum(column_bytes_on_disk) / any(total), 3) AS b FROM system.parts_columns, (SELECT count() AS total FROM bartizan.vpc_flow) AS t WHERE active AND database = 'bartizan' AND table = 'vpc_flow' GROUP BY column HAVING b >= 0.005 ORDER BY b DESC",
  );
  console.log(`     bytes per flow by column: ${perColumn.map(([c, b]) => `${c} ${b}`).join(', ')}`);
  const ours = Number(bytes) / Number(flows);
  const gzip = plain.gzipBytes / plain.lines;
  void rows;
  return {
    name: 'P4',
    what: 'bytes per flow on disk, enrichment, indexes and registries included / gz text',
    direction: 'at most',
    goal: 0.45,
    ratio: ours / gzip,
    low: ours / gzip,
    high: ours / gzip,
    ours,
    yardstick: gzip,
    unit: 'B',
  };
}
