/** Interface lookups against EC2 over HTTP, into a real store: what is asked, what becomes history, and what failures do not do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testEc2Source } from '../../../src/collect/ec2/check.ts';
import { Ec2Settings, type Ec2SettingsInput } from '../../../src/collect/ec2/settings.ts';
import { type Ec2Status, startEc2Source } from '../../../src/collect/ec2/source.ts';
import { openInterfaceHistory } from '../../../src/ingest/interface-history.ts';
import { OPEN } from '../../../src/model/network-interface.ts';
import { type Metadata, openMetadata } from '../../../src/store/metadata.ts';
import type { Store, Value } from '../../../src/store/store.ts';
import { openNew } from '../../store/new-store.ts';
import { ACCOUNT, type Eni, FakeEc2, KEYS, NOT_AUTHORIZED, type Region, THROTTLED } from './server.ts';

const HERE = 'eu-central-1';
const T0 = 1_773_000_000;

let folder: string;
let store: Store;
let metadata: Metadata;
let aws: FakeEc2;
let history: ReturnType<typeof openInterfaceHistory>;
/** Epoch seconds. */
let now: number;

async function openAll(): Promise<void> {
  store = await openNew(join(folder, 'store'));
  metadata = await openMetadata(join(folder, 'metadata.db'), () => now);
  history = openInterfaceHistory(store, metadata);
}
async function closeAll(): Promise<void> {
  await store.close();
  await metadata.close();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-ec2-'));
  now = T0;
  aws = await FakeEc2.start();
  await openAll();
});
afterEach(async () => {
  await aws.stop();
  await closeAll();
  await rm(folder, { recursive: true, force: true });
});

const settingsOf = (more: Partial<Ec2SettingsInput> = {}) =>
  Ec2Settings.parse({ regions: [HERE], credentials: KEYS, endpoint: aws.endpoint, stsEndpoint: aws.endpoint, ...more });

/** One round of a lookup at a time: every region is asked once. */
async function round(at: number, more: Partial<Ec2SettingsInput> = {}): Promise<Ec2Status> {
  now = at;
  const settings = settingsOf(more);
  const source = startEc2Source({
    name: 'lookup',
    settings,
    history,
    log: { info: () => {}, warn: () => {} },
    clock: () => now * 1000,
    environment: {},
    retries: { tries: 4, retryMs: 1, longestRetryMs: 2 },
  });
  const tried = () => [...source.status().regions.values()].filter((r) => r.lastTaken !== undefined || r.problem).length;
  await expect.poll(tried, { interval: 10 }).toBe(settings.regions.length);
  const status = source.status();
  await source.stop();
  return status;
}

const rows = async (text: string): Promise<readonly (readonly Value[])[]> => (await store.rows({ text, params: {} })).rows;
/** Versions of an interface: since, until (null: open), instance, name, groups. */
const versions = (id: string) =>
  rows(
    `SELECT toUnixTimestamp(valid_from) - ${T0}, if(toUnixTimestamp(valid_to) = ${OPEN}, NULL, toUnixTimestamp(valid_to) - ${T0}), instance_id, instance_name, arrayStringConcat(group_ids, ' ')
     FROM bartizan.network_interface FINAL WHERE interface_id = '${id}' ORDER BY valid_from`,
  );
const attribute = async (name: string, id: string, at: number) =>
  (await rows(`SELECT dictGet('bartizan.network_interface_at', '${name}', cityHash64('${id}'), toDateTime(${T0 + at}, 'UTC'))`))[0]?.[0];

function estate(): Region {
  const region = aws.region(HERE);
  Object.assign(region, {
    enis: [
      {
        id: 'eni-web',
        instance: 'i-web',
        attached: T0 - 500,
        groups: ['sg-2', 'sg-1'],
        ips: ['10.0.0.9', '10.0.0.1'],
        publicIp: '203.0.113.7',
        vpc: 'vpc-1',
        subnet: 'subnet-1',
        tags: { env: 'prod' },
      },
      { id: 'eni-nat', description: 'Interface for NAT Gateway <nat-1> & more', vpc: 'vpc-1' },
    ],
    instances: { 'i-web': 'web-1', 'i-other': null },
    groups: { 'sg-1': 'front', 'sg-2': 'back', 'sg-3': 'third' },
  });
  return region;
}
const change = (region: Region, id: string, more: Partial<Eni>) => {
  region.enis = region.enis.map((eni) => (eni.id === id ? { ...eni, ...more } : eni));
};

