/** The process that crash.test.ts kills: ingests FOLDER/logs in small batches and prints its summary. */
import { join } from 'node:path';
import { openPlace } from './helpers.ts';

const directory = process.argv[2] as string;
const place = await openPlace({ directory, batchRows: 4000 });
process.stdout.write('open\n');
const summary = await place.pipeline.ingest([join(directory, 'logs')]);
await place.close();
process.stdout.write(`${JSON.stringify(summary)}\n`);
