/**
 * Queries of the documentation and the content, spliced and mutated: steps of one behind those of another, names, constants and
 * functions in each other's place, windows without records. Each is answered, or refused in the language's words; what is answered says
 * as many rows when the query is printed and asked again. More of them: `BARTIZAN_RUNS=2000 BARTIZAN_SEED=7`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { ApiError, QueryResponse } from '../../src/api/contract.ts';
import { AGGREGATES } from '../../src/query/aggregates.ts';
import { FUNCTIONS } from '../../src/query/functions/index.ts';
import { compile, parse, print } from '../../src/query/index.ts';
import { lex, type Token } from '../../src/query/lexer.ts';
import { OPERATORS } from '../../src/query/operators/index.ts';
import { ident } from '../../src/query/sql.ts';
import { type EventFixture, openEventFixture } from '../dashboards/event-fixture.ts';
import { insertFlows, makeFlows, random } from '../dashboards/flows.ts';
import { NOW } from './helpers.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Every query of a folder's files, wherever it stands in them. */
function queriesOf(folder: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'query' && typeof inner === 'string') found.push(inner);
      else visit(inner);
    }
  };
  for (const file of readdirSync(join(ROOT, folder))) visit(parseYaml(readFileSync(join(ROOT, folder, file), 'utf8')));
  return found;
}

const examples = [...Object.values(OPERATORS), ...FUNCTIONS, ...AGGREGATES].map((entry) => `| ${entry.example}`);
const QUERIES = [...examples, ...queriesOf('content/dashboards'), ...queriesOf('content/searches')];

/** The scope and the steps of a query; bars of inner queries separate nothing that can be spliced. */
function partsOf(query: string): string[] {
  const tokens = lex(query);
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  for (const token of tokens) {
    if (['(', '['].includes(token.value)) depth++;
    if ([')', ']'].includes(token.value)) depth--;
    if (token.kind === 'end' || (token.kind === 'pipe' && depth === 0)) {
      parts.push(query.slice(start, token.start).trim());
      start = token.end;
    }
  }
  return parts;
}

const PARTS = QUERIES.map(partsOf);
const SCOPES = [...new Set(PARTS.map(([scope = '']) => scope)), '_index=cloudtrail', '_index=vpc_flow', '_index=tgw_flow', '*'];
const STEPS = [...new Set(PARTS.flatMap((parts) => parts.slice(1)))].filter((step) => step !== '' && !step.startsWith('save'));
const WORDS = [
  'srcaddr',
  'dstport',
  'bytes',
  'action',
  'start',
  '_messageTime',
  '_raw',
  '_count',
  '_timeslice',
  'src_country',
  'security_group_ids',
  'tcp_flag_names',
  'eventName',
  'requestParameters',
  'requestParameters.bucketName',
  'resources',
  'userIdentity',
  'is_admin',
  'service',
  'mfa',
  'readOnly',
  'values',
  '_sourceCategory',
  'interface.security_group.names',
  'x',
];
const CONSTANTS = [
  '0',
  '-1',
  '1',
  '1e308',
  '9007199254740993',
  '0.5',
  '5m',
  '""',
  '"a"',
  '"10.0.0.5"',
  '"10.0.0.0/8"',
  '"2001:db8::/32"',
  '"*"',
  '"["',
  '"(?i)x"',
  '/a|b/',
  'null',
  'true',
  '"💥"',
  '"{{x}}"',
  '"%s"',
  '"yyyy"',
];
const CALLS = [...FUNCTIONS.map((f) => f.name), ...AGGREGATES.map((a) => a.name)];
const WINDOWS = [
  ['-24h', 'now'],
  ['-24h', 'now'],
  ['-24h', 'now'],
  ['-1s', 'now'],
  ['all', 'now'],
  ['all', '-40d'],
  ['2026-01-01', '2026-01-02'],
] as const;

const printed = (query: string): string => print(parse(query).query);

type Choose = <T>(things: readonly T[]) => T;