describe('what is asked', () => {
  it('is every page of three lists, and what it answers is stored as it is', async () => {
    const region = estate();
    for (let i = 0; i < 7; i++) region.enis.push({ id: `eni-more-${i}`, groups: ['sg-3'] });
    aws.page = 3;
    const status = await round(T0);
    expect(status).toMatchObject({ scope: ACCOUNT, problems: [], retries: 0 });
    expect(status.regions.get(HERE)).toMatchObject({ interfaces: 9, changes: 9 });
    const asked = (action: string) => aws.calls.filter((call) => call.action === action).map((call) => call.params.get('NextToken'));
    expect(asked('DescribeNetworkInterfaces')).toEqual([null, 'page-3', 'page-6']);
    expect(asked('DescribeInstances')).toEqual([null]);
    expect(asked('DescribeSecurityGroups')).toEqual([null]);
    expect(
      await rows(
        `SELECT * EXCEPT (revision, valid_from, valid_to) FROM bartizan.network_interface FINAL WHERE interface_id IN ('eni-web', 'eni-nat') AND toUnixTimestamp(valid_from) = ${T0} ORDER BY interface_id DESC`,
      ),
    ).toEqual([
      [
        'eni-web',
        ACCOUNT,
        HERE,
        'i-web',
        'web-1',
        '',
        'interface',
        'vpc-1',
        'subnet-1',
        'eu-central-1a',
        '203.0.113.7',
        ['10.0.0.9', '10.0.0.1'],
        ['sg-1', 'sg-2'],
        ['front', 'back'],
        ['env=prod'],
        ACCOUNT,
      ],
      ['eni-nat', ACCOUNT, HERE, '', '', 'Interface for NAT Gateway <nat-1> & more', 'interface', 'vpc-1', '', 'eu-central-1a', '', [], [], [], [], ACCOUNT],
    ]);
  });

  it('is asked again when AWS throttles, and given up when it goes on', async () => {
    estate();
    let left = 3;
    aws.fault = ({ action }) => (action === 'DescribeInstances' && left-- > 0 ? THROTTLED : undefined);
    expect(await round(T0)).toMatchObject({ problems: [], retries: 3 });
    aws.fault = ({ action }) => (action === 'DescribeInstances' ? THROTTLED : undefined);
    const status = await round(T0 + 600);
    expect(status.problems).toMatchObject([{ code: 'throttled', count: 1, retryable: true }]);
    expect(await versions('eni-nat')).toEqual([[0, null, '', '', '']]);
  });

  it('ends where pages do not', async () => {
    estate();
    aws.endless = true;
    expect((await round(T0)).problems).toMatchObject([{ code: 'answer-endless' }]);
    expect(await rows('SELECT count() FROM bartizan.network_interface')).toEqual([[0]]);
  });

  it('is asked with the credentials of the role', async () => {
    estate();
    await round(T0, { credentials: { kind: 'role', roleArn: `arn:aws:iam::${ACCOUNT}:role/reader`, externalId: 'the-id', base: KEYS } });
    const [assumed, ...others] = aws.calls;
    expect([assumed?.action, assumed?.key, assumed?.params.get('ExternalId')]).toEqual(['AssumeRole', KEYS.accessKeyId, 'the-id']);
    const asked = others.filter((call) => call.action !== 'AssumeRole');
    expect(new Set(asked.map((call) => call.action)).size).toBe(4);
    expect(new Set(asked.map((call) => call.key))).toEqual(new Set(['ASIAASSUMEDASSUMED']));
  });
});

