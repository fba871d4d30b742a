/** Stores as a server does while the engine is slow, and ends on a signal. Arguments: data directory, seconds of the statement, milliseconds of patience. */
import { onInterrupt } from '../../src/cli/interrupt.ts';
import { openEmbedded } from '../../src/store/embedded.ts';

const [path = '', seconds = '', patience = ''] = process.argv.slice(2);
const store = await openEmbedded({ path });
const text = `INSERT INTO bartizan.vpc_flow (start) SELECT toDateTime(1700000000 + number + sleepEachRow(0.1), 'UTC') FROM numbers(${Number(seconds) * 10}) SETTINGS function_sleep_max_microseconds_per_block = 10000000000`;
const stored = store.command({ text, params: {} }, { lane: 'ingest', id: 'slow', maxSeconds: 0 });
while (!(await store.progress('slow'))) await new Promise((tick) => setTimeout(tick, 20));
const ended = new Promise<void>((resolve) => {
  const waitsFor = () => '1 batch that is being stored';
  onInterrupt(['SIGTERM'], () => resolve(), { milliseconds: Number(patience), waitsFor });
});
console.log('storing');
await ended;
console.log('ending');
await stored;
await store.close();
console.log('ended');
