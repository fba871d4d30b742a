/** `npm run bench [-- ingest|queries]`: every goal that can be measured here, one line each. */
import { ingestGoals } from './ingest.ts';
import { line, machine } from './measure.ts';
import { queryGoals } from './queries.ts';

const GROUPS = { ingest: ingestGoals, queries: queryGoals } as const;

const asked = process.argv.slice(2);
console.log(machine());
for (const [name, measure] of Object.entries(GROUPS)) {
  if (asked.length && !asked.includes(name)) continue;
  for (const result of await measure()) console.log(line(result));
}