describe('history', () => {
  it('of what the first answer shows says of the time before only what cannot have changed', async () => {
    estate();
    await round(T0);
    expect(await versions('eni-web')).toEqual([
      [-500, 0, 'i-web', '', ''],
      [0, null, 'i-web', 'web-1', 'sg-1 sg-2'],
    ]);
    expect(await attribute('vpc_id', 'eni-web', -500)).toBe('vpc-1');
    expect(await attribute('vpc_id', 'eni-web', -501)).toBe('');
    expect(await versions('eni-nat')).toEqual([[0, null, '', '', '']]);
  });

  it('has a version for each change, and none where nothing changed or came in another order', async () => {
    const region = estate();
    await round(T0);
    change(region, 'eni-web', { groups: ['sg-1', 'sg-2'] });
    region.enis.reverse();
    await round(T0 + 600);
    expect(await rows('SELECT count(), uniqExact(revision) FROM bartizan.network_interface')).toEqual([[3, 1]]);
    change(region, 'eni-web', { groups: ['sg-1', 'sg-3'] });
    await round(T0 + 1200);
    region.instances['i-web'] = 'web-one';
    await round(T0 + 1800);
    expect((await versions('eni-web')).slice(1)).toEqual([
      [0, 1200, 'i-web', 'web-1', 'sg-1 sg-2'],
      [1200, 1800, 'i-web', 'web-1', 'sg-1 sg-3'],
      [1800, null, 'i-web', 'web-one', 'sg-1 sg-3'],
    ]);
    expect(await attribute('group_names', 'eni-web', 1199)).toEqual(['front', 'back']);
    expect(await attribute('group_names', 'eni-web', 1200)).toEqual(['front', 'third']);
    expect(await versions('eni-nat')).toHaveLength(1);
  });

  it('places another instance where its attachment began, and keeps the name of one that is not in the answer', async () => {
    const region = estate();
    await round(T0);
    region.instances = {};
    await round(T0 + 600);
    expect((await versions('eni-web')).at(-1)).toEqual([0, null, 'i-web', 'web-1', 'sg-1 sg-2']);
    region.instances = { 'i-new': 'web-2' };
    change(region, 'eni-web', { instance: 'i-new', attached: T0 + 700 });
    await round(T0 + 1200);
    expect((await versions('eni-web')).slice(1)).toEqual([
      [0, 700, 'i-web', 'web-1', 'sg-1 sg-2'],
      [700, null, 'i-new', 'web-2', 'sg-1 sg-2'],
    ]);
  });

  it('ends what is gone, and begins anew what comes back or is new', async () => {
    const region = estate();
    await round(T0);
    const [web, nat] = region.enis as [Eni, Eni];
    region.enis = [nat];
    await round(T0 + 600);
    region.enis = [nat, web, { id: 'eni-new', instance: 'i-web', attached: T0 + 900 }];
    await round(T0 + 1200);
    expect((await versions('eni-web')).slice(1)).toEqual([
      [0, 600, 'i-web', 'web-1', 'sg-1 sg-2'],
      [600, null, 'i-web', 'web-1', 'sg-1 sg-2'],
    ]);
    expect(await versions('eni-new')).toEqual([[900, null, 'i-web', 'web-1', '']]);
    expect(await attribute('instance_name', 'eni-new', 899)).toBe('');
  });

  it('is closed by no failure: of the region, of one of the lists, of another region, of the credentials', async () => {
    const region = estate();
    await round(T0);
    region.enis = [];
    aws.fault = ({ action }) => (action === 'DescribeSecurityGroups' ? NOT_AUTHORIZED('ec2:DescribeSecurityGroups') : undefined);
    const denied = await round(T0 + 600);
    expect(denied.problems).toMatchObject([{ code: 'access-denied', message: `ec2:DescribeSecurityGroups in ${HERE} is not allowed.` }]);
    expect(denied.problems[0]?.hint).toContain('ec2:DescribeNetworkInterfaces');
    aws.fault = ({ action }) =>
      action === 'GetCallerIdentity'
        ? { status: 403, code: 'InvalidClientTokenId', message: 'The security token included in the request is invalid.' }
        : undefined;
    expect((await round(T0 + 1200)).problems).toMatchObject([{ code: 'invalid-key-id' }]);
    aws.fault = ({ action }) =>
      action === 'DescribeNetworkInterfaces' ? { status: 500, code: 'InternalError', message: 'An internal error has occurred' } : undefined;
    expect((await round(T0 + 1800)).problems).toMatchObject([{ code: 'server-error' }]);
    expect((await versions('eni-web')).at(-1)).toEqual([0, null, 'i-web', 'web-1', 'sg-1 sg-2']);
    // The region itself says that it is empty, and another fails.
    aws.fault = ({ region: where }) =>
      where === 'me-south-1' ? { status: 401, code: 'AuthFailure', message: 'AWS was not able to validate the provided access credentials' } : undefined;
    const status = await round(T0 + 2400, { regions: ['me-south-1', HERE] });
    expect(status.regions.get('me-south-1')?.problem).toMatchObject({ code: 'credentials-refused' });
    expect(status.regions.get(HERE)).toMatchObject({ interfaces: 0, changes: 2, problem: undefined });
    expect((await versions('eni-web')).at(-1)).toEqual([0, 2400, 'i-web', 'web-1', 'sg-1 sg-2']);
  });

  it('keeps its order when the clock is set back', async () => {
    const region = estate();
    await round(T0);
    expect((await round(T0 - 30)).problems).toEqual([]);
    change(region, 'eni-web', { groups: ['sg-3'] });
    const status = await round(T0 - 86_400);
    expect(status.problems).toMatchObject([{ code: 'clock-went-back' }]);
    expect((await versions('eni-web')).slice(1)).toEqual([
      // Each answer stands a second after the one before it, the one that changed nothing too.
      [0, 2, 'i-web', 'web-1', 'sg-1 sg-2'],
      [2, null, 'i-web', 'web-1', 'sg-3'],
    ]);
  });

  it('goes on after a restart', async () => {
    const region = estate();
    await round(T0);
    await closeAll();
    await openAll();
    await round(T0 + 600);
    expect(await rows('SELECT count() FROM bartizan.network_interface')).toEqual([[3]]);
    await closeAll();
    await openAll();
    // Before anything is asked: the dictionary reads the table.
    expect(await attribute('instance_name', 'eni-web', 300)).toBe('web-1');
    change(region, 'eni-web', { groups: ['sg-3'] });
    await round(T0 + 1200);
    expect((await versions('eni-web')).slice(1)).toEqual([
      [0, 1200, 'i-web', 'web-1', 'sg-1 sg-2'],
      [1200, null, 'i-web', 'web-1', 'sg-3'],
    ]);
  });

  it('is made later of what could not be stored', async () => {
    estate();
    await closeAll();
    expect((await round(T0)).problems).toMatchObject([{ code: 'not-stored', retryable: true }]);
    await openAll();
    await round(T0 + 600);
    expect((await versions('eni-web')).at(-1)).toEqual([600, null, 'i-web', 'web-1', 'sg-1 sg-2']);
  });

  it('has one version of an interface that two accounts see: the owner’s', async () => {
    const region = estate();
    change(region, 'eni-nat', { owner: '210987654321' });
    await round(T0);
    aws.account = '210987654321';
    change(region, 'eni-web', { owner: ACCOUNT });
    change(region, 'eni-nat', { owner: '210987654321' });
    await round(T0 + 60);
    const scopes = await rows(
      `SELECT interface_id, scope, toUnixTimestamp(valid_from) - ${T0} FROM bartizan.network_interface FINAL WHERE toUnixTimestamp(valid_to) = ${OPEN} ORDER BY interface_id`,
    );
    expect(scopes).toEqual([
      ['eni-nat', '210987654321', 60],
      ['eni-web', ACCOUNT, 0],
    ]);
    // What the first account does not see any more is not its own to end.
    aws.account = ACCOUNT;
    region.enis = region.enis.filter((eni) => eni.id === 'eni-web');
    await round(T0 + 120);
    expect((await versions('eni-nat')).at(-1)?.[1]).toBeNull();
  });

  it('takes many interfaces, more than one insert', async () => {
    const region = aws.region(HERE);
    region.enis = Array.from({ length: 1203 }, (_, i) => ({ id: `eni-${i}`, description: `it's "${i}" \\ of\nmany` }));
    await round(T0);
    region.enis = region.enis.map((eni) => ({ ...eni, description: `${eni.description} more` }));
    await round(T0 + 600);
    expect(await rows(`SELECT count(), countIf(toUnixTimestamp(valid_to) = ${OPEN}) FROM bartizan.network_interface FINAL`)).toEqual([[2406, 1203]]);
    expect(await attribute('description', 'eni-1202', 0)).toBe(`it's "1202" \\ of many`);
    expect(await attribute('description', 'eni-1202', 600)).toBe(`it's "1202" \\ of many more`);
  });
});

