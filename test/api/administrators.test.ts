/** The list of administrators over real HTTP, and what it makes of events that are stored already. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMINISTRATOR_LIMITS, type Administrator, type AdministratorList } from '../../src/api/contract/administrators.ts';
import type { ApiError, QueryResponse } from '../../src/api/contract.ts';
import { openCatalogs } from '../../src/store/catalog.ts';
import { startTrailServer, type TrailServer } from '../dashboards/raw-events.ts';
import { NOW } from './helpers.ts';

const PATH = '/api/v1/administrators';
let id = 0;

function event(userIdentity: object): object {
  return {
    eventVersion: '1.08',
    userIdentity,
    eventTime: new Date((NOW - 100 - id) * 1000).toISOString(),
    eventSource: 's3.amazonaws.com',
    eventName: 'ListBuckets',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '203.0.113.7',
    eventID: `e${id++}`,
  };
}

const user = (name: string, path = '') => event({ type: 'IAMUser', arn: `arn:aws:iam::111122223333:user/${path}${name}`, userName: name });
const session = (role: string, name: string, path = '', account = '111122223333') =>
  event({
    type: 'AssumedRole',
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${name}`,
    sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${account}:role/${path}${role}`, userName: role } },
  });

const EVENTS = [
  user('ann'),
  user('annabel'),
  user('a.n'),
  user('axn'),
  user('100%'),
  user('100x'),
  user('(a|b)'),
  user('Zoë', 'staff/'),
  session('Admin', 'ann'),
  session('Administrator', 'ben', 'ops/'),
  session('Reader', 'Admin'),
  session('Admin', 'eve', '', '444455556666'),
  // Of before sessions named their issuer.
  event({ type: 'AssumedRole', arn: 'arn:aws:sts::111122223333:assumed-role/Old/kim', principalId: 'AROA:kim' }),
  event({ type: 'Root', arn: 'arn:aws:iam::111122223333:root' }),
  event({ type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' }),
  event({ type: 'Unknown' }),
];

let trail: TrailServer;
beforeAll(async () => {
  trail = await startTrailServer();
  await trail.ingest(...EVENTS);
});
afterAll(() => trail.close());

const list = async () => (await (await trail.server.call(PATH)).json()) as AdministratorList;
const add = (entry: string, note?: string) => trail.server.post(PATH, { entry, ...(note === undefined ? {} : { note }) });
const remove = (one: string) => trail.server.call(`${PATH}/${one}`, { method: 'DELETE' });
const errorOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as ApiError).error });

beforeEach(async () => {
  for (const one of (await list()).administrators) await remove(one.id);
});

async function query(text: string, filters: object[] = []): Promise<QueryResponse> {
  const response = await trail.server.post('/api/v1/query', { query: text, from: '-1h', to: 'now', filters });
  expect([response.status, response.status === 200 ? '' : await response.clone().text()]).toEqual([200, '']);
  return (await response.json()) as QueryResponse;
}

/** Actors that are administrators by these entries alone. */
async function admins(...entries: string[]): Promise<unknown[]> {
  for (const entry of entries) expect((await add(entry)).status).toBe(200);
  const { rows } = await query('is_admin=true | count by userName | fields userName | sort by userName asc');
  return rows.map((row) => row[0]);
}

test('nobody is an administrator while the list is empty, and the answer says so', async () => {
  expect(await list()).toEqual({ administrators: [], most: ADMINISTRATOR_LIMITS.entries });
  const { rows, warnings } = await query('_index=cloudtrail | count by is_admin');
  expect(rows).toEqual([['false', EVENTS.length]]);
  expect(warnings.map((w) => w.code)).toEqual(['no-administrators']);
});

test('every event is one of an administrator or of none, in conditions, groups and filters alike', async () => {
  const made = (await (await add(' ann ', 'on call')).json()) as Administrator;
  expect(made).toEqual({ id: made.id, entry: 'ann', note: 'on call', created: expect.any(Number) });
  const { rows, warnings } = await query('_index=cloudtrail | count by is_admin | sort by is_admin asc');
  expect([rows, warnings]).toEqual([
    [
      ['false', EVENTS.length - 1],
      ['true', 1],
    ],
    [],
  ]);
  // A query that names nothing else reads events by itself.
  expect((await query('isAdmin=true | count')).rows).toEqual([[1]]);
  expect((await query('NOT is_admin=true | count')).rows).toEqual([[EVENTS.length - 1]]);
  expect((await query('| where is_admin | count')).rows).toEqual([[1]]);
  expect((await query('| where is_admin = "false" and userName = "axn" | count')).rows).toEqual([[1]]);
  expect((await query('is_admin=maybe | count')).rows).toEqual([[0]]);
  expect((await query('_index=cloudtrail | count', [{ field: 'is_admin', values: ['true'] }])).rows).toEqual([[1]]);
  expect((await query('_index=cloudtrail | count', [{ field: 'is_admin', values: ['true'], negate: true }])).rows).toEqual([[EVENTS.length - 1]]);
});

