/** One ingest of a folder into a fresh data directory; prints the milliseconds. Run by P3 on chosen cores. */
import { time } from './measure.ts';
import { openBench } from './workspace.ts';

const folder = process.argv[2] as string;
const bench = await openBench('p3');
// Threads start and databases are touched before the clock does.
await bench.pipeline.ingest([folder]);
await bench.command('TRUNCATE TABLE bartizan.vpc_flow');
console.log(await time(() => bench.pipeline.ingest([folder], { again: true })));
await bench.close();
