import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Source, SourceList, SourceMade, TemplateList, TestResponse } from '../../src/api/contract/sources.ts';
import type { ApiError } from '../../src/api/contract.ts';
import type { Collection } from '../../src/ingest/collection.ts';
import { openCollection, openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

let place: Place;
let server: TestServer;
let collection: Collection;
let collector: string;

beforeAll(async () => {
  place = await openPlace({ workers: 1 });
  collection = await openCollection(place, 2 ** 20);
  const { store, quarantine } = place;
  server = await startServer({
    deps: { store, quarantine, collection, sources: place.metadata.sources, clock: Date.now, listener: () => 'http://127.0.0.1:8621' },
  });
  collector = ((await (await server.post('/api/v1/collectors', { name: 'main' })).json()) as { id: string }).id;
});
afterAll(async () => {
  await server.close();
  await collection.close();
  await place.close();
});

const put = (path: string, body: unknown) => server.call(path, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const errorOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as ApiError).error });

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

const KEYS = { kind: 'keys', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'the/secret/of/the/first' };
let made = 0;
async function makeS3(more: object = {}, body: object = {}): Promise<Source> {
  const endpoint = `http://127.0.0.1:${await closedPort()}`;
  const connection = { mode: 'list', bucket: 'acme-logs', region: 'eu-central-1', credentials: KEYS, endpoint, ...more };
  const response = await server.post('/api/v1/sources', { collector, kind: 's3', name: `s3 ${++made}`, connection, ...body });
  expect(response.status).toBe(201);
  const { source } = (await response.json()) as SourceMade;
  // What the running source does meanwhile is not the matter here.
  await put(`/api/v1/sources/${source.id}`, { paused: true });
  return source;
}

const secretsOf = (source: Source) => place.metadata.sources.secrets(source.id);

describe('secrets of a connection', () => {
  it('are named and never shown, and stay where a change leaves them out or says that there is one', async () => {
    const source = await makeS3({ proxy: 'http://user:pass@proxy.example.net:3128' });
    expect(source.connection).toMatchObject({ credentials: { kind: 'keys', secretAccessKey: 'secret' }, proxy: 'secret' });
    const shown = JSON.stringify(await (await server.call('/api/v1/sources')).json());
    for (const secret of [KEYS.secretAccessKey, 'user:pass']) expect(shown).not.toContain(secret);

    const { secretAccessKey: _, ...open } = KEYS;
    const change = { connection: { ...source.connection, region: 'eu-west-1', credentials: open } };
    expect((await put(`/api/v1/sources/${source.id}`, change)).status).toBe(200);
    expect(await secretsOf(source)).toEqual({ 'credentials.secretAccessKey': KEYS.secretAccessKey, proxy: 'http://user:pass@proxy.example.net:3128' });
  });

  it('are replaced by new ones, go when they are empty, and do not go along to another kind of credentials', async () => {
    const source = await makeS3({ proxy: 'http://proxy.example.net:3128', credentials: { ...KEYS, sessionToken: 'temporary' } });
    const credentials = { ...KEYS, secretAccessKey: 'the/second', sessionToken: '' };
    expect((await put(`/api/v1/sources/${source.id}`, { connection: { ...source.connection, credentials, proxy: '' } })).status).toBe(200);
    expect(await secretsOf(source)).toEqual({ 'credentials.secretAccessKey': 'the/second' });
    const role = { kind: 'role', roleArn: 'arn:aws:iam::123456789012:role/reader', externalId: 'abc' };
    const changed = await put(`/api/v1/sources/${source.id}`, { connection: { ...source.connection, credentials: role, proxy: '' } });
    expect(((await changed.json()) as Source).connection.credentials).toEqual(role);
    expect(await secretsOf(source)).toEqual({});
    const missing = await errorOf(
      await put(`/api/v1/sources/${source.id}`, { connection: { ...source.connection, credentials: { ...KEYS, secretAccessKey: '' } } }),
    );
    expect([missing.status, missing.message]).toEqual([400, 'connection.credentials.secretAccessKey: the secret access key is missing']);
  });

  it('are what a test of a saved source uses', async () => {
    const source = await makeS3();
    const response = await server.post('/api/v1/sources/test', { kind: 's3', connection: source.connection, source: source.id });
    const { ok, checks } = (await response.json()) as TestResponse;
    expect(ok).toBe(false);
    expect(checks.filter((check) => check.result === 'failed').map(({ name, code }) => [name, code])).toEqual([['bucket', 'unreachable']]);
    const { secretAccessKey: _, ...open } = KEYS;
    const without = await server.post('/api/v1/sources/test', { kind: 's3', connection: { ...source.connection, credentials: open } });
    expect((await errorOf(without)).message).toContain('connection.credentials.secretAccessKey: ');
  });
});

