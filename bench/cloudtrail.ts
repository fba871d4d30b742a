/** P12: CloudTrail files into the store, beside gunzip and JSON.parse of the same files; and what an event costs on disk. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type WrittenEvents, writeEvents } from './events.ts';
import { compare, type Result, same, time } from './measure.ts';
import { BENCH_DIR, type Bench, openBench } from './workspace.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const END = Math.floor(Date.now() / 1000 / 86_400) * 86_400;

export async function cloudtrailGoals(): Promise<Result[]> {
  const folder = resolve(BENCH_DIR, 'events');
  const written = writeEvents(folder, EVENTS, END);
  const bench = await openBench('p12');
  const workers = [1, 2].map(() => new Worker(new URL('./parse-worker.ts', import.meta.url)));
  const parsed = async (threads: number): Promise<number> => {
    const shares = workers.slice(0, threads).map((worker, i) => ({ worker, files: written.files.filter((_, at) => at % threads === i) }));
    let records = 0;
    const took = await time(async () => {
      const answers = shares.map(async ({ worker, files }) => {
        worker.postMessage(files);
        const [count] = (await once(worker, 'message')) as [number];
        records += count;
      });
      await Promise.all(answers);
    });
    same('P12 parsed', records, written.events);
    return took;
  };
  let runs = 0;
  const ours = async (): Promise<number> => {
    runs++;
    await bench.command('TRUNCATE TABLE bartizan.cloudtrail');
    return time(() => bench.pipeline.ingest([folder], { again: true }));
  };
  const memory = watchMemory();
  try {
    await ours();
    await check(bench, written);
    const what = `ingest of ${EVENTS / 1e6} M CloudTrail events (gunzip, decode, actor, place and AS, copies looked for, exactly once)`;
    const goal = { name: 'P12', direction: 'at least', goal: 0.5 } as const;
    const results = [
      await compare({ ...goal, what: `${what} / gunzip and JSON.parse of the same files in two threads` }, { ours, yardstick: () => parsed(2) }),
      await compare({ ...goal, what: 'the same / in one thread' }, { ours, yardstick: () => parsed(1) }),
    ];
    console.log(`     ${(runs * EVENTS) / 1e6} M events in ${runs} ingests of one process; ${memory()}`);
    results.push(await size(bench, written));
    return results;
  } finally {
    for (const worker of workers) await worker.terminate();
    await bench.close();
  }
}

/** Samples how much memory the process holds; the answer tells of the first and the last third, and of most. */
function watchMemory(): () => string {
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(process.memoryUsage.rss() / 2 ** 20), 500);
  const mean = (list: readonly number[]): number => Math.round(list.reduce((a, b) => a + b, 0) / Math.max(1, list.length));
  return () => {
    clearInterval(timer);
    const third = Math.max(1, Math.floor(seen.length / 3));
    return `resident ${mean(seen.slice(0, third))} MiB in the first third, ${mean(seen.slice(-third))} in the last, ${Math.round(Math.max(0, ...seen))} at most`;
  };
}

/** Every event is there, and its text is as long as it was. */
async function check(bench: Bench, { events, text, files }: WrittenEvents): Promise<void> {
  // A mark of one byte stands for each part that is not empty.
  const parts = ['request', 'response', 'additional', 'identity', 'resources', 'event_id', 'request_id'];
  const length = `length(frame) + ${parts.map((part) => `greatest(length(${part}), 1) - 1`).join(' + ')}`;
  const [[count, distinct] = []] = await bench.rows('SELECT count(), uniqExact(event_id) FROM bartizan.cloudtrail');
  same('P12 events', [count, distinct], [events, events]);
  const [[sum = 0] = []] = await bench.rows(`SELECT sum(${length}) FROM bartizan.cloudtrail`);
  // Without the commas between records, and {"Records":[]} of each file.
  same('P12 bytes of text', Number(sum), text - (events - files.length) - files.length * '{"Records":[]}'.length);
}

async function size(bench: Bench, { packed }: WrittenEvents): Promise<Result> {
  await bench.command('OPTIMIZE TABLE bartizan.cloudtrail FINAL');
  const [[bytes = 0, rows = 1] = []] = await bench.rows(
    "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active AND database = 'bartizan' AND table = 'cloudtrail'",
  );
  const [[frame = 0] = []] = await bench.rows(
    "SELECT sum(column_data_compressed_bytes) FROM system.parts_columns WHERE active AND database = 'bartizan' AND table = 'cloudtrail' AND column = 'frame'",
  );
  const ours = Number(bytes) / Number(rows);
  const theirs = packed / Number(rows);
  console.log(`     of ${ours.toFixed(1)} B an event the frame of its text is ${(Number(frame) / Number(rows)).toFixed(1)}`);
  return {
    name: 'P12',
    what: 'bytes an event on disk, its text included / gz',
    direction: 'at most',
    goal: 1,
    ratio: ours / theirs,
    low: ours / theirs,
    high: ours / theirs,
    ours,
    yardstick: theirs,
    unit: 'B',
  };
}