describe('the test of a connection', () => {
  it('names each right in each region', async () => {
    estate();
    const checks = await testEc2Source(settingsOf({ regions: [HERE, 'eu-west-1'] }), { environment: {} });
    expect(checks.map(({ name, result }) => `${name} ${result}`)).toEqual([
      'credentials ok',
      `interfaces:${HERE} ok`,
      `instances:${HERE} ok`,
      `groups:${HERE} ok`,
      'interfaces:eu-west-1 warning',
      'instances:eu-west-1 ok',
      'groups:eu-west-1 ok',
    ]);
    expect(aws.calls.every((call) => call.params.get('MaxResults') !== '1000')).toBe(true);
  });

  it('explains what is refused, and where', async () => {
    estate();
    aws.fault = ({ action, region }) =>
      region === 'ap-east-1'
        ? { status: 403, code: 'OptInRequired', message: 'You are not subscribed to this service.' }
        : action === 'DescribeInstances'
          ? {
              ...NOT_AUTHORIZED('ec2:DescribeInstances'),
              message: 'You are not authorized to perform: ec2:DescribeInstances with an explicit deny in a service control policy',
            }
          : undefined;
    const checks = await testEc2Source(settingsOf({ regions: [HERE, 'ap-east-1'] }), { environment: {} });
    expect(checks.map(({ name, result, code }) => [name, result, code])).toEqual([
      ['credentials', 'ok', undefined],
      [`interfaces:${HERE}`, 'ok', undefined],
      [`instances:${HERE}`, 'failed', 'access-denied'],
      [`groups:${HERE}`, 'ok', undefined],
      ['interfaces:ap-east-1', 'failed', 'region-disabled'],
      ['instances:ap-east-1', 'failed', 'region-disabled'],
      ['groups:ap-east-1', 'failed', 'region-disabled'],
    ]);
    expect(checks[2]?.hint).toContain('service control policy');
    aws.fault = ({ action }) =>
      action === 'AssumeRole' ? { status: 403, code: 'AccessDenied', message: 'User is not authorized to perform: sts:AssumeRole' } : undefined;
    const role = await testEc2Source(settingsOf({ credentials: { kind: 'role', roleArn: `arn:aws:iam::${ACCOUNT}:role/none`, base: KEYS } }), {
      environment: {},
    });
    expect(role).toMatchObject([{ name: 'credentials', result: 'failed', code: 'role-denied' }]);
  });

  it('does not ask AWS’s STS of another endpoint’s keys', async () => {
    estate();
    const checks = await testEc2Source(settingsOf({ stsEndpoint: undefined }), { environment: {} });
    expect(checks[0]).toMatchObject({ name: 'credentials', result: 'skipped' });
    expect((await round(T0, { stsEndpoint: undefined })).scope).toBe(new URL(aws.endpoint).host);
    expect(aws.calls.some((call) => call.action === 'GetCallerIdentity')).toBe(false);
  });
});

describe('settings', () => {
  it('say what is wrong with them', () => {
    const problem = (more: object) =>
      Ec2Settings.safeParse({ regions: [HERE], credentials: KEYS, ...more }).error?.issues.map((i) => `${i.path.join('.')}: ${i.message}`);
    expect(problem({})).toBeUndefined();
    expect(problem({ regions: [] })).toEqual(['regions: name at least one region']);
    expect(problem({ regions: [HERE, HERE] })).toEqual(['regions: name each region once']);
    expect(problem({ regions: ['Frankfurt'] })).toEqual(['regions.0: write a region such as eu-central-1']);
    expect(problem({ intervalMinutes: 0 })).toEqual(['intervalMinutes: at least a minute']);
    expect(problem({ credentials: { kind: 'keys' } })?.length).toBe(2);
    expect(problem({ bucket: 'x' })).toHaveLength(1);
  });
});
