/** SIGKILL at random moments of an ingest, then the same command again: the totals are right each time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { event } from './events.ts';
import { document, gzipped, HEADER, lines, openPlace, START } from './helpers.ts';

const KILLS = Number(process.env.BARTIZAN_CRASH_KILLS ?? 4);
const FILES = 8;
const PER_FILE = 30_000;

const CHILD = join(import.meta.dirname, 'crash-child.ts');

/** Runs the child; kills it `delay` ms after it began to ingest. Its summary, or undefined when it was killed. */
function ingest(directory: string, delay?: number): Promise<{ records: number; stored: number; duplicates: number } | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (data: Buffer) => {
      const opened = out.includes('open');
      out += data.toString();
      if (delay !== undefined && !opened && out.includes('open')) setTimeout(() => child.kill('SIGKILL'), delay);
    });
    // Not when it has ended: what it printed last may be read after that.
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(undefined);
      else if (code === 0) resolve(JSON.parse(out.trim().split('\n').at(-1) as string));
      else reject(new Error(`the ingest ended with code ${code}`));
    });
  });
}

it('loses and doubles nothing, however often it is killed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-crash-'));
  const place = await openPlace({ directory });
  for (let i = 0; i < FILES; i++)
    await place.file(`AWSLogs/123456789012/vpcflowlogs/eu-west-${1 + (i % 2)}/f${i}.gz`, gzipped(`${HEADER}\n${lines(PER_FILE, i)}broken\n`));
  await place.close();

  let killed = 0;
  for (let i = 0; i < KILLS; i++) if (!(await ingest(directory, 50 + Math.floor(Math.random() * 700)))) killed++;
  const summary = await ingest(directory);
  expect(killed).toBeGreaterThan(0);
  expect(summary?.records).toBe(FILES * (PER_FILE + 1));
  expect(await ingest(directory)).toMatchObject({ records: FILES * (PER_FILE + 1), stored: 0, duplicates: FILES * (PER_FILE + 1) });

  const after = await openPlace({ directory });
  expect(await after.rows('SELECT count(), uniqExact(interface_id, srcport, bytes, source_name), sum(bytes) FROM bartizan.vpc_flow')).toEqual([
    [FILES * PER_FILE, FILES * PER_FILE, FILES * ((PER_FILE * (PER_FILE - 1)) / 2 + PER_FILE * 40)],
  ]);
  expect((await after.quarantine.list()).total).toBe(FILES);
  // The counters are as the rows are; the regions are those of the files' names.
  expect(
    await after.rows('SELECT region, sum(records), sum(bytes), sum(quarantined), sum(deliveries) FROM bartizan.ingest_counter GROUP BY region ORDER BY region'),
  ).toEqual([
    ['', 0, 0, FILES, FILES],
    ...[0, 1].map((n) => [`eu-west-${n + 1}`, (FILES / 2) * PER_FILE, (FILES / 2) * ((PER_FILE * (PER_FILE - 1)) / 2 + PER_FILE * 40), 0, 0]),
  ]);
  expect(await after.rows('SELECT start, sum(records) FROM bartizan.ingest_counter WHERE records > 0 GROUP BY start ORDER BY start')).toEqual(
    await after.rows('SELECT toStartOfFiveMinutes(start) AS bucket, count() FROM bartizan.vpc_flow GROUP BY bucket ORDER BY bucket'),
  );
  // And so is what is known of external addresses, which are the sources here.
  expect(await after.rows('SELECT address, sum(accepted), sum(refused), sum(bytes) FROM bartizan.address_day GROUP BY address ORDER BY address')).toEqual(
    await after.rows(
      "SELECT srcaddr, countIf(action = 'ACCEPT'), countIf(action = 'REJECT'), sum(bytes) FROM bartizan.vpc_flow GROUP BY srcaddr ORDER BY srcaddr",
    ),
  );
  await after.close();
  await rm(directory, { recursive: true, force: true });
});

/** Whether a process stands still by a signal. */
async function isStopped(pid: number | undefined): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')')).startsWith(') T');
}

it('stores what a kill left half-way also after its data directory was moved', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-crash-moved-'));
  const directory = join(folder, 'before');
  const place = await openPlace({ directory });
  for (let i = 0; i < FILES; i++) await place.file(`f${i}.gz`, gzipped(`${HEADER}\n${lines(PER_FILE, i)}`));
  await place.close();
  const file = new Sqlite(join(directory, 'metadata.db'), { readonly: true });
  const open = () => (file.prepare('SELECT count(*) AS open FROM manifest').get() as { open: number }).open;
  const child = spawn(process.execPath, [CHILD, directory], { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = once(child, 'exit');
  // What is open may be finished before a signal comes: it is looked at while the process stands still.
  for (;;) {
    expect(child.exitCode).toBeNull();
    while (open() === 0 && child.exitCode === null) await delay(1);
    child.kill('SIGSTOP');
    await expect.poll(() => isStopped(child.pid), { interval: 1 }).toBe(true);
    if (open() > 0) break;
    child.kill('SIGCONT');
  }
  child.kill('SIGKILL');
  await gone;
  expect(open()).toBeGreaterThan(0);
  file.close();
  const moved = join(folder, 'after');
  await rename(directory, moved);
  await ingest(moved);
  const after = await openPlace({ directory: moved });
  expect(await after.rows('SELECT count(), uniqExact(interface_id, srcport, bytes) FROM bartizan.vpc_flow')).toEqual([[FILES * PER_FILE, FILES * PER_FILE]]);
  await after.close();
  await rm(folder, { recursive: true, force: true });
});

it('loses and doubles nothing of files whose records change their format again and again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-crash-mixed-'));
  const place = await openPlace({ directory });
  const files = 3;
  const turns = 40;
  const flows = files * turns * 200;
  const events = files * turns * 20;
  for (let i = 0; i < files; i++) {
    const parts = Array.from({ length: turns }, (_, turn) => {
      const ids = Array.from({ length: 20 }, (_, n) => JSON.stringify(event(`${i}-${turn}-${n}`, START + turn)));
      return [
        document('trail', ids),
        document(
          'flows',
          lines(200, i * turns + turn)
            .trimEnd()
            .split('\n'),
        ),
      ];
    });
    await place.file(`f${i}.gz`, gzipped(parts.flat().join('\n')));
  }
  await place.close();

  let killed = 0;
  for (let i = 0; i < KILLS; i++) if (!(await ingest(directory, 50 + Math.floor(Math.random() * 700)))) killed++;
  const summary = await ingest(directory);
  expect(killed).toBeGreaterThan(0);
  expect(summary?.records).toBe(flows + events);

  const after = await openPlace({ directory });
  expect(await after.rows('SELECT count(), uniqExact(interface_id, srcport, bytes) FROM bartizan.vpc_flow')).toEqual([[flows, flows]]);
  expect(await after.rows('SELECT count(), uniqExact(event_id) FROM bartizan.cloudtrail')).toEqual([[events, events]]);
  expect(await after.rows('SELECT dataset, sum(records), sum(deliveries) FROM bartizan.ingest_counter GROUP BY dataset ORDER BY dataset')).toEqual([
    ['', 0, files],
    ['cloudtrail', events, 0],
    ['vpc_flow', flows, 0],
  ]);
  await after.close();
  await rm(directory, { recursive: true, force: true });
});
