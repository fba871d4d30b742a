/** Dashboards that people made: from a search to a panel with the right numbers, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DashboardAnswer, DashboardList } from '../../src/api/contract/dashboards.ts';
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
});
