/** Yardstick of P12: unpacks and parses the files that it is sent, and answers with the number of their records. */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';

parentPort?.on('message', (files: readonly string[]) => {
  let records = 0;
  for (const file of files) records += (JSON.parse(gunzipSync(readFileSync(file)).toString()) as { Records: unknown[] }).Records.length;
  parentPort?.postMessage(records);
});
