/** P9: from the notification of an object of 1,000 records until a query counts them all, beside unpacking, inserting and counting the same object. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { Aws, flowFile, KEYS, nativeEvent, REGION } from '../test/collect/s3/aws.ts';
import { V2 } from './flows.ts';
import { type Result, time } from './measure.ts';
import { serveBench } from './served.ts';
import { BENCH_DIR, openBench } from './workspace.ts';

const OBJECTS = Number(process.env.BENCH_OBJECTS ?? 100);
const RECORDS = 1000;
/** Between an answer and the next question: who asks shares the cores with what is measured. */
const ASK_EVERY_MS = 5;
const STRUCTURE = V2.split(' ')
  .map((name) => `\`${name}\` String`)
  .join(', ');

export async function freshnessGoals(): Promise<Result[]> {
  const folder = resolve(BENCH_DIR, 'fresh');
  rmSync(folder, { recursive: true, force: true });
  const end = Math.floor(Date.now() / 1000) - 60;
  const aws = await Aws.start();
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const server = await serveBench(data);
  const ours: number[] = [];
  try {
    await aws.s3.send(new CreateBucketCommand({ Bucket: 'flow-logs' }));
    aws.server.createQueue('notifications');
    const { id } = await server.call<{ id: string }>('/api/v1/collectors', { name: 'bench' });
    const connection = { mode: 'queue', queue: 'notifications', region: REGION, endpoint: aws.endpoint, queueEndpoint: aws.endpoint, credentials: KEYS };
    await server.call('/api/v1/sources', { collector: id, kind: 's3', name: 'bench', sourceCategory: 'bench', connection });
    let before = 0;
    for (let i = 0; i < OBJECTS; i++) {
      const lines = Array.from({ length: RECORDS }, (_, n) => line(i * RECORDS + n, end));
      const body = flowFile(lines);
      const key = `AWSLogs/123456789012/vpcflowlogs/${REGION}/2026/11/25/${i}.log.gz`;
      const etag = await aws.put('flow-logs', key, body);
      writeFileSync(join(folder, `${i}.gz`), body);
      await wait(20);
      const took = await time(async () => {
        aws.send('notifications', nativeEvent([{ bucket: 'flow-logs', key, etag, size: body.length }]));
        for (;;) {
          const { rows } = await server.call<{ rows: [number][] }>('/api/v1/query', { query: '_sourceCategory=bench | count', from: '-1h', limit: 1 });
          if (Number(rows[0]?.[0] ?? 0) === before + RECORDS) return;
          await wait(ASK_EVERY_MS);
        }
      });
      before += RECORDS;
      if (i >= OBJECTS / 10) ours.push(took);
    }
  } finally {
    await server.stop();
    await aws.stop();
  }
  const yardstick = await plainly(folder);
  const [a, b] = [p95(ours), p95(yardstick)];
  const low = Math.min(...ours) / b;
  return [
    {
      name: 'P9',
      what: `S3 object of ${RECORDS} records, notified through SQS → counted by a query, p95 of ${ours.length} / gunzip, insert by the engine's own parser and count, p95`,
      direction: 'at most',
      goal: 3,
      ratio: a / b,
      low,
      high: Math.max(...ours) / b,
      ours: a,
      yardstick: b,
      unit: 'ms',
    },
  ];
}

/** The same objects into a table of texts. */
async function plainly(folder: string): Promise<number[]> {
  const bench = await openBench('fresh-plain');
  await bench.command(`CREATE TABLE bartizan.plain (${STRUCTURE}) ENGINE = MergeTree ORDER BY tuple()`);
  const took: number[] = [];
  for (let i = 0; i < OBJECTS; i++) {
    const file = join(folder, `${i}.gz`);
    const ms = await time(async () => {
      await bench.command(
        `INSERT INTO bartizan.plain SELECT * FROM file('${file}', 'CustomSeparatedWithNames', '${STRUCTURE}') SETTINGS format_custom_field_delimiter = ' ', format_custom_escaping_rule = 'CSV'`,
      );
      await bench.rows('SELECT count() FROM bartizan.plain');
    });
    if (i >= OBJECTS / 10) took.push(ms);
  }
  await bench.close();
  return took;
}

function line(n: number, end: number): string {
  return `2 123456789012 eni-${n % 7} 10.0.${n % 200}.${n % 250} 198.51.100.${n % 200} ${1024 + (n % 60_000)} 443 6 3 ${1000 + (n % 3000)} ${end - 60} ${end} ACCEPT OK`;
}

function p95(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.floor(sorted.length * 0.95)] ?? 0;
}
