/** The process that has the store which deduplication-log.test.ts asks for: two inserts under a token each, then it says so and waits to be killed. */
import { openEmbedded } from '../../src/store/embedded.ts';

const store = await openEmbedded({ path: process.argv[2] as string });
for (const text of [
  'CREATE TABLE bartizan.probe (x UInt32) ENGINE = MergeTree PARTITION BY intDiv(x, 10) ORDER BY x SETTINGS non_replicated_deduplication_window = 100',
  "INSERT INTO bartizan.probe SETTINGS insert_deduplication_token = 'one' VALUES (1)",
  "INSERT INTO bartizan.probe SETTINGS insert_deduplication_token = 'two' VALUES (2)",
])
  await store.command({ text, params: {} });
process.stdout.write('ready\n');
setInterval(() => undefined, 1000);
