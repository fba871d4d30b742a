import { rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
process.env.JE_MALLOC_CONF ??= 'dirty_decay_ms:500';
const { openEmbedded } = await import('./src/store/embedded.ts');
const path = '/tmp/x-jm'; rmSync(path, { recursive: true, force: true });
const store = await openEmbedded({ path });
const mode = process.argv[2] ?? 'A';
const each = Number(process.argv[3] ?? 2000), turns = Number(process.argv[4] ?? 5);
const q = async (text: string) => (await store.rows({ text, params: {} } as never)).rows;
const bins = async () => new Map((await q(`SELECT size, allocations - deallocations AS n FROM system.jemalloc_bins`)).map(([s, n]) => [Number(s), Number(n)]));
await store.command({ text: `CREATE TABLE bartizan.x (x UInt32, y String) ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = ${process.argv[5] ?? 10000}`, params: {} } as never);
let n = 0;
const op = async () => {
  n++;
  if (mode === 'S') return void (await q('SELECT ' + n));
  const t = mode.includes('T') ? `SETTINGS async_insert = 0, deduplicate_insert_select = 'force_enable', max_insert_threads = 1, insert_deduplication_token = 't${n}'` : '';
  await store.command({ text: `INSERT INTO bartizan.x ${t} SELECT ${n}, 'abc'`, params: {} } as never);
};
const mem = () => execFileSync('python3', ['/work/wt/tools/smaps.py', String(process.pid), '1', '0']).toString().trim();
let prev = await bins();
console.log(mem());
for (let t = 0; t < turns; t++) {
  const t0 = performance.now();
  for (let i = 0; i < each; i++) await op();
  const now = await bins();
  const diff = [...now].map(([s, c]) => [s, c - (prev.get(s) ?? 0)] as const).filter(([s, c]) => Math.abs(s * c) > 200_000).sort((a, b) => b[0] * b[1] - a[0] * a[1]).slice(0, 12);
  const total = [...now].reduce((s, [z, c]) => s + z * c, 0);
  console.log(n, `${((performance.now() - t0) / each).toFixed(1)} ms`, mem(), 'allocated MiB', (total / 2 ** 20).toFixed(1), diff.map(([s, c]) => `${s}:${c}`).join(' '));
  console.log(JSON.stringify(await q(`SELECT count(), countIf(active) FROM system.parts WHERE table='x'`)));
  prev = now;
}
if (mode.includes('M')) console.log((await q(`SELECT metric, value FROM system.metrics WHERE value != 0 ORDER BY value DESC LIMIT 60`)).map((r) => r.join(' ')).join('\n'));
await store.close();
