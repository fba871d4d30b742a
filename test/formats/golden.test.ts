/**
 * Golden samples of all formats: each case is a file of raw bytes and the documents that it must give. The published
 * samples (accept, json-accept, egress-v5, ipv6, nodata, reject, json-reject) are compared field for
 * field; no test writes an expected file.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DELIVERY_LIMITS, segments } from '../../src/decode/segments.ts';
import { type Document, type ErrorDocument, normalize } from '../../src/formats/normalize.ts';
import { LOG_FORMATS, VPC_FLOW } from '../../src/model/log-formats.ts';
import { NOW } from './support.ts';

const FORMATS = join(import.meta.dirname, '../../src/formats');
const folderOf = (format: string): string => join(FORMATS, format, 'samples');
const casesIn = (format: string): string[] =>
  readdirSync(folderOf(format))
    .filter((f) => f.endsWith('.raw'))
    .map((f) => f.slice(0, -4));
const rawOf = (format: string, name: string): Buffer => readFileSync(join(folderOf(format), `${name}.raw`));
const expectedOf = (format: string, name: string): unknown => JSON.parse(readFileSync(join(folderOf(format), `${name}.json`), 'utf8'));

/** `all`: with every other field of the record, as the store has them. */
async function documentsOf(bytes: Uint8Array, all = false): Promise<(Document | ErrorDocument)[]> {
  const documents: (Document | ErrorDocument)[] = [];
  const options = { layout: 'auto', now: () => NOW, ...(all ? { enrich: () => undefined } : {}) };
  for await (const document of normalize(segments({ bytes }, { limits: DELIVERY_LIMITS }), options)) documents.push(document);
  return documents;
}

/** Samples of what each version of flow logs brought, which base documents do not have. */
const FULL = casesIn('vpc-flow').filter((name) => existsSync(join(folderOf('vpc-flow'), `${name}.full.json`)));

/** Those that somebody else published. */
const PUBLISHED = ['accept', 'json-accept', 'egress-v5', 'ipv6', 'nodata', 'reject', 'json-reject'];

describe('samples', () => {
  it('has the published ones', () => {
    expect(casesIn('vpc-flow')).toEqual(expect.arrayContaining(PUBLISHED));
    expect(casesIn('cloudtrail')).toContain('published');
  });

  it.each(LOG_FORMATS.flatMap(({ name }) => casesIn(name).map((sample) => [name, sample] as const)))('of %s: %s', async (format, sample) => {
    const expected = expectedOf(format, sample);
    expect(await documentsOf(rawOf(format, sample))).toEqual(Array.isArray(expected) ? expected : [expected]);
  });

  it.each(FULL)('with every field: %s', async (sample) => {
    expect(await documentsOf(rawOf('vpc-flow', sample), true)).toEqual([expectedOf('vpc-flow', `${sample}.full`)].flat());
  });

  it('have a value in every field of every version', async () => {
    const documents = FULL.flatMap((sample) => expectedOf('vpc-flow', `${sample}.full`) as Document | Document[]);
    const has = (name: string): boolean =>
      documents.some((document) => name.split('.').reduce<unknown>((value, key) => (value as Document | undefined)?.[key], document) !== undefined);
    const later = VPC_FLOW.fields.filter(({ since }) => (since ?? 0) > 2);
    expect(later.filter(({ name }) => !has(name)).map(({ name }) => name)).toEqual([]);
    // One that is of transit gateways alone.
    expect(has('aws.tgw.id')).toBe(false);
  });

  it('gives all published samples from one stream, in their order', async () => {
    const bytes = Buffer.concat(PUBLISHED.map((name) => rawOf('vpc-flow', name)));
    expect(await documentsOf(bytes)).toEqual(PUBLISHED.map((name) => expectedOf('vpc-flow', name)));
  });

  it('of events say who acted, whatever the identity', async () => {
    const documents = (await documentsOf(rawOf('cloudtrail', 'identities'))) as Document[];
    const who = documents.map((document) => [
      (document.aws as { cloudtrail: { user_identity?: { type?: string } } }).cloudtrail.user_identity?.type,
      (document.user as { name?: string } | undefined)?.name,
    ]);
    expect(who).toEqual([
      ['Root', 'root'],
      ['IAMUser', 'ann'],
      ['AssumedRole', 'Admin/ann'],
      ['Role', 'Worker'],
      ['FederatedUser', 'bea'],
      ['Directory', 'corp-admin'],
      ['AWSAccount', '444455556666'],
      ['AWSAccount', 'anonymous'],
      ['AWSService', 'autoscaling.amazonaws.com'],
      ['IdentityCenterUser', 'c2a5c4d4-0000-4000-8000-000000000001'],
      ['SAMLUser', 'cleo@example.com'],
      ['WebIdentityUser', 'subject-7'],
      ['Unknown', '111122223333'],
      [undefined, undefined],
      [undefined, 'an identity that is no object'],
    ]);
  });
});
