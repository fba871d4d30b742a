import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Source, SourceMade, TestResponse } from '../../src/api/contract/sources.ts';
import type { RecordsResponse } from '../../src/api/contract.ts';
import type { Collection } from '../../src/ingest/collection.ts';
import { FakeEc2, KEYS, NOT_AUTHORIZED } from '../collect/ec2/server.ts';
import { HEADER, openCollection, openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

const REGION = 'eu-central-1';
const NOW = Math.floor(Date.now() / 1000);

let place: Place;
let aws: FakeEc2;
let collection: Collection;
let server: TestServer;
let collector: string;

beforeAll(async () => {
  place = await openPlace({ workers: 1 });
  aws = await FakeEc2.start();
  Object.assign(aws.region(REGION), {
    enis: [{ id: 'eni-web', instance: 'i-web', attached: NOW - 7200, description: 'Primary', groups: ['sg-1', 'sg-2'], vpc: 'vpc-1', subnet: 'subnet-1' }],
    instances: { 'i-web': 'web-1' },
    groups: { 'sg-1': 'front', 'sg-2': 'back' },
  });
  collection = await openCollection(place, 2 ** 20);
  server = await startServer({
    deps: { store: place.store, collection, sources: place.metadata.sources, clock: Date.now, absentMask: () => place.metadata.absentMask() },
  });
  collector = ((await (await server.post('/api/v1/collectors', { name: 'lookups' })).json()) as { id: string }).id;
});
afterAll(async () => {
  await server.close();
  await collection.close();
  await place.close();
  await aws.stop();
});

const connection = (more: object = {}) => ({ regions: [REGION], credentials: KEYS, endpoint: aws.endpoint, stsEndpoint: aws.endpoint, ...more });
const make = (name: string, more: object = {}) => server.post('/api/v1/sources', { collector, kind: 'ec2', name, connection: connection(), ...more });
const source = async (id: string) => (await (await server.call(`/api/v1/sources/${id}`)).json()) as Source;
const change = (id: string, body: object) =>
  server.call(`/api/v1/sources/${id}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const records = async (query: string) =>
  (await (await server.post('/api/v1/records', { query, from: NOW - 14_400, to: NOW + 7200 })).json()) as RecordsResponse;

describe('an interface lookup', () => {
  it('is no work where none is set up', async () => {
    await place.pipeline.ingest([
      await place.file(
        'flows.log',
        [
          HEADER,
          `2 123456789012 eni-web 10.0.0.1 198.51.100.7 1024 443 6 1 40 ${NOW + 3600} ${NOW + 3660} ACCEPT OK`,
          `2 123456789012 eni-web 10.0.0.1 198.51.100.7 1024 443 6 1 41 ${NOW - 3600} ${NOW - 3540} ACCEPT OK`,
          `2 123456789012 eni-other 10.0.0.1 198.51.100.7 1024 443 6 1 42 ${NOW + 3600} ${NOW + 3660} ACCEPT OK`,
        ].join('\n'),
      ),
    ]);
    const { records: found } = await records('');
    expect(found).toHaveLength(3);
    for (const { document, fields } of found) {
      expect(document).not.toHaveProperty('interface');
      expect(document).not.toHaveProperty('cloud.instance');
      expect(Object.keys(fields).filter((name) => name.startsWith('interface.'))).toEqual([]);
    }
    expect(aws.calls).toEqual([]);
    expect(await place.rows('SELECT count() FROM bartizan.network_interface')).toEqual([[0]]);
  });

  it('is tested right by right, and refused with what is wrong in it', async () => {
    aws.fault = ({ action }) => (action === 'DescribeInstances' ? NOT_AUTHORIZED('ec2:DescribeInstances') : undefined);
    const tested = (await (await server.post('/api/v1/sources/test', { kind: 'ec2', connection: connection() })).json()) as TestResponse;
    aws.fault = () => undefined;
    expect(tested.ok).toBe(false);
    expect(tested.checks.filter(({ result }) => result !== 'ok')).toMatchObject([{ name: `instances:${REGION}`, code: 'access-denied' }]);
    const refused = await make('wrong', { connection: connection({ regions: [], intervalMinutes: 0 }) });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toMatch(/connection\.regions: name at least one region.*connection\.intervalMinutes: at least a minute/);
  });

  it('asks once it is made, says what it found, and gives no secret away', async () => {
    const made = await make('production');
    expect(made.status).toBe(201);
    const { source: first, address } = (await made.json()) as SourceMade;
    expect(address).toBeNull();
    expect(first.connection).toMatchObject({ intervalMinutes: 10, credentials: { ...KEYS, secretAccessKey: 'secret' } });
    await expect.poll(async () => (await source(first.id)).status.state).toBe('running');
    const { details } = (await source(first.id)).status;
    expect(details).toContainEqual({ name: 'Account', value: '123456789012' });
    expect(details.find(({ name }) => name === REGION)?.value).toMatch(/^1 interfaces at .*, 1 changes$/);
    expect((await server.post(`/api/v1/sources/${first.id}/token`, {})).status).toBe(400);

    // What was not known of at the record's time is not said of it: an hour ago the groups may have been others.
    const document = async (bytes: number) => (await records(`| where bytes = ${bytes}`)).records[0];
    expect((await document(40))?.document).toMatchObject({
      cloud: { instance: { id: 'i-web', name: 'web-1' } },
      interface: { security_group: { ids: ['sg-1', 'sg-2'], names: ['front', 'back'] }, vpc: { id: 'vpc-1' }, subnet: { id: 'subnet-1' } },
      observer: { ingress: { interface: { name: 'eni-web', alias: 'Primary' } } },
    });
    expect((await document(40))?.fields).toMatchObject({ 'cloud.instance.name': 'web-1', 'interface.security_group.names': 'front,back' });
    const earlier = (await document(41))?.document;
    expect(earlier).toMatchObject({ cloud: { instance: { id: 'i-web' } }, interface: { vpc: { id: 'vpc-1' } } });
    expect(earlier).not.toHaveProperty('interface.security_group');
    expect(earlier).not.toHaveProperty('cloud.instance.name');
    expect((await document(42))?.document).not.toHaveProperty('interface');
    expect((await records('cloud.instance.name=web-1')).total).toBe(1);

    // Paused, it asks nothing more; told to go on, it does at once, with the secret that it has.
    await change(first.id, { paused: true });
    expect((await source(first.id)).status.state).toBe('paused');
    const asked = aws.calls.length;
    await change(first.id, { connection: connection({ credentials: { ...KEYS, secretAccessKey: 'secret' }, intervalMinutes: 1 }) });
    expect(aws.calls).toHaveLength(asked);
    aws.fault = ({ action }) => (action === 'DescribeInstances' ? NOT_AUTHORIZED('ec2:DescribeInstances') : undefined);
    await change(first.id, { paused: false });
    await expect.poll(async () => (await source(first.id)).status.state).toBe('trouble');
    expect((await source(first.id)).status).toMatchObject({
      trouble: `ec2:DescribeInstances in ${REGION} is not allowed.`,
      errors: [{ code: 'access-denied', count: 1 }],
    });
    expect((await records('cloud.instance.name=web-1')).total).toBe(1);
  });
});
