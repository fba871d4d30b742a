/**
 * Golden samples: each case is a file of raw bytes and the documents that it must give. The published
 * samples (accept, json-accept, egress-v5, ipv6, nodata, reject, json-reject) are compared field for
 * field; no test writes an expected file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DELIVERY_LIMITS, segments } from '../../src/decode/segments.ts';
import { type Document, type ErrorDocument, normalize } from '../../src/formats/normalize.ts';
import { NOW } from './support.ts';

const FORMATS = join(import.meta.dirname, '../../src/formats');
const FOLDER = join(FORMATS, 'vpc-flow/samples');
const casesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((f) => f.endsWith('.raw'))
    .map((f) => f.slice(0, -4));
const cases = casesIn(FOLDER);
const TGW_FOLDER = join(FORMATS, 'tgw-flow/samples');

async function documentsOf(bytes: Uint8Array): Promise<(Document | ErrorDocument)[]> {
  const documents: (Document | ErrorDocument)[] = [];
  for await (const document of normalize(segments({ bytes }, { limits: DELIVERY_LIMITS }), { layout: 'auto', now: () => NOW })) documents.push(document);
  return documents;
}

describe('samples', () => {
  it('has the published ones', () => {
    expect(cases).toEqual(expect.arrayContaining(['accept', 'json-accept', 'egress-v5', 'ipv6', 'nodata', 'reject', 'json-reject']));
  });

  it.each(cases)('%s', async (name) => {
    const expected: unknown = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
    const documents = await documentsOf(readFileSync(join(FOLDER, `${name}.raw`)));
    expect(documents).toEqual(Array.isArray(expected) ? expected : [expected]);
  });

  it.each(casesIn(TGW_FOLDER))('of a transit gateway: %s', async (name) => {
    expect(await documentsOf(readFileSync(join(TGW_FOLDER, `${name}.raw`)))).toEqual(JSON.parse(readFileSync(join(TGW_FOLDER, `${name}.json`), 'utf8')));
  });

  it('gives all published samples from one stream, in their order', async () => {
    const names = ['accept', 'json-accept', 'egress-v5', 'ipv6', 'nodata', 'reject', 'json-reject'];
    const bytes = Buffer.concat(names.map((n) => readFileSync(join(FOLDER, `${n}.raw`))));
    expect(await documentsOf(bytes)).toEqual(names.map((n) => JSON.parse(readFileSync(join(FOLDER, `${n}.json`), 'utf8'))));
  });
});
