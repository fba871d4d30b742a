/** Field extraction rules over HTTP: made, tried, changed, refused. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rule, RuleList, type RuleNew, RuleTestResponse } from '../../src/api/contract/rules.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { Samples } from '../../src/ingest/samples.ts';
import { readSpec } from '../query/spec.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

const PATH = '/api/v1/extraction-rules';
const LINE = '2 123456789012 eni-0a1 10.0.0.5 198.51.100.7 51000 443 6 10 840 1700000000 1700000060 ACCEPT OK';
const SOURCE_RULE = (readSpec(join(import.meta.dirname, '../query/spec/sources.yaml')).evals[0]?.query ?? '').split('\n').slice(0, 3).join('\n');

let first: TestServer;
let server: TestServer;
beforeAll(async () => {
  first = await startServer();
  const staging = join(first.folder, 'staging');
  await mkdir(staging);
  const trials = new Samples({ store: first.store, staging, enricher: createEnricher({}, { internalNetworks: [] }), now: () => NOW });
  server = await startServer({ deps: { store: first.store, trials } });
});
afterAll(async () => {
  await server.close();
  await first.close();
});

const put = (id: string, body: unknown) =>
  server.call(`${PATH}/${id}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const remove = (id: string) => server.call(`${PATH}/${id}`, { method: 'DELETE' });
const list = async () => RuleList.parse(await (await server.call(PATH)).json());
const rule = (more: Partial<RuleNew>): Partial<RuleNew> => ({ name: 'users', expression: 'parse "user=*," as user', at: 'ingest', ...more });
const refusal = async (response: Response) => {
  const { error } = (await response.json()) as { error: { code: string; in?: string; span?: { start: number; end: number }; hint?: string; message: string } };
  return { status: response.status, ...error };
};
const tested = async (body: object) => RuleTestResponse.parse(await (await server.post(`${PATH}/test`, body)).json());

it('keeps rules: made, listed, changed once by whoever saw them last, removed', async () => {
  const made = await server.post(PATH, rule({ scope: '_sourceCategory=app', samples: ['user=ann, x'] }));
  expect(made.status).toBe(201);
  const saved = Rule.parse(await made.json());
  expect(saved).toMatchObject({ name: 'users', at: 'ingest', enabled: true, fields: ['user'], samples: ['user=ann, x'], diagnostics: [], revision: 1 });
  expect(await list()).toEqual({ rules: [saved], fields: { names: ['user'], most: 200 } });
  const changed = Rule.parse(await (await put(saved.id, { expression: 'parse "user=*," as login', revision: 1 })).json());
  expect(changed).toMatchObject({ name: 'users', fields: ['login'], revision: 2, scope: '_sourceCategory=app' });
  expect(await refusal(await put(saved.id, { enabled: false, revision: 1 }))).toMatchObject({ status: 409, code: 'edited-meanwhile' });
  expect(await refusal(await server.post(PATH, rule({ name: 'USERS' })))).toMatchObject({ status: 409, code: 'name-taken' });
  expect((await put(saved.id, { enabled: false, revision: 2 })).status).toBe(200);
  expect((await remove(saved.id)).status).toBe(204);
  expect(await refusal(await remove(saved.id))).toMatchObject({ status: 404, code: 'not-found' });
  expect((await list()).rules).toEqual([]);
  expect((await fetch(server.base + PATH)).status).toBe(401);
});

it('tries a rule as it will run: one at ingest reads no field of another', async () => {
  const { id } = Rule.parse(await (await server.post(PATH, rule({}))).json());
  const reader = { expression: 'concat(user, "!") as loud', samples: [LINE] };
  expect(await tested({ ...reader, at: 'query' })).toMatchObject({ diagnostics: [], fields: ['loud'] });
  expect(await tested({ ...reader, at: 'ingest' })).toMatchObject({ diagnostics: [{ code: 'unknown-field', in: 'expression', span: { start: 7, end: 11 } }] });
  expect(await refusal(await server.post(PATH, rule({ name: 'loud', ...reader })))).toMatchObject({ status: 400, code: 'unknown-field' });
  await remove(id);
});

describe('what cannot be a rule is refused with its place', () => {
  const REFUSED: readonly [Partial<RuleNew>, { code: string; in: string; at: string }][] = [
    [{ expression: 'parse "user=*" as user | count by user' }, { code: 'rule-operator', in: 'expression', at: 'count by user' }],
    [{ expression: 'parse regex "(?<x>\\d)" multi' }, { code: 'rule-operator', in: 'expression', at: 'parse regex "(?<x>\\d)" multi' }],
    [{ expression: 'json auto | a as b' }, { code: 'rule-operator', in: 'expression', at: 'json auto' }],
    [{ expression: 'json "a" as b | sort b' }, { code: 'rule-operator', in: 'expression', at: 'sort b' }],
    [{ expression: 'parse "a*" as src_ip' }, { code: 'no-fields', in: 'expression', at: 'parse "a*" as src_ip' }],
    [{ expression: 'where true' }, { code: 'no-fields', in: 'expression', at: 'where true' }],
    [{ expression: 'parse "a*" as %"x`); DROP TABLE y"' }, { code: 'bad-name', in: 'expression', at: '%"x`); DROP TABLE y"' }],
    [{ expression: 'parse "a*" as _secret' }, { code: 'bad-name', in: 'expression', at: '_secret' }],
    [{ expression: 'parse "a*" as a | where usr = 1' }, { code: 'unknown-field', in: 'expression', at: 'usr' }],
    [{ expression: 'parse "a* as a' }, { code: 'unclosed-quote', in: 'expression', at: '"' }],
    [{ scope: 'acton=ACCEPT' }, { code: 'unknown-field', in: 'scope', at: 'acton' }],
    [{ scope: 'a | count' }, { code: 'unexpected-token', in: 'scope', at: '|' }],
    [{ scope: 'a or' }, { code: 'unexpected-end', in: 'scope', at: 'r' }],
    [{ scope: 'json "a" | count' }, { code: 'unexpected-token', in: 'scope', at: '|' }],
    [{ scope: 'user={{me}}' }, { code: 'unknown-field', in: 'scope', at: 'user' }],
  ];
  it.each(REFUSED)('%j', async (given, { at, ...expected }) => {
    const { span, ...error } = await refusal(await server.post(PATH, rule(given)));
    expect(error).toMatchObject({ status: 400, ...expected });
    const text = (expected.in === 'scope' ? given.scope : given.expression) ?? '';
    expect(text.slice(span?.start, span?.end)).toBe(at);
    const { diagnostics } = await tested({ scope: given.scope ?? '', expression: given.expression ?? 'parse "user=*," as user' });
    expect(diagnostics[0]).toMatchObject({ ...expected, span });
  });

  it('says when there would be too many fields, whoever made the others', async () => {
    const names = (from: number, count: number) => Array.from({ length: count }, (_, i) => `f${from + i}`);
    const parse = (fields: string[]) => `split _raw extract ${fields.join(', ')}`;
    expect((await server.post(PATH, rule({ name: 'many', expression: parse(names(0, 150)) }))).status).toBe(201);
    expect(await refusal(await server.post(PATH, rule({ name: 'more', expression: parse(names(149, 52)) })))).toMatchObject({
      status: 422,
      code: 'too-many-fields',
    });
    expect((await server.post(PATH, rule({ name: 'more', expression: parse(names(149, 51)) }))).status).toBe(201);
    for (const { id } of (await list()).rules) await remove(id);
  });

  it('takes what is long, odd or hostile, and the engine’s no for an answer', async () => {
    const long = `parse regex "(?<x>${'(?:a|aa)+'.repeat(1000)}$)" nodrop`;
    const answers = [
      await server.post(PATH, rule({ name: 'long', expression: long })),
      await server.post(PATH, rule({ name: 'grows', expression: 'parse regex "(?<x>((a{900}){900}))"' })),
      await server.post(PATH, rule({ name: 'naïve – 日本', expression: 'parse "名*;" as 名前 nodrop | "\'; DROP TABLE bartizan.vpc_flow --" as Größe' })),
    ];
    const refused = await Promise.all(answers.map(async (r) => (r.status === 201 ? 201 : (await refusal(r)).code)));
    expect(refused).toEqual([201, 'rule-refused', 201]);
    expect(
      await tested({ expression: 'parse regex "^(?<x>(a+)+)$" | concat(x, "}\'`\\\\") as y', samples: ['a'.repeat(60_000), `${'a'.repeat(60_000)}!`] }),
    ).toMatchObject({
      samples: [{ matched: true, values: { y: `${'a'.repeat(60_000)}}'\`\\` } }, { matched: false }],
    });
    for (const { id } of (await list()).rules) await remove(id);
  });
});

describe('samples', () => {
  it('the rule of the source takes a plain line and a forwarder’s object', async () => {
    const { fields, stored, samples } = await tested({
      scope: '_sourceCategory=Labs/vpc',
      expression: SOURCE_RULE,
      sourceCategory: 'Labs/vpc',
      samples: [LINE, JSON.stringify({ logStream: 's', logGroup: 'g', message: LINE, direction: 'in' })],
    });
    expect(fields).toEqual(['msg']);
    expect(stored).toEqual(expect.arrayContaining(['logStream', 'accountID', 'src_ip', 'bytes', 'status']));
    expect(stored).toHaveLength(17);
    const taken = { msg: LINE, src_ip: '10.0.0.5', dest_port: '443', bytes: '840', EndSample: '1700000060', status: 'OK' };
    expect(samples).toMatchObject([
      { inScope: true, matched: true, missed: null, problem: null, values: { ...taken, logStream: null } },
      { inScope: true, matched: true, missed: null, problem: null, values: { ...taken, logStream: 's', direction: 'in' } },
    ]);
  });

  it('says which step found nothing, what is out of scope, and what would not be stored', async () => {
    const expression = 'parse "* * eni-* " as a, b, eni | json "user" as user | where user = "ann"';
    const { samples } = await tested({ scope: 'REJECT', expression, samples: [LINE, LINE.replace('ACCEPT', 'REJECT'), 'user is not here'] });
    expect(samples).toMatchObject([
      { inScope: false, matched: false, missed: null, values: { eni: null } },
      { inScope: true, matched: false, missed: { step: 2, text: 'json "user" as user', span: { start: 34, end: 53 } }, values: { eni: null } },
      { inScope: false, matched: false, problem: { code: 'too-few-fields' } },
    ]);
    const { samples: found } = await tested({ expression: 'json "user" as user | where user = "ann"', samples: ['{"user":"ann"}', '{"user":"bob"}'] });
    expect(found).toMatchObject([
      { matched: true, values: { user: 'ann' }, problem: { code: 'unknown-json-shape' } },
      { matched: false, missed: { step: 2, text: 'where user = "ann"' } },
    ]);
  });
});

it('shows what a rule stored: in records, their documents, values and searches', async () => {
  expect((await server.post(PATH, rule({ name: 'owners', expression: 'parse "owner=*;" as Owner' }))).status).toBe(201);
  const row = `${NOW - 60}, ${2n ** 64n - 1n}, 'owner=kim; x', map('Owner', 'kim')), (${NOW - 30}, ${2n ** 64n - 1n}, 'nobody', map()`;
  await server.store.command({ text: `INSERT INTO bartizan.vpc_flow (start, absent, raw_exact, extracted) VALUES (${row})`, params: {} });
  const json = async (response: Response) => (await response.json()) as Record<string, unknown>;
  const found = await json(await server.post('/api/v1/records', { query: 'owner=k*', from: '-1h' }));
  expect(found).toMatchObject({ total: 1, records: [{ raw: 'owner=kim; x', fields: { Owner: 'kim' }, document: { labels: { Owner: 'kim' } } }] });
  const all = (await json(await server.post('/api/v1/records', { from: '-1h' }))) as { records: { fields: object; document: object }[] };
  expect(all.records.map((r) => ['Owner' in r.fields, 'labels' in r.document])).toEqual([
    [false, false],
    [true, true],
  ]);
  expect(await json(await server.call('/api/v1/values?field=OWNER&prefix=K&from=-1h'))).toEqual({ values: [{ value: 'kim', count: 1 }] });
  const run = { from: '-1h', filters: [{ field: 'Owner', values: ['kim'] }], panels: [] };
  expect((await server.post('/api/v1/dashboards/vpc-overview/run', run)).status).toBe(200);
  expect((await server.post('/api/v1/dashboards/vpc-overview/run', { ...run, filters: [{ field: 'ownr', values: ['kim'] }] })).status).toBe(400);
  const asked = { query: '| where isNull(owner) | count', from: '-1h' };
  expect(await json(await server.post('/api/v1/query', asked))).toMatchObject({ rows: [[1]] });
});