test('a name is that of an actor or a role, an ARN that of an identity or a role, in any letter case', async () => {
  expect(await admins('admin')).toEqual(['Admin/ann', 'Admin/eve']);
  expect(await admins('arn:aws:iam::111122223333:role/ops/Administrator')).toEqual(['Admin/ann', 'Admin/eve', 'Administrator/ben']);
});

test('the ARN of a user, the name of a session, a role that no issuer names, root, a service', async () => {
  expect(await admins('arn:aws:iam::111122223333:USER/staff/Zoë', 'Reader/Admin', 'Old', 'root', 'autoscaling.amazonaws.com')).toEqual(
    ['Old/kim', 'Reader/Admin', 'Zoë', 'autoscaling.amazonaws.com', 'root'].toSorted(),
  );
});

test.each([
  ['ann*', ['ann', 'annabel']],
  ['arn:aws:iam::111122223333:role/*', ['Admin/ann', 'Administrator/ben', 'Reader/Admin']],
  ['arn:aws:iam::*:role/Admin', ['Admin/ann', 'Admin/eve']],
  ['*/Admin', ['Admin/ann', 'Admin/eve', 'Reader/Admin']],
  ['Admin*trator', ['Administrator/ben']],
  ['a.n', ['a.n']],
  ['100%', ['100%']],
  ['1__x', []],
  ['(a|b)', ['(a|b)']],
  ['[a-z]+', []],
  ['\\', []],
  ["') OR 1=1 --", []],
  ['nn', []],
])('%s', async (entry, expected) => {
  expect(await admins(entry)).toEqual(expected);
});

test('an entry that goes makes nobody an administrator any more', async () => {
  await admins('ann', 'Admin');
  const [first] = (await list()).administrators;
  expect(first?.entry).toBe('Admin');
  expect((await remove(first?.id ?? '')).status).toBe(204);
  expect(await admins()).toEqual(['ann']);
  expect(await errorOf(await remove(first?.id ?? ''))).toMatchObject({ status: 404, code: 'not-found' });
});

test('an entry is in the list once; what says nothing, or everybody, is refused and changes nothing', async () => {
  await add('ann', 'on call');
  const [before] = (await list()).administrators;
  expect(await (await add('ANN', 'on leave')).json()).toEqual({ ...before, entry: 'ANN', note: 'on leave' });
  for (const entry of ['', '  ', '*', '***', 'a\nb', 'x'.repeat(ADMINISTRATOR_LIMITS.entry + 1)])
    expect(await errorOf(await add(entry))).toMatchObject({ status: 400, code: 'invalid-request' });
  expect(await errorOf(await trail.server.post(PATH, { entry: 'x', other: 1 }))).toMatchObject({ status: 400 });
  // Other things that people made are no administrators.
  const folder = await trail.server.deps.library.create({ kind: 'folder', name: 'Folder', body: null });
  expect(await errorOf(await remove(folder.id))).toMatchObject({ status: 404 });
  expect((await list()).administrators.map((one) => one.entry)).toEqual(['ANN']);
});

test('a full list of long wildcards still answers, and takes no more', async () => {
  const { library, catalogs } = trail.server.deps;
  const long = Math.floor(ADMINISTRATOR_LIMITS.characters / ADMINISTRATOR_LIMITS.entries);
  for (let i = 0; i < ADMINISTRATOR_LIMITS.entries - 1; i++)
    await library.create({ kind: 'administrator', name: `*${i}*${'é'.repeat(long - 6)}*`, body: { note: '' } });
  await catalogs.reload();
  expect(await admins('annabel')).toEqual(['annabel']);
  expect(await errorOf(await add('one more'))).toMatchObject({ status: 422, code: 'too-many-administrators' });
  const [first] = (await list()).administrators;
  await remove(first?.id ?? '');
  expect(await errorOf(await add('x'.repeat(ADMINISTRATOR_LIMITS.entry)))).toMatchObject({ status: 422, code: 'too-many-administrators' });
});

test('the list is there again after a start', async () => {
  await add('ann');
  expect((await openCatalogs(trail.workspace.metadata)).current().administrators).toEqual(['ann']);
});
