/**
 * `npm run bench [-- ingest queries language cloudtrail hunt page freshness --write]`: every goal that can be measured here, one line each;
 * `--write` puts the table into docs/performance.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cloudtrailGoals } from './cloudtrail.ts';
import { freshnessGoals } from './freshness.ts';
import { huntGoals } from './hunt.ts';
import { ingestGoals } from './ingest.ts';
import { languageGoals } from './language.ts';
import { line, machine, met, type Result } from './measure.ts';
import { pageGoals } from './page.ts';
import { queryGoals } from './queries.ts';

const GROUPS = {
  ingest: ingestGoals,
  queries: queryGoals,
  language: languageGoals,
  cloudtrail: cloudtrailGoals,
  hunt: huntGoals,
  page: pageGoals,
  freshness: freshnessGoals,
} as const;
const PAGE = new URL('../docs/performance.md', import.meta.url);
const [BEGIN, END] = ['<!-- results: npm run bench -- --write -->', '<!-- end of results -->'];

const asked = process.argv.slice(2).filter((a) => a !== '--write');
const results: Result[] = [];
console.log(machine());
for (const [name, measure] of Object.entries(GROUPS)) {
  if (asked.length && !asked.includes(name)) continue;
  for (const result of await measure()) {
    results.push(result);
    console.log(line(result));
  }
}
if (process.argv.includes('--write')) write(results);

function write(all: readonly Result[]): void {
  const rows = all.map((r) => {
    const sign = r.direction === 'at least' ? '≥' : '≤';
    const number = (v: number) => (v >= 100 ? v.toFixed(0) : v.toPrecision(3));
    return `| ${r.name} | ${r.what} | **${r.ratio.toFixed(2)}×** (${r.low.toFixed(2)}–${r.high.toFixed(2)}) | ${sign} ${r.goal} | ${met(r) ? 'met' : 'missed'} | ${number(r.ours)} ${r.unit} | ${number(r.yardstick)} ${r.unit} |`;
  });
  const table = ['| Goal | What | Ratio (range) | Goal | | Ours | Yardstick |', '|---|---|---|---|---|---|---|', ...rows].join('\n');
  const page = readFileSync(PAGE, 'utf8');
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error('docs/performance.md has lost its result markers');
  writeFileSync(PAGE, `${head}${BEGIN}\n\n${machine()}.\n\n${table}\n\n${END}${tail}`);
}
