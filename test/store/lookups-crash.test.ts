/** SIGKILL in the middle of an upload: the table is the old one or the new one, whole, and nothing is left beside it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sql, statement } from '../../src/query/sql.ts';
import { openCatalogs } from '../../src/store/catalog.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openLookups } from '../../src/store/lookups.ts';
import { openMetadata } from '../../src/store/metadata.ts';

/** More than one block of the file. */
const ROWS = 70_000;
const CHILD = join(import.meta.dirname, 'lookups-child.ts');

/** Runs the child, kills it `delay` ms after it has written a table; the last number that it says it wrote. */
function killed(folder: string, from: number, delay: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, folder, String(from), String(ROWS)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (data: Buffer) => {
      if (!out) setTimeout(() => child.kill('SIGKILL'), delay);
      out += data.toString();
    });
    // Not when it has ended: what it printed last may be read after that.
    child.on('close', (code, signal) => (signal === 'SIGKILL' ? resolve(Number(out.trim().split('\n').at(-1))) : reject(new Error(`ended with code ${code}`))));
  });
}

it('keeps the old version or the new one through a kill, and drops what no table names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lookups-crash-'));
  let orphans = 0;
  let from = 1;
  for (let kill = 0; kill < 4; kill++) {
    const written = await killed(folder, from, Math.floor(Math.random() * 150));
    const store = await openEmbedded({ path: join(folder, 'store') });
    const metadata = await openMetadata(join(folder, 'metadata.db'), () => 1000);
    const catalogs = await openCatalogs(metadata);
    const versions = async () => (await store.rows(statement(sql`SELECT lookup, count() FROM bartizan.lookup_row GROUP BY lookup`))).rows;
    orphans += (await versions()).length - 1;
    const lookups = await openLookups({ store, library: metadata.library, catalogs, folder: join(folder, 'lookups') });
    const table = catalogs.current().lookup('hosts') ?? expect.fail('no table');
    const read = await store.rows(statement(sql`SELECT toUInt32(min(v0)), min(v0) = max(v0), count(), uniqExact(v1) FROM ${table.relation}`));
    const [[at, one, rows, different]] = read.rows as [[number, number, number, number]];
    expect([Number(one), Number(rows), Number(different)]).toEqual([1, ROWS, ROWS]);
    // Nothing that was said to be written is lost; one more may be there.
    expect([written, written + 1]).toContain(Number(at));
    expect(await versions()).toHaveLength(1);
    expect(await readdir(join(folder, 'lookups'))).toEqual([]);
    from = Number(at) + 1;
    await lookups.close();
    await store.close();
    await metadata.close();
  }
  expect(orphans).toBeGreaterThan(0);
  await rm(folder, { recursive: true, force: true });
});
