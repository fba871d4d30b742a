/** `npm run bench [P1 …]`: every goal that can be measured here, one line each. */
import { ingestGoals } from './ingest.ts';
import { line, machine } from './measure.ts';

console.log(machine());
for (const result of await ingestGoals()) console.log(line(result));
