import { readdirSync, truncateSync } from 'node:fs';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../src/model/counts.ts';
import { gzipped, HEADER, lines, openPlace, type Place, START } from './helpers.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

const counts = (summary: object) => Object.fromEntries(Object.keys(NO_COUNTS).map((key) => [key, (summary as Record<string, number>)[key]]));
const stored = async () => Number((await place.rows('SELECT count() FROM bartizan.vpc_flow'))[0]?.[0]);

describe('ingest', () => {
  it('reads a folder of gzip, zstd and plain files, told by content, in batches over files', async () => {
    await place.file('a/one.txt', gzipped(`${HEADER}\n${lines(2500, 1)}`));
    await place.file('a/two.gz', `${HEADER}\n${lines(700, 2)}`);
    await place.file('a/deep/three.log', zstdCompressSync(Buffer.from(`${HEADER}\n${lines(300, 3)}`)));
    await place.file('a/.hidden', 'not read');
    await place.file('a/empty.log', '');
    const summary = await place.pipeline.ingest([join(place.directory, 'logs')], { sourceCategory: 'Prod/AWS/VPC' });
    expect(counts(summary)).toEqual({ ...NO_COUNTS, records: 3500, stored: 3500 });
    expect(summary).toMatchObject({ files: 4, failures: [], formats: { 'vpc-flow': 3500 }, extent: { from: START, to: START + 2499 } });
    const rows = await place.rows(
      "SELECT replaceRegexpOne(source_name, '.*/', '') AS name, source_category, count(), sum(bytes), countIf(direction = 'inbound'), countIf(action = 'REJECT') FROM bartizan.vpc_flow GROUP BY ALL ORDER BY name",
    );
    const sum = (n: number) => (n * (n - 1)) / 2 + n * 40;
    expect(rows).toEqual([
      ['one.txt', 'Prod/AWS/VPC', 2500, sum(2500), 2500, 500],
      ['three.log', 'Prod/AWS/VPC', 300, sum(300), 300, 60],
      ['two.gz', 'Prod/AWS/VPC', 700, sum(700), 700, 140],
    ]);
    expect(readdirSync(join(place.directory, 'staging'))).toEqual([]);
  });

  it('lets many small files share an insert, however they are laid out', async () => {
    const [one, other] = ['srcaddr dstaddr start end bytes', 'start end bytes srcaddr dstaddr'];
    const names = Array.from({ length: 90 }, (_, i) => `small/${i}.log`);
    await Promise.all(
      names.map((name, i) =>
        place.file(
          name,
          i % 3 === 0 ? `${HEADER}\n${lines(10, i)}` : `${i % 3 === 1 ? one : other}\n${'10.0.0.1 10.0.0.2 1700000000 1700000001 7\n'.repeat(9)}`,
        ),
      ),
    );
    const summary = await place.pipeline.ingest([join(place.directory, 'logs')]);
    expect(summary).toMatchObject({ files: 90, failures: [] });
    // Parts that merges have replaced are still listed.
    const [parts] = await place.rows("SELECT count() FROM system.parts WHERE database = 'bartizan' AND table = 'vpc_flow' AND rows > 0 AND level = 0");
    expect(Number(parts?.[0])).toBeLessThan(10);
  });

  it('stores the same bytes once: again, under another name, twice in one run; and says when a file has grown', async () => {
    const path = await place.file('first.log', `${HEADER}\n${lines(1500)}`);
    await place.pipeline.ingest([path]);
    const copy = join(place.directory, 'logs', 'renamed.log');
    await rename(path, copy);
    expect(counts(await place.pipeline.ingest([copy]))).toEqual({ ...NO_COUNTS, records: 1500, duplicates: 1500 });
    expect((await place.pipeline.ingest([await place.file('short-1', lines(3, 4)), await place.file('short-2', lines(3, 5))])).notes).toEqual([]);
    const twins = [await place.file('twin-1', lines(400, 8)), await place.file('twin-2', lines(400, 8)), await place.file('twin-3', lines(400, 8))];
    expect(counts(await place.pipeline.ingest(twins))).toEqual({ ...NO_COUNTS, records: 1200, stored: 400, duplicates: 800 });
    expect(await stored()).toBe(1906);
    expect(counts(await place.pipeline.ingest([copy], { again: true }))).toEqual({ ...NO_COUNTS, records: 1500, stored: 1500 });
    await appendFile(copy, lines(5, 9));
    const grown = await place.pipeline.ingest([copy]);
    expect(grown.notes).toEqual([expect.stringContaining('renamed.log begins like')]);
  });

  it('keeps what cannot be read in quarantine, with its reason, place and bytes, and reads it again on retry', async () => {
    const good = lines(3).trimEnd().split('\n');
    const path = await place.file('mixed.log', [HEADER, good[0], 'garbage line', good[1], (good[2] as string).replace(' OK', ' FINE'), good[2], ''].join('\n'));
    const summary = await place.pipeline.ingest([path]);
    expect(counts(summary)).toEqual({ ...NO_COUNTS, records: 5, stored: 3, quarantined: 2 });
    const list = await place.quarantine.list();
    expect(list.byCode).toEqual(
      expect.arrayContaining([
        { code: 'too-few-fields', count: 1 },
        { code: 'unknown-status', count: 1 },
      ]),
    );
    const short = list.records.find((r) => r.code === 'too-few-fields');
    expect(short).toMatchObject({ raw: 'garbage line', offset: HEADER.length + 1 + (good[0] as string).length + 1, sourceName: path, resolved: false });
    expect(await place.quarantine.get(short?.id ?? '')).toEqual(short);

    // A record in another layout: unreadable as found, readable with the right layout named.
    const swapped = '10.0.0.1 198.51.100.7 ACCEPT 1700000100 1700000160';
    const odd = await place.file('odd.log', `${swapped}\n`);
    await place.pipeline.ingest([odd]);
    const before = await place.quarantine.list();
    const id = before.records.find((r) => r.sourceName === odd)?.id as string;
    expect(await place.quarantine.retry([id])).toEqual({ retried: 1, resolved: 0, filtered: 0, quarantined: 1 });
    expect(await place.quarantine.retry([id], 'dstaddr srcaddr action start end')).toEqual({ retried: 1, resolved: 1, filtered: 0, quarantined: 0 });
    expect(await place.quarantine.retry([id], 'dstaddr srcaddr action start end')).toEqual({ retried: 0, resolved: 0, filtered: 0, quarantined: 0 });
    expect(
      await place.rows("SELECT count(), any(toString(srcaddr)), any(direction), any(source_name) FROM bartizan.vpc_flow WHERE layout LIKE 'dstaddr%'"),
    ).toEqual([[1, '::ffff:198.51.100.7', 'inbound', odd]]);
    expect((await place.quarantine.get(id))?.resolved).toBe(true);
    expect((await place.quarantine.list()).total).toBe(2);
    expect((await place.quarantine.list({ resolved: true })).total).toBe(1);
  });

  it('keeps the good part of a damaged gzip and reports the damage', async () => {
    const whole = gzipped(`${HEADER}\n${lines(5000)}`);
    const path = await place.file('cut.log.gz', whole.subarray(0, Math.floor(whole.length * 0.6)));
    const summary = await place.pipeline.ingest([path]);
    expect(summary.quarantined).toBe(1);
    expect(summary.stored).toBeGreaterThan(1000);
    expect(summary.stored).toBeLessThan(5000);
    expect(await stored()).toBe(summary.stored);
    expect((await place.quarantine.list()).byCode).toEqual([{ code: 'gzip-damaged', count: 1 }]);
  });

  it('spreads decades over inserts that the engine accepts, and refuses absurd years', async () => {
    const days = Array.from({ length: 300 }, (_, i) => lines(1, i, START - i * 86_400 * 20));
    const path = await place.file('years.log', `${HEADER}\n${days.join('')}`);
    const summary = await place.pipeline.ingest([path]);
    const readable = days.filter((_, i) => START - i * 86_400 * 20 >= Date.UTC(2006, 0, 1) / 1000).length;
    expect(summary).toMatchObject({ stored: readable, quarantined: 300 - readable });
    expect(300 - readable).toBe(0);
    const far = await place.file(
      'absurd.log',
      lines(1, 0, 9_999_999_999 - 4_000_000_000).replace(/\d{10} \d{10} /, '4102444800 4102444860 ') + lines(1, 1, 1_000_000_000),
    );
    expect(await place.pipeline.ingest([far])).toMatchObject({ stored: 0, quarantined: 2 });
    expect((await place.quarantine.list({ code: 'time-out-of-range' })).total).toBe(2);
    expect(await stored()).toBe(readable);
  });

  it('stops cleanly on a signal and goes on where it stopped', async () => {
    const files = [];
    for (let i = 0; i < 12; i++) files.push(await place.file(`part-${i}.gz`, gzipped(`${HEADER}\n${lines(20_000, i)}`)));
    const abort = new AbortController();
    const first = await place.pipeline.ingest(files, { signal: abort.signal, onProgress: (p) => p.records > 30_000 && abort.abort() });
    expect(first.interrupted).toBe(true);
    expect(await stored()).toBe(first.stored);
    expect(first.stored).toBeLessThan(240_000);
    const second = await place.pipeline.ingest(files);
    expect(second.interrupted).toBe(false);
    expect(await stored()).toBe(240_000);
    expect((await place.rows('SELECT uniqExact(interface_id, srcport, bytes, source_name) FROM bartizan.vpc_flow'))[0]).toEqual([240_000]);
  });

  it('counts what it stored of a file that fails in the middle, says so, and goes on there', async () => {
    // Too large to be read at once; most of it is blank.
    const blank = `${' '.repeat(1023)}\n`;
    const groups = Array.from({ length: 10 }, (_, i) => `${lines(2000, i)}${blank.repeat(7 * 2 ** 10)}`);
    const text = `${HEADER}\n${groups.join('')}`;
    const path = await place.file('cut.log', text);
    const whole = await place.file('whole.log', `${HEADER}\n${lines(1500, 77)}`);
    let cut = false;
    const first = await place.pipeline.ingest([path, whole], {
      onProgress: ({ records }) => {
        if (cut || records < 2000) return;
        cut = true;
        truncateSync(path, 1);
      },
    });
    expect([first.files, first.failures.length]).toEqual([1, 1]);
    const ofCut = Number((await place.rows("SELECT count() FROM bartizan.vpc_flow WHERE source_name LIKE '%cut.log'"))[0]?.[0]);
    expect(ofCut).toBeGreaterThan(0);
    expect(ofCut).toBeLessThan(20_000);
    expect(counts(first)).toEqual({ ...NO_COUNTS, records: ofCut + 1500, stored: ofCut + 1500 });
    expect(first.formats).toEqual({ 'vpc-flow': ofCut + 1500 });
    expect(first.failures[0]).toEqual({
      path,
      message: `“${path}” became shorter while it was read. It failed after ${ofCut.toLocaleString('en-US')} records, which are stored; the next run goes on from there.`,
    });
    await writeFile(path, text);
    const second = await place.pipeline.ingest([path]);
    expect([second.failures, counts(second)]).toEqual([[], { ...NO_COUNTS, records: 20_000, stored: 20_000 - ofCut, duplicates: ofCut }]);
    expect((await place.rows('SELECT count(), uniqExact(interface_id, srcport, bytes, source_name) FROM bartizan.vpc_flow'))[0]).toEqual([21_500, 21_500]);
  });

  it('names a path that is not there, and a layout mistake, before anything is stored', async () => {
    await expect(place.pipeline.ingest([join(place.directory, 'nowhere')])).rejects.toThrow(/There is no file or folder/);
    await expect(place.pipeline.ingest([join(place.directory, '*.nothing')])).rejects.toThrow(/No file matches/);
    expect(await stored()).toBe(0);
  });
});
