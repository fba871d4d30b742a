/**
 * Follows the stolen key as docs/stolen-key.md does, by the guide's own queries: each answer is put into the
 * next question, as a click would. The demo goes through the real pipeline into the real engine.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listAdministrators, removeAdministrator } from '../../src/api/administrators.ts';
import { createAuth } from '../../src/api/auth.ts';
import type { ServerDeps } from '../../src/api/deps.ts';
import { runQuery } from '../../src/api/queries.ts';
import { loadEstate } from '../../src/cli/demo-estate.ts';
import { serverDeps } from '../../src/cli/serve.ts';
import type { Workspace } from '../../src/cli/workspace.ts';
import { demoInterfaces } from '../../src/demo/interfaces.ts';
import { buildHosts, machineOf } from '../../src/demo/parties.ts';
import { demoIndicators } from '../../src/demo/threats.ts';
import { BEGIN, END, feedDemo, openIncident } from './open-incident.ts';

/** The queries of the guide, in order. */
const QUERIES = [...readFileSync(join(import.meta.dirname, '../../docs/stolen-key.md'), 'utf8').matchAll(/```text\n([\s\S]*?)```/g)].map((match) =>
  match[1]!.trim(),
);

let dataDir: string;
let workspace: Workspace;
let deps: ServerDeps;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'bartizan-stolen-key-'));
  workspace = await openIncident(dataDir);
  deps = await serverDeps(workspace, createAuth({ secret: randomBytes(32), token: 'token', clock: Date.now }), true);
});
afterAll(async () => {
  await workspace.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const ASKED = { filters: [], timeZone: 'UTC', limit: 1000, explain: false, save: false };

type Row = Readonly<Record<string, string | number | null>>;

/** The rows of the guide's query of this number, with what was clicked before in place of its values. */
async function ask(number: number, clicked: Readonly<Record<string, string>> = {}): Promise<Row[]> {
  const query = (QUERIES[number - 1] ?? '').replaceAll(/<([a-z ]+)>/g, (_, name: string) => clicked[name] ?? expect.fail(`nothing was clicked for ${name}`));
  const answer = await runQuery(deps, { query, from: (BEGIN - 20) * 60, to: END * 60, ...ASKED }, new AbortController().signal);
  return answer.rows.map((row) => Object.fromEntries(answer.columns.map((column, i) => [column.name, row[i] as string | number | null])));
}

test('from the address to the user, the group, the interface and the data that left', async () => {
  expect(QUERIES).toHaveLength(8);
  const listed = (label: string) => demoIndicators(loadEstate(), 1).find((i) => i.labels.includes(label) && i.actors.includes('demo actor C'))!.value;
  const target = machineOf(buildHosts(loadEstate(), 1), 'shop-us/database/2', 0);
  const facts = demoInterfaces(loadEstate(), 1)
    .flatMap(({ interfaces }) => interfaces)
    .find((f) => f.interfaceId === target.interfaceId)!;

  // Listed addresses whose requests succeeded: one, although many guess.
  const suspects = await ask(1);
  expect(new Set(suspects.map((row) => row.src_ip))).toEqual(new Set([listed('stolen-credentials')]));
  expect(suspects.map((row) => row.actor)).toContain('ci-deploy');
  const address = String(suspects[0]!.src_ip);

  // What the key was tried for: more is refused than allowed, and the build, whose key it is, works elsewhere.
  const tried = await ask(2, { address });
  const total = (outcome: string) =>
    tried.filter((row) => row.actor === 'ci-deploy' && row.outcome === outcome).reduce((sum, row) => sum + Number(row._count), 0);
  expect(total('failure')).toBeGreaterThan(total('success'));
  const user = String(suspects.find((row) => row.actor === 'ci-deploy')!.actor);

  // What the user changed.
  const changed = await ask(3, { address, user });
  expect(changed.map((row) => row.eventName)).toEqual(['AttachUserPolicy', 'CreateUser', 'AddUserToGroup', 'CreateAccessKey', 'CreateLoginProfile']);
  const other = String(changed.find((row) => row.eventName === 'CreateUser')!.about);
  expect(suspects.map((row) => row.actor)).toContain(other);

  // What the user that it made did: in without a second factor, an address for an interface, a group opened.
  const opened = await ask(4, { user: other });
  expect(opened.map((row) => row.eventName)).toEqual([
    'ConsoleLogin',
    'ConsoleLogin',
    'AllocateAddress',
    'AssociateAddress',
    'AuthorizeSecurityGroupIngress',
    'StopLogging',
    'DeleteFlowLogs',
  ]);
  expect(opened.filter((row) => row.outcome === 'failure').map((row) => row.eventName)).toEqual(['ConsoleLogin', 'StopLogging', 'DeleteFlowLogs']);
  expect(opened[1]).toMatchObject({ mfa: 'false', outcome: 'success' });
  const group = String(opened.find((row) => row.eventName === 'AuthorizeSecurityGroupIngress')!.group);
  expect(group).toBe(facts.groupIds[0]);

  // Who came through the group from that address: refused before it was open, accepted after.
  const came = await ask(5, { address, group });
  const openedAt = Number(opened.find((row) => row.group === group)!.time);
  expect(came.map((row) => [row.action, row['interface-id'], row.instance_name, Number(row.dest_port)])).toEqual(
    ['REJECT', 'ACCEPT'].map((action) => [action, target.interfaceId, facts.instanceName, 5432]),
  );
  expect(Number(came[0]!.last)).toBeLessThan(openedAt);
  expect(Number(came[1]!.first)).toBeGreaterThan(openedAt);
  const door = String(came[1]!['interface-id']);
  expect(opened.find((row) => row.eventName === 'AssociateAddress')!.interface_id).toBe(door);

  // What the machine sent to listed addresses: answers to the thief, and much more to another one.
  const sent = await ask(6, { interface: door });
  expect(sent.map((row) => row.dest_ip)).toEqual([listed('exfiltration'), address]);
  expect(Number(sent[0]!.bytes)).toBeGreaterThan(1e9);
  expect(Number(sent[0]!.first)).toBeGreaterThan(Number(came[1]!.first));

  // And nobody else is at fault: the same question of the machine beside it finds nothing.
  const beside = machineOf(buildHosts(loadEstate(), 1), 'shop-us/database/1', 0);
  expect(await ask(6, { interface: beside.interfaceId })).toEqual([]);

  // What was undone, by whom.
  const closed = await ask(7, { group });
  expect(closed.map((row) => row.actor)).toEqual(['SecurityResponse/on-call']);
  const undone = await ask(8, { actor: String(closed[0]!.actor) });
  expect(undone.filter((row) => row.eventName === 'DeleteUser').map((row) => row.about)).toEqual([other]);
  expect(undone.filter((row) => row.eventName === 'DeleteAccessKey').map((row) => row.about)).toEqual([other, user]);
});

test('the demo lists its administrators once: one that is taken off the list stays away', async () => {
  const kept = { library: workspace.metadata.library, catalogs: workspace.catalogs };
  const listed = async () => (await listAdministrators(kept)).administrators.map(({ id, entry }) => [entry, id] as const);
  expect((await listed()).map(([entry]) => entry)).toEqual(['arn:aws:iam::*:role/terraform', 'engineer-*', 'PlatformEngineer', 'root', 'SecurityResponse']);
  const asked = { query: '_index=cloudtrail is_admin=true | count by userName', from: (BEGIN - 20) * 60, to: END * 60, ...ASKED };
  const names = (await runQuery(deps, asked, new AbortController().signal)).rows.map(([name]) => String(name));
  expect(names).toContain('SecurityResponse/on-call');
  expect(names.filter((name) => /^(?:ci-deploy|backup-support|analyst-|HIDDEN)/.test(name))).toEqual([]);
  await removeAdministrator(kept, new Map(await listed()).get('root') ?? '');
  await feedDemo(workspace, dataDir);
  expect((await listed()).map(([entry]) => entry)).not.toContain('root');
});