describe('what is refused', () => {
  it('says each wrong place by its path', async () => {
    const connection = { mode: 'queue', queue: 'not a queue', bucket: 's3://acme', region: 'moon', credentials: { kind: 'role', roleArn: 'x' } };
    const error = await errorOf(await server.post('/api/v1/sources', { collector, kind: 's3', name: 'wrong', connection }));
    expect([error.status, error.code]).toEqual([400, 'invalid-request']);
    for (const path of ['queue', 'bucket', 'region', 'credentials.roleArn']) expect(error.message).toContain(`connection.${path}: `);
    const records = {
      rules: [
        { kind: 'exclude', name: '', pattern: 'x' },
        { kind: 'drop', name: 'n', pattern: '' },
      ],
    };
    const rules = await errorOf(await server.post('/api/v1/sources', { collector, kind: 'http', name: 'wrong', records }));
    expect(rules.status).toBe(400);
    for (const path of ['rules.0.name', 'rules.1.kind', 'rules.1.pattern']) expect(rules.message).toContain(`records.${path}: `);
    const pushed = await errorOf(await server.post('/api/v1/sources', { collector, kind: 'http', name: 'wrong', connection: { bucket: 'x' } }));
    expect(pushed.message).toBe('connection.bucket: a source that is sent to has no such setting.');
    const { sources } = (await (await server.call('/api/v1/sources')).json()) as SourceList;
    expect(sources.filter(({ name }) => name === 'wrong')).toEqual([]);
  });

  it('is an edit of what somebody else has changed, and a name that is taken', async () => {
    const source = await makeS3();
    const { revision } = (await (await server.call(`/api/v1/sources/${source.id}`)).json()) as Source;
    expect((await put(`/api/v1/sources/${source.id}`, { sourceCategory: 'a', revision })).status).toBe(200);
    const late = await errorOf(await put(`/api/v1/sources/${source.id}`, { sourceCategory: 'b', revision }));
    expect([late.status, late.code]).toEqual([409, 'edited-meanwhile']);
    const again = (await (await server.call(`/api/v1/sources/${source.id}`)).json()) as Source;
    expect([again.sourceCategory, again.revision]).toEqual(['a', revision + 1]);
    const other = await makeS3();
    const taken = await errorOf(await put(`/api/v1/sources/${other.id}`, { name: source.name.toUpperCase() }));
    expect([taken.status, taken.code]).toEqual([409, 'name-taken']);
  });

  it('is the removal of a collector with sources, a token of an S3 source, and what is gone', async () => {
    const source = await makeS3();
    expect((await errorOf(await server.call(`/api/v1/collectors/${collector}`, { method: 'DELETE' }))).code).toBe('folder-not-empty');
    expect((await errorOf(await server.post(`/api/v1/sources/${source.id}/token`, {}))).status).toBe(400);
    expect((await server.call(`/api/v1/sources/${source.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await errorOf(await server.call(`/api/v1/sources/${source.id}`))).status).toBe(404);
    expect((await errorOf(await put(`/api/v1/sources/${source.id}`, { paused: true }))).status).toBe(404);
  });
});

describe('templates', () => {
  it('are listed with what each asks and gives', async () => {
    const { templates } = (await (await server.call('/api/v1/sources/templates')).json()) as TemplateList;
    expect(templates.map(({ name, kind }) => [name, kind])).toEqual(
      expect.arrayContaining([
        ['s3-source', 's3'],
        ['flow-log', null],
        ['firehose-source', 'firehose'],
        ['cloudwatch-forwarder', 'http'],
      ]),
    );
    const s3 = templates.find(({ name }) => name === 's3-source');
    expect(s3?.parameters.find(({ name }) => name === 'BucketName')).toMatchObject({ default: null, values: null, secret: false, asked: true });
    expect(s3?.parameters.find(({ name }) => name === 'ExternalId')).toMatchObject({ given: 'externalId', asked: false });
    expect(s3?.parameters.find(({ name }) => name === 'Access')?.values).toEqual(['role', 'user']);
    expect(s3?.outputs).toContainEqual({ name: 'RoleArn', setting: 'roleArn' });
    expect(templates.find(({ name }) => name === 'firehose-source')?.parameters.find(({ name }) => name === 'AccessKey')?.secret).toBe(true);
  });

  it('come filled in as a file, and refuse wrong answers by name, secrets and names that are none', async () => {
    const fill = (name: string, parameters: object) => server.post(`/api/v1/sources/templates/${name}`, { parameters });
    const filled = await fill('s3-source', { BucketName: 'acme-flow-logs', ExternalId: 'bartizan-1' });
    expect([filled.status, filled.headers.get('content-type'), filled.headers.get('content-disposition')]).toEqual([
      200,
      'text/yaml; charset=utf-8',
      'attachment; filename="s3-source.yaml"',
    ]);
    const { Parameters } = parse(await filled.text(), { logLevel: 'error' }) as { Parameters: Record<string, { Default?: string }> };
    expect([Parameters.BucketName?.Default, Parameters.ExternalId?.Default, Parameters.SQSName?.Default]).toEqual([
      'acme-flow-logs',
      'bartizan-1',
      'bartizan-flow-logs',
    ]);
    const wrong = await errorOf(await fill('s3-source', { BucketName: 'Not A Bucket' }));
    expect([wrong.status, wrong.message]).toEqual([400, expect.stringMatching(/^parameters\.BucketName: /)]);
    expect((await errorOf(await fill('firehose-source', { AccessKey: 'k' }))).message).toContain('AccessKey is secret');
    for (const name of ['none', '..%2f..%2fpackage', 'forwarder']) expect((await errorOf(await fill(name, {}))).status).toBe(404);
  });
});

describe('quarantine of a source', () => {
  it('is found by what its records are stored under, and nothing else of it', async () => {
    const made = [];
    for (const name of ['left', 'right']) {
      const { source, address } = (await (await server.post('/api/v1/sources', { collector, kind: 'http', name })).json()) as SourceMade;
      const { pathname } = new URL(address?.url ?? '');
      expect((await fetch(server.base + pathname, { method: 'POST', body: `no flow log ${name}\n` })).status).toBe(200);
      made.push(source);
    }
    const found = async (query: string) =>
      ((await (await server.call(`/api/v1/quarantine?${query}`)).json()) as { total: number; records: { raw: string }[] }).records.map(({ raw }) => raw).sort();
    await expect.poll(() => found('collector=main')).toEqual(['no flow log left', 'no flow log right']);
    expect(await found('collector=main&sourceName=left')).toEqual(['no flow log left']);
    expect(await found('collector=main&sourceName=lef')).toEqual([]);
    expect(await found("collector=main' OR 1=1 --")).toEqual([]);
    expect(await found('collector=main&sourceHost=acme-logs')).toEqual([]);
    const [left] = made;
    await expect.poll(async () => ((await (await server.call(`/api/v1/sources/${left?.id}`)).json()) as Source).status.lag?.p50).toBeGreaterThan(0);
  });
});
