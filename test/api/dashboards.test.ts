/** Dashboards that people made: from a search to a panel with the right numbers, and what is refused. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DashboardAnswer, DashboardFile, DashboardList } from '../../src/api/contract/dashboards.ts';
import { parseDashboard } from '../../src/dashboards/load.ts';
import { insertFlows, makeFlows } from '../dashboards/flows.ts';
import { eventsOf, NOW, startServer, type TestServer } from './helpers.ts';

let server: TestServer;
const flows = makeFlows(17, 400, NOW - 3600, NOW);
beforeAll(async () => {
  server = await startServer();
  await insertFlows(server.store, flows);
  await insertFlows(server.store, makeFlows(18, 40, NOW - 20_000, NOW - 10_000));
});
afterAll(() => server.close());

interface Refusal {
  readonly error?: { code: string; message: string; hint?: string };
}
const DASHBOARDS = '/api/v1/dashboards';

async function send(method: string, path: string, body?: object): Promise<[number, DashboardAnswer & Refusal]> {
  const response = await server.call(path, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  return [response.status, response.status === 204 ? ({} as DashboardAnswer) : ((await response.json()) as DashboardAnswer)];
}

async function refused(method: string, path: string, body?: object): Promise<[number, string, string]> {
  const [status, { error }] = await send(method, path, body);
  return [status, error?.code ?? '', `${error?.message} ${error?.hint ?? ''}`];
}

const list = async () => ((await (await server.call(DASHBOARDS)).json()) as DashboardList).dashboards;
const make = async (title: string, more: object = {}) => (await send('POST', DASHBOARDS, { title, ...more }))[1];
const remove = (id: string) => send('DELETE', `${DASHBOARDS}/${id}`);
const TOP = { title: 'Refused, by port', kind: 'bar', query: 'REJECT | count by dest_port', x: 'dest_port', y: '_count' };

describe('an own dashboard', () => {
  test('shows the panel that a search became, with its filters and the right numbers', async () => {
    const made = await make('Night shift');
    expect(made).toMatchObject({ title: 'Night shift', own: true, revision: 1, sections: [], app: 'Own dashboards' });
    const filters = [{ field: 'interfaceID', values: ['eni-1', 'eni-2'] }];
    const [status, added] = await send('POST', `${DASHBOARDS}/${made.id}/panels`, { ...TOP, filters });
    expect([status, added.revision, added.sections.map((s) => s.panels.map((p) => p.id))]).toEqual([201, 2, [['refused-by-port']]]);
    const again = (await send('POST', `${DASHBOARDS}/${made.id}/panels`, { ...TOP, kind: 'table', section: 'panels' }))[1];
    expect(again.sections[0]?.panels.map((p) => [p.id, p.kind])).toEqual([
      ['refused-by-port', 'bar'],
      ['refused-by-port-2', 'table'],
    ]);

    const expected = (keep: (f: (typeof flows)[number]) => boolean) => {
      const groups = Map.groupBy(
        flows.filter((f) => f.action === 'REJECT' && keep(f)),
        (f) => f.dstport,
      );
      return [...groups].map(([port, of]) => [port, of.length]).sort((a, b) => Number(b[1]) - Number(a[1]) || Number(a[0]) - Number(b[0]));
    };
    const events = await eventsOf(await server.post(`${DASHBOARDS}/${made.id}/run`, { from: '-1h' }));
    const rowsOf = (panel: string) => events.find((e) => e.type === 'panel' && e.panel === panel);
    expect(rowsOf('refused-by-port')).toMatchObject({ state: 'data', rows: expected((f) => ['eni-1', 'eni-2'].includes(f.interface_id)) });
    expect(rowsOf('refused-by-port-2')).toMatchObject({ state: 'data', rows: expected(() => true) });
    await remove(made.id);
  });

  test('is listed before those that ship, kept, changed and removed', async () => {
    const made = await make('Mine', { description: 'What I look at.', window: 900 });
    expect((await list())[0]).toEqual({ id: made.id, title: 'Mine', description: 'What I look at.', app: 'Own dashboards', own: true });
    expect((await list()).find((d) => d.id === 'vpc-overview')).toMatchObject({ own: false });
    await send('POST', `${DASHBOARDS}/${made.id}/panels`, TOP);
    const [, renamed] = await send('PUT', `${DASHBOARDS}/${made.id}`, { title: 'Ours', revision: 2 });
    expect(renamed).toMatchObject({ title: 'Ours', revision: 3, window: 900, description: 'What I look at.' });
    expect(renamed.sections[0]?.panels.length).toBe(1);
    expect((await refused('PUT', `${DASHBOARDS}/${made.id}`, { title: 'Theirs', revision: 2 })).slice(0, 2)).toEqual([409, 'edited-meanwhile']);
    const [, emptied] = await send('DELETE', `${DASHBOARDS}/${made.id}/panels/refused-by-port`);
    expect(emptied.sections[0]?.panels).toEqual([]);
    expect((await refused('DELETE', `${DASHBOARDS}/${made.id}/panels/refused-by-port`)).slice(0, 2)).toEqual([404, 'not-found']);
    expect((await remove(made.id))[0]).toBe(204);
    expect((await refused('GET', `${DASHBOARDS}/${made.id}`)).slice(0, 2)).toEqual([404, 'not-found']);
  });

  test('is a copy of one that ships, panel by panel', async () => {
    const made = await make('My overview', { copyOf: 'vpc-overview' });
    const [, shipped] = await send('GET', `${DASHBOARDS}/vpc-overview`);
    expect(shipped).toMatchObject({ own: false, revision: 0 });
    expect(made.sections).toEqual(shipped.sections);
    expect(made).toMatchObject({ own: true, variables: shipped.variables, description: shipped.description });
    await remove(made.id);
  });
});

describe('refused', () => {
  test('to change what ships', async () => {
    const path = `${DASHBOARDS}/vpc-overview`;
    const answers = [await refused('PUT', path, { title: 'X' }), await refused('DELETE', path), await refused('POST', `${path}/panels`, TOP)];
    for (const answer of [...answers, await refused('DELETE', `${path}/panels/threat-source-hits`)]) {
      expect(answer).toEqual([403, 'read-only', expect.stringContaining('Duplicate it')]);
    }
  });

  test('a panel whose query is wrong, or does not make what the panel draws', async () => {
    const { id } = await make('Wrong');
    const add = (panel: object) => refused('POST', `${DASHBOARDS}/${id}/panels`, { ...TOP, ...panel });
    expect(await add({ query: 'REJECT | count by dest_prot' })).toEqual([400, 'unknown-field', expect.stringContaining('Panel “Refused, by port”')]);
    expect(await add({ y: 'sum' })).toEqual([400, 'invalid-dashboard', expect.stringContaining('It makes: dest_port, _count')]);
    expect(await add({ y: undefined })).toEqual([400, 'invalid-dashboard', expect.stringContaining('must name the column of its y')]);
    expect(await add({ filters: [{ field: 'nonsense', values: ['1'] }] })).toEqual([400, 'invalid-dashboard', expect.stringContaining('nonsense')]);
    expect((await add({ kind: 'pie' }))[1]).toBe('invalid-request');
    expect((await add({ section: 'other' })).slice(0, 2)).toEqual([404, 'not-found']);
    expect((await send('GET', `${DASHBOARDS}/${id}`))[1].revision).toBe(1);
    await remove(id);
  });

  test('a title that is taken, and a whole dashboard with a wrong part', async () => {
    const { id } = await make('Taken');
    expect((await refused('POST', DASHBOARDS, { title: 'taken' })).slice(0, 2)).toEqual([409, 'name-taken']);
    expect((await refused('POST', DASHBOARDS, { title: 'B', copyOf: 'nowhere' })).slice(0, 2)).toEqual([404, 'not-found']);
    const panel = { id: 'a', description: '', ...TOP };
    const twice = { sections: [{ id: 's', title: 'S', panels: [panel, panel] }] };
    expect(await refused('PUT', `${DASHBOARDS}/${id}`, twice)).toEqual([400, 'invalid-dashboard', expect.stringContaining('used twice')]);
    const variables = [{ id: 'v', title: 'V', field: 'nonsense' }];
    expect((await refused('PUT', `${DASHBOARDS}/${id}`, { variables })).slice(0, 2)).toEqual([400, 'invalid-dashboard']);
    await remove(id);
  });

  test('more than a dashboard holds, and a stored one of other rules', async () => {
    const { id } = await make('Limits');
    const put = (body: object) => refused('PUT', `${DASHBOARDS}/${id}`, body);
    const panels = Array.from({ length: 201 }, (_, i) => ({ id: `p${i}`, description: '', ...TOP }));
    const halves = [panels.slice(0, 100), panels.slice(100)].map((list, i) => ({ id: `s${i}`, title: 'S', panels: list }));
    expect(await put({ sections: halves })).toEqual([400, 'invalid-dashboard', expect.stringContaining('at most 200 panels')]);
    const one = (more: object) => ({ sections: [{ id: 's', title: 'S', panels: [{ id: 'a', description: '', ...TOP, ...more }] }] });
    for (const more of [{ query: `REJECT // ${'x'.repeat(65_536)}` }, { title: 'x'.repeat(201) }, { width: 25 }, { x: 'x'.repeat(501) }, { owner: 'me' }]) {
      expect((await put(one(more))).slice(0, 2)).toEqual([400, 'invalid-request']);
    }
    expect(await put(one({ kind: 'table', totals: ['_count', 'bytes'] }))).toEqual([
      400,
      'invalid-dashboard',
      expect.stringContaining('its totals is “bytes”'),
    ]);
    const database = new Database(join(server.folder, 'metadata.db'));
    database.prepare('UPDATE item SET body = ? WHERE id = ?').run('{"sections":[{"id":"s"}]}', id);
    database.close();
    expect((await list()).find((d) => d.id === id)).toMatchObject({ title: 'Limits', own: true });
    expect((await refused('GET', `${DASHBOARDS}/${id}`)).slice(0, 2)).toEqual([400, 'invalid-dashboard']);
    expect((await remove(id))[0]).toBe(204);
  });
});

describe('a preview', () => {
  const panel = { id: 'p', description: '', ...TOP };
  const preview = (body: object) => server.post(`${DASHBOARDS}/preview`, { from: '-1h', ...body });

  test('computes panels that are saved nowhere, each failing alone, with the filters and its own window', async () => {
    const before = await list();
    const content = [
      panel,
      { ...panel, id: 'wrong', query: 'REJECT | cuont' },
      { ...panel, id: 'old', kind: 'value', query: '* | count', y: '_count', window: 25_000 },
    ];
    const filters = [{ field: 'interfaceID', values: ['eni-1'] }];
    const events = await eventsOf(await preview({ content, filters }));
    const of = (id: string) => events.find((e) => (e.type === 'panel' || e.type === 'error') && e.panel === id);
    const refusals = flows.filter((f) => f.action === 'REJECT' && f.interface_id === 'eni-1');
    const shown = of('p');
    expect(shown).toMatchObject({ state: 'data' });
    expect(shown?.type === 'panel' && shown.rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(refusals.length);
    expect(refusals.length).toBeGreaterThan(0);
    expect(of('wrong')).toMatchObject({ type: 'error', error: { code: 'unknown-operator' } });
    const more = await eventsOf(await preview({ content: content.slice(2) }));
    expect(more.find((e) => e.type === 'panel')).toMatchObject({ rows: [[440]] });
    expect(await list()).toEqual(before);
  });

  test('takes panels of the schema only, each once', async () => {
    const code = async (content: unknown) => ((await (await preview({ content: content as object })).json()) as Refusal).error?.code;
    expect(await code([])).toBe('invalid-request');
    expect(await code([{ ...panel, kind: 'pie' }])).toBe('invalid-request');
    expect(await code(Array.from({ length: 201 }, (_, i) => ({ ...panel, id: `p${i}` })))).toBe('invalid-request');
    expect(await code([panel, panel])).toBe('invalid-dashboard');
  });
});

describe('a file', () => {
  const file = async (id: string) => (await (await server.call(`${DASHBOARDS}/${id}/file`)).json()) as DashboardFile & Refusal;
  const bring = (text: string, more: object = {}) => send('POST', `${DASHBOARDS}/import`, { text, ...more });

  test('goes out, comes in as the same, and out again as the same bytes', async () => {
    const made = await make('Ports & people', { variables: [{ id: 'v', title: 'Port', field: 'dest_port' }], window: 900 });
    expect((await file(made.id)).error?.code).toBe('invalid-dashboard');
    await send('POST', `${DASHBOARDS}/${made.id}/panels`, {
      ...TOP,
      query: 'REJECT\n| count by dest_port',
      meaning: 'reject',
      filters: [{ field: 'src_ip', values: ['10.*'], negate: true }],
    });
    const out = await file(made.id);
    expect(out.name).toBe('ports-people.yaml');
    expect(parseDashboard(out.text, out.name)).toMatchObject({ id: 'ports-people', title: 'Ports & people', window: 900 });
    // Its title is taken while it is there.
    expect((await refused('POST', `${DASHBOARDS}/import`, { text: out.text })).slice(0, 2)).toEqual([409, 'name-taken']);
    await remove(made.id);
    const [status, back] = await bring(out.text);
    expect([status, back.own]).toEqual([201, true]);
    expect((await file(back.id)).text).toBe(out.text);

    const [, other] = await bring(out.text, { title: 'Another' });
    expect(other).toMatchObject({ title: 'Another', sections: back.sections });
    const changed = out.text.replace('window: 900', 'window: 1800');
    const [, replaced] = await bring(changed, { replace: back.id });
    expect(replaced).toMatchObject({ id: back.id, window: 1800, revision: 2 });
    expect((await refused('POST', `${DASHBOARDS}/import`, { text: out.text, replace: 'vpc-overview' })).slice(0, 2)).toEqual([403, 'read-only']);
    await remove(back.id);
    await remove(other.id);
  });

  test('of one that ships is the dashboard itself', async () => {
    const { name, text } = await file('vpc-overview');
    expect(name).toBe('vpc-overview.yaml');
    expect(parseDashboard(text, name)).toEqual(server.deps.dashboards.find((d) => d.id === 'vpc-overview'));
    const [status, made] = await bring(text);
    expect([status, made.own, made.app, made.sections]).toEqual([201, true, 'Own dashboards', parseDashboard(text, name).sections]);
    await remove(made.id);
  });

  test('with mistakes is refused with their lines and paths, and changes nothing', async () => {
    const before = await list();
    const head = 'id: d\ntitle: D\ndescription: ""\nuseCase: ""\napp: ""\nsections:\n  - id: s\n    title: S\n    panels:\n';
    const entry = (lines: readonly string[]) => lines.map((line, i) => `${i === 0 ? '      - ' : '        '}${line}\n`).join('');
    const good = ['id: a', 'title: A', 'description: ""', 'kind: table', 'query: "* | count by action"'];
    const problems = async (text: string) => {
      const [status, { error }] = await bring(text);
      return [status, error?.code, (error as { problems?: { line: number; path: string; message: string }[] } | undefined)?.problems];
    };
    expect(await problems(head + entry([...good, 'owner: me']) + entry(['id: b', 'title: B', 'description: ""', 'kind: pie', 'query: "*"']))).toEqual([
      400,
      'invalid-dashboard',
      [
        { line: 10, path: 'sections.0.panels.0', message: expect.stringContaining('owner') },
        { line: 19, path: 'sections.0.panels.1.kind', message: expect.any(String) },
      ],
    ]);
    const wrongQueries =
      head +
      entry(good.with(4, 'query: "* | cuont"')) +
      entry(['id: b', 'title: B', 'description: ""', 'kind: bar', 'x: nobody', 'y: _count', 'query: "* | count"']);
    expect(await problems(wrongQueries)).toEqual([
      400,
      'invalid-dashboard',
      [
        { line: 14, path: 'sections.0.panels.0.query', message: expect.stringContaining('cuont') },
        { line: 21, path: 'sections.0.panels.1.query', message: expect.stringContaining('nobody') },
      ],
    ]);
    expect(await problems('a: [')).toEqual([400, 'invalid-dashboard', [{ line: expect.any(Number), path: '', message: expect.stringContaining('YAML') }]]);
    expect((await refused('POST', `${DASHBOARDS}/import`, { text: 'x'.repeat(900 * 1024 + 1) })).slice(0, 2)).toEqual([400, 'invalid-request']);
    expect(await list()).toEqual(before);
  });
});
