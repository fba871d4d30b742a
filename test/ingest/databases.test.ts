import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { loadDatabases, versionDate } from '../../src/ingest/databases.ts';

let cacheDir: string;
beforeAll(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'bartizan-databases-'));
});
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

test('the packages’ data is loaded into shared memory, cached and reported with its age', () => {
  const now = Date.parse('2026-07-01T12:00:00Z');
  const first = loadDatabases({ cacheDir, now });
  expect(first.warnings).toEqual([]);
  expect(first.reports.map(({ name, date, ageDays }) => ({ name, date, ageDays }))).toEqual([
    { name: 'Place data for IPv4', date: '2026-06-05', ageDays: 26 },
    { name: 'Place data for IPv6', date: '2026-06-05', ageDays: 26 },
    { name: 'AS data', date: '2026-06-17', ageDays: 14 },
  ]);
  for (const bytes of Object.values(first.databases)) expect(bytes?.buffer).toBeInstanceOf(SharedArrayBuffer);

  const [cached] = readdirSync(cacheDir);
  expect(readdirSync(cacheDir)).toEqual([cached]);
  // A cache file that was cut off is built again.
  truncateSync(join(cacheDir, cached!), 100_000);
  for (let round = 0; round < 2; round++) {
    const enricher = createEnricher(loadDatabases({ cacheDir, now }).databases, { internalNetworks: [] });
    expect(enricher.describe('1.1.1.1')).toMatchObject({ place: { city: 'Sydney' }, as: { number: 13335 } });
  }
});

test('a missing file is a warning and old data another', () => {
  const loaded = loadDatabases({ cacheDir, now: Date.parse('2027-03-01T00:00:00Z'), placeV4File: join(cacheDir, 'nowhere.mmdb') });
  expect(loaded.databases.placeV4).toBeUndefined();
  expect(loaded.warnings).toHaveLength(3);
  expect(loaded.warnings[0]).toMatch(/^Place data for IPv4 is not available: .*nowhere\.mmdb/);
  expect(loaded.warnings[1]).toMatch(/^Place data for IPv6 is 269 days old/);
  expect(loaded.reports.map((r) => r.name)).toEqual(['Place data for IPv6', 'AS data']);
});

test('the date in a data package’s version', () => {
  expect(versionDate('2.3.2026060513')).toBe('2026-06-05');
  expect(versionDate('1.0.0')).toBe('1970-01-01');
});