/** A word, a constant or a call of the text in the place of another of its kind, or of another kind. */
function mutated(text: string, choose: Choose): string {
  const tokens = lex(`|${text}`).filter((t) => ['name', 'word', 'number', 'string', 'quoted-name', 'regex'].includes(t.kind));
  if (tokens.length === 0) return text;
  const token = choose<Token>(tokens);
  const called = text[token.end - 1] === '(';
  const instead = choose(called ? [CALLS] : token.kind === 'name' ? [WORDS, WORDS, CONSTANTS] : [CONSTANTS, CONSTANTS, WORDS]);
  return text.slice(0, token.start - 1) + choose<string>(instead) + text.slice(token.end - 1);
}

function madeQuery(choose: Choose): string {
  const count = choose([1, 1, 2, 2, 3, 4, 5]);
  const steps = Array.from({ length: count }, () => choose(STEPS));
  // Steps that belong together, with one that does not.
  const whole = choose(PARTS).slice(1);
  const list = choose([steps, [...whole, choose(STEPS)], [choose(STEPS), ...whole], whole]);
  const wrong = choose([0, 0, 1, 1, 2]);
  for (let i = 0; i < wrong && list.length; i++) {
    const at = choose(list.map((_, place) => place));
    list[at] = mutated(list[at] as string, choose);
  }
  // Of most queries the steps that cannot stand where they are go: what is left reaches the engine.
  const grows = choose([true, true, true, false]);
  return list.reduce((text, step) => (!grows || compile(`${text} | ${step}`, options).ok ? `${text} | ${step}` : text), choose(SCOPES));
}

const options = { from: 0, to: 3600, now: 3600, timeZone: 'UTC', maxRows: 100, relations: { table: ident, absentMask: 0n } };

let fixture: EventFixture;
beforeAll(async () => {
  fixture = await openEventFixture(77);
  await insertFlows(fixture.server.store, makeFlows(5, 300, NOW - 3600, NOW));
});
afterAll(() => fixture.close());

test('are answered or refused in words of the language', async () => {
  const next = random(Number(process.env.BARTIZAN_SEED ?? 1));
  const choose: Choose = (things) => things[Math.floor(next() * things.length)] as (typeof things)[number];
  const counts = { answered: 0, refused: 0 };
  const wrong: string[] = [];
  for (let i = 0; i < Number(process.env.BARTIZAN_RUNS ?? 60); i++) {
    const query = madeQuery(choose);
    const [from, to] = choose(WINDOWS);
    const asked = { from, to, timeZone: choose(['UTC', 'UTC', 'America/St_Johns']), limit: 50 };
    const response = await fixture.server.post('/api/v1/query', { query, ...asked });
    const text = await response.text();
    if (response.status === 200) {
      counts.answered++;
      const { columns, rows } = QueryResponse.parse(JSON.parse(text));
      const again = await fixture.server.post('/api/v1/query', { query: printed(query), ...asked });
      const said = await again.text();
      const same = again.status === 200 ? QueryResponse.parse(JSON.parse(said)) : undefined;
      const names = (list: typeof columns) => list.map((column) => column.name).join();
      // Among rows of one rank the engine chooses.
      const counted = !/limit|top|dedup/.test(query);
      if (same === undefined || names(same.columns) !== names(columns) || (counted && same.rows.length !== rows.length))
        wrong.push(`${query}\n   ${printed(query)}\n   ${rows.length} ${names(columns)}\n   ${said.slice(0, 300)}`);
      continue;
    }
    counts.refused++;
    const { error } = ApiError.parse(JSON.parse(text));
    if (response.status !== 400 || error.code === 'query-refused' || error.code === 'query-failed')
      wrong.push(`${query}\n   ${from} ${to} ${response.status} ${text}`);
  }
  expect(wrong.join('\n')).toBe('');
  expect(counts.answered).toBeGreaterThan(5);
  expect(counts.refused).toBeGreaterThan(5);
}, 3_600_000);
