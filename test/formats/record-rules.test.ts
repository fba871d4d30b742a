/** Rules of a source on records: what is refused of settings, what becomes of texts, and of whole deliveries. */
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowDecoder } from '../../src/formats/flow/decode.ts';
import { checkRecordSettings, compileRecordRules, MOST_RULES, RecordSettingsError } from '../../src/formats/record-rules.ts';
import type { DatasetRows } from '../../src/formats/result.ts';
import { sha256Hex } from '../../src/formats/sha256.ts';
import { DEFAULT_RECORD_SETTINGS, type RecordRule, type RecordSettings } from '../../src/model/source.ts';
import { layoutWithRecords } from './generate.ts';
import { decodeAll, NOW, type Row } from './support.ts';

const HEADER = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
const LINE = '2 123456789010 eni-1 198.51.100.7 10.0.0.9 40000 443 6 3 180 1599665193 1599665253 ACCEPT OK';
const LOCATOR = '\\s(\\d{10,13})\\s\\d{10,13}';

const settings = (more: Partial<RecordSettings>): RecordSettings => ({ ...DEFAULT_RECORD_SETTINGS, ...more });
const rule = (kind: RecordRule['kind'], pattern: string, replacement?: string): RecordRule => ({ kind, name: kind, pattern, replacement });
const rulesOf = (...rules: RecordRule[]) => compileRecordRules(settings({ rules }));
const decodeWith = (text: string | Uint8Array, more: Partial<RecordSettings>, options: { cuts?: readonly number[]; capacity?: number; layout?: string } = {}) =>
  decodeAll(text, { ...options, rules: compileRecordRules(settings(more)) });
const rawsOf = (rows: readonly Row[]): string[] => rows.map((row) => Buffer.from(row.raw, 'latin1').toString());

/** What the rules make of a text. */
function applied(text: string, ...rules: RecordRule[]): string {
  const result = rulesOf(...rules)!.apply(new TextEncoder().encode(text));
  return typeof result === 'string' ? result : new TextDecoder().decode(result);
}

describe('settings', () => {
  it('that ask for nothing compile to nothing', () => {
    expect(compileRecordRules(DEFAULT_RECORD_SETTINGS)).toBeUndefined();
    expect(compileRecordRules(settings({ internalTraffic: ['10.0.0.0/8'] }))).toBeUndefined();
    expect(compileRecordRules(settings({ multiline: { mode: 'automatic' } }))).toBeDefined();
  });

  it.each<[string, Partial<RecordSettings>, RegExp]>([
    ['rules.0.pattern', { rules: [rule('exclude', '(')] }, /missing closing \)/],
    ['rules.1.pattern', { rules: [rule('exclude', 'a'), rule('mask', '(?=a)')] }, /\(\?=/],
    ['rules.0.pattern', { rules: [rule('include', '')] }, /empty/],
    ['rules.0.pattern', { rules: [rule('mask', 'a'.repeat(1001))] }, /1001 characters are more than 1000/],
    ['rules', { rules: Array.from({ length: MOST_RULES + 1 }, () => rule('exclude', 'a')) }, /101 rules are more than 100/],
    ['rules', { rules: Array.from({ length: 10 }, () => rule('exclude', '(?:abc?){200}')) }, /steps together, more than 4000/],
    ['rules.0.replacement', { rules: [rule('mask', 'a', 'b\nc')] }, /control character/],
    ['rules.0.replacement', { rules: [rule('mask', 'a', '#'.repeat(201))] }, /201 characters/],
    ['timestampLocator', { timestampLocator: '\\d{10}' }, /no group/],
    ['timestampLocator', { timestampLocator: '(\\d{10}' }, /missing closing/],
    ['multiline.pattern', { multiline: { mode: 'boundary', pattern: '' } }, /empty/],
    ['multiline.pattern', { multiline: { mode: 'boundary', pattern: '^\\d*' } }, /matches every line/],
    ['internalTraffic.1', { internalTraffic: ['10.0.', '10.1'] }, /“10.1” is not a network/],
    ['internalTraffic', { internalTraffic: Array.from({ length: 1001 }, () => '10.0.0.0/8') }, /1001 networks/],
  ])('are refused at %s', (path, more, message) => {
    const problems = checkRecordSettings(settings(more));
    expect(problems.map((p) => p.path)).toEqual([path]);
    expect(problems[0]?.message).toMatch(message);
    if (!path.startsWith('internalTraffic')) expect(() => compileRecordRules(settings(more))).toThrow(RecordSettingsError);
  });

  it('that are right have no problem', () => {
    const rules = [rule('exclude', '^version account-id'), rule('mask', '(?i)secret=(\\S+)', '***'), rule('hash', '\\d{12}'), rule('include', '.')];
    const all = settings({ rules, timestampLocator: LOCATOR, multiline: { mode: 'boundary', pattern: '^\\d' }, internalTraffic: ['10.0.', '2001:db8::/32'] });
    expect(checkRecordSettings(all)).toEqual([]);
  });

  it('say what RE2 lacks', () => {
    expect(checkRecordSettings(settings({ rules: [rule('exclude', '(a)\\1')] }))[0]?.hint).toMatch(/back references/);
  });
});

describe('a text', () => {
  it.each<[string, string, RecordRule[]]>([
    ['user=# pass=#', 'user=ann pass=x', [rule('mask', '=(\\w+)')]],
    ['#, #', 'ab, ab', [rule('mask', 'ab')]],
    ['card [x]-3456', 'card 1234-3456', [rule('mask', '(\\d{4})-\\d{4}', '[x]')]],
    ['$1 \\1', 'a b', [rule('mask', 'a', '$1'), rule('mask', 'b', '\\1')]],
    ['[\u00fc] #', '[ü] é', [rule('mask', 'é')]],
    ['b', 'ab', [rule('mask', 'a', '')]],
    ['abc', 'abc', [rule('mask', 'x*')]],
    ['abc', 'abc', [rule('mask', 'b(z)?')]],
    ['##', 'aa', [rule('mask', 'a', 'b'), rule('mask', 'b')]],
    ['filtered', 'aa', [rule('mask', 'a', 'b'), rule('exclude', '^bb$')]],
    ['bb', 'aa', [rule('exclude', '^bb$'), rule('mask', 'a', 'b')]],
    ['filtered', 'kept', [rule('include', 'other'), rule('include', 'one')]],
    ['kept', 'kept', [rule('include', 'other'), rule('include', 'ep')]],
    ['filtered', 'kept', [rule('include', 'ep'), rule('exclude', '^k')]],
  ])('becomes %s', (expected, text, rules) => {
    expect(applied(text, ...rules)).toBe(expected);
  });

  it('keeps its array where nothing changed', () => {
    const bytes = new TextEncoder().encode('nothing here');
    expect(rulesOf(rule('mask', 'secret'))?.apply(bytes)).toBe(bytes);
  });

  it('is hashed as SHA-256 in hex, only the group', () => {
    const hash = createHash('sha256').update('ann').digest('hex');
    expect(applied('user=ann user=', rule('hash', 'user=(\\w*)'))).toBe(`user=${hash} user=`);
  });

  it('of any length hashes as node does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        expect(sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'));
      }),
      { numRuns: 300 },
    );
  });

  it('does not grow or match without end', () => {
    expect(applied('a'.repeat(900), rule('mask', 'a', '#'.repeat(200)))).toBe('too-much');
    expect(applied('a'.repeat(1001), rule('mask', 'a'))).toBe('too-much');
    expect(applied('a'.repeat(1000), rule('mask', 'a'))).toBe('#'.repeat(1000));
  });

  it.each<[number | undefined, string]>([
    [1599665193000, LINE],
    [1599665193123, LINE.replace('1599665193', '1599665193123')],
    [undefined, LINE.replace('1599665193', '15996651931')],
    [undefined, LINE.replace('1599665193', '159966519312')],
    [undefined, 'no time'],
  ])('has the time %s', (expected, text) => {
    expect(compileRecordRules(settings({ timestampLocator: LOCATOR }))?.timeOf?.(new TextEncoder().encode(text))).toBe(expected);
  });
});

describe('a delivery with rules', () => {
  const other = LINE.replace('10.0.0.9', '10.9.9.9');

  it('gives its header to the layout before a rule can exclude it', () => {
    const text = `start srcaddr bytes\n1599665193 10.0.0.1 7\nstart srcaddr bytes\n1599665194 10.0.0.2 8\n`;
    const { rows, counts } = decodeWith(text, { rules: [rule('exclude', 'srcaddr')] });
    expect(counts).toMatchObject({ headers: 2, records: 2, stored: 2, filtered: 0 });
    expect(rawsOf(rows)).toEqual(['1599665193 10.0.0.1 7', '1599665194 10.0.0.2 8']);
  });

  it('does not read records under an excluded header of unknown names in the layout before', () => {
    const text = `start bytes\n1599665193 7\nstart srcaddr quux-field\n1599665193 8\n`;
    const { counts, rows } = decodeWith(text, { rules: [rule('exclude', 'quux'), rule('mask', 'quux')] });
    expect(counts).toMatchObject({ stored: 1, filtered: 1, quarantined: 1 });
    expect(rows[1]).toMatchObject({ table: 'bad', bad: { code: 'unknown-field' } });
    expect(inspect(rows, { depth: 9 })).not.toContain('quux');
  });

  it('counts what is excluded, and what no include rule matches', () => {
    const text = [HEADER, LINE, other, 'junk', '', LINE].join('\n');
    const excluded = decodeWith(text, { rules: [rule('exclude', '10\\.9\\.9\\.9'), rule('exclude', '^junk$')] });
    expect(excluded.counts).toMatchObject({ records: 4, stored: 2, filtered: 2, quarantined: 0, headers: 1, emptyLines: 1 });
    const included = decodeWith(text, { rules: [rule('include', '10\\.9\\.9\\.9')] });
    expect(included.counts).toMatchObject({ records: 4, stored: 1, filtered: 3 });
    expect(rawsOf(included.rows)).toEqual([other]);
  });

  it('reads masked records from the changed text, which is their raw text', () => {
    const { rows } = decodeWith(`${LINE}\r\n`, { rules: [rule('mask', ' 2?(\\d{12}) ', '000000000000'), rule('mask', '198\\.51\\.100\\.(\\d+)', '0')] });
    expect(rows[0]).toMatchObject({ table: 'flows', record: { account_id: '000000000000', srcaddr: '198.51.100.0' } });
    expect(rawsOf(rows)).toEqual([`${LINE.replace('123456789010', '000000000000').replace('198.51.100.7', '198.51.100.0')}\r`]);
  });

  it('quarantines the masked text', () => {
    const { rows } = decodeWith(`2 SECRET eni-1\n${LINE.replace('443', 'SECRET')}\n{"message":"SECRET"}\n{"SECRET`, { rules: [rule('mask', 'SECRET', 'xxx')] });
    expect(rawsOf(rows)).toEqual(['2 xxx eni-1', LINE.replace('443', 'xxx'), '{"message":"xxx"}', '{"xxx']);
    expect(inspect(rows, { depth: 9 })).not.toContain('SECRET');
    expect(rows.map((r) => r.table)).toEqual(['bad', 'bad', 'bad', 'bad']);
    for (const row of rows) if (row.table === 'bad') expect(row.bad.length).toBe(row.raw.length);
  });

  it('masks JSON objects, and keeps the masked text', () => {
    const object = `{"message":"${LINE}\\n","logStream":"SECRET-1","logGroup":"g"}`;
    const { rows } = decodeWith(`[${object},\n${object}]\n`, { rules: [rule('mask', 'SECRET', 'xxx'), rule('exclude', 'never')] });
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({ table: 'flows', record: { log_stream: 'xxx-1', log_group: 'g', dstport: 443 } });
    expect(rawsOf(rows)).toEqual([object.replace('SECRET', 'xxx'), object.replace('SECRET', 'xxx')]);
    expect(decodeWith(object, { rules: [rule('exclude', '"g"')] }).counts).toMatchObject({ records: 1, filtered: 1 });
  });

  it('keeps nothing of a record that hiding rules could not see as a whole', () => {
    const long = `SECRET${'x'.repeat(70_000)}`;
    for (const cuts of [[1_000_000], [1000]]) {
      const hidden = decodeWith(`${long}\n${LINE}\n`, { rules: [rule('mask', 'SECRET')] }, { cuts });
      expect(hidden.rows[0]).toMatchObject({ table: 'bad', raw: '', bad: { code: 'line-too-long', length: long.length } });
      expect(hidden.counts).toMatchObject({ stored: 1, quarantined: 1 });
      const shown = decodeWith(`${long}\n`, { rules: [rule('exclude', 'SECRET')] }, { cuts });
      expect(shown.rows[0]).toMatchObject({ table: 'bad', raw: long.slice(0, 65536) });
    }
    const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 10, rules: rulesOf(rule('mask', 'SECRET')) });
    decoder.push(new TextEncoder().encode(`${LINE}\nSECR`), false);
    decoder.endDamaged('gzip-damaged', 'cut');
    const { bad } = decoder.take();
    expect(bad.map((b) => [b.code, b.raw.length, b.length])).toEqual([['gzip-damaged', 0, 4]]);
  });

  it('reads deliveries of one batch each by its own settings, and none by those of the one before', () => {
    const encode = (text: string) => new TextEncoder().encode(text);
    const masked = { layout: 'auto', rules: rulesOf(rule('mask', 'eni-(\\w+)')) };
    const named = { layout: 'bytes start', rules: undefined };
    const plain = { layout: 'auto', rules: undefined };
    const gateway = { layout: 'auto', format: 'tgw-flow' as const, rules: rulesOf(rule('exclude', 'DROP')) };
    const decoder = new FlowDecoder({ ...plain, now: () => NOW, capacity: 100 });
    decoder.push(encode(''), true);
    for (const [reading, text] of [
      [masked, LINE],
      [named, '7 1599665193'],
      [plain, LINE],
      [gateway, `${LINE}\nDROP`],
      [masked, LINE],
      [named, '8 1599665194'],
      [plain, '9 1599665195'],
    ] as const) {
      decoder.readBy(reading);
      decoder.nextDelivery();
      expect(() => decoder.readBy(plain)).toThrow('not finished');
      decoder.push(encode(`${text}\n`), true);
    }
    const { tables, bad, deliveries } = decoder.take();
    const flows = (tables[0] as DatasetRows).batch;
    const interfaces = flows.columns.get('interface_id');
    const bytes = flows.columns.get('bytes');
    if (interfaces?.type !== 'LowCardinality(String)' || bytes?.type !== 'UInt64') throw new Error('other columns');
    expect(Array.from(interfaces.ids.subarray(0, flows.rows), (id) => interfaces.dictionary[id])).toEqual(['eni-#', '', 'eni-1', 'eni-#', '']);
    expect(Array.from(bytes.values.subarray(0, flows.rows), Number).filter((_, i) => i === 1 || i === 4)).toEqual([7, 8]);
    expect(deliveries.map(({ counts }) => [counts.stored, counts.quarantined, counts.filtered])).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 1],
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(bad).toHaveLength(2);
  });

  it('quarantines without text what a rule would match too often', () => {
    const { rows } = decodeWith(`${'SECRET'.repeat(1001)}\n`, { rules: [rule('mask', 'SECRET')] });
    expect(rows).toMatchObject([{ table: 'bad', raw: '', bad: { code: 'too-many-matches', length: 6006 } }]);
  });

  it('lets no value of an unmasked text into a dictionary', () => {
    const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 10, rules: rulesOf(rule('mask', 'eni-(\\w+)')) });
    decoder.push(new TextEncoder().encode(`${LINE.replace('eni-1', 'eni-SECRET')}\n${LINE.replace('eni-1', 'eni-SECRET').replace('443', 'x')}\n`), true);
    const flows = (decoder.take().tables[0] as DatasetRows).batch;
    expect(flows.rows).toBe(1);
    expect(JSON.stringify([...flows.columns.values()].map((c) => ('dictionary' in c ? c.dictionary : [])))).not.toContain('SECRET');
  });

  it('stores the located time only where it is not the start', () => {
    const lines = [LINE, LINE.replace('1599665193 ', '1599665190 '), LINE.replace(/\d{10} \d{10}/, '- 1599665253'), LINE.replace('OK', 'NODATA')];
    const same = decodeWith(lines.join('\n'), { timestampLocator: LOCATOR });
    expect(same.counts).toMatchObject({ stored: 3, nodata: 1, notLocated: 1 });
    expect(same.rows.map((r) => r.table !== 'bad' && r.record.message_time)).toEqual([undefined, undefined, undefined, undefined]);
    const ends = decodeWith(lines.join('\n'), { timestampLocator: '(\\d{10}) (?:ACCEPT|REJECT)' });
    expect(ends.rows.map((r) => r.table !== 'bad' && r.record.message_time)).toEqual([1599665253000, 1599665253000, undefined, 1599665253000]);
  });

  it('does not believe a located time long before or after', () => {
    const text = ['0000000001', '1136073599', '1136073600', String(NOW + 86_400), String(NOW + 86_401)]
      .map((time) => LINE.replace('eni-1', `t${time}`))
      .join('\n');
    const { rows, counts } = decodeWith(text, { timestampLocator: ' t(\\d+) ' });
    expect(rows.map((r) => r.table !== 'bad' && r.record.message_time)).toEqual([undefined, undefined, 1136073600000, (NOW + 86_400) * 1000, undefined]);
    expect(counts.notLocated).toBe(3);
  });
});

describe('lines that go on', () => {
  it('are records of their own when joining is off', () => {
    expect(decodeWith(`${LINE}\n more\n${LINE}`, { rules: [rule('exclude', 'never')] }).counts).toMatchObject({ stored: 2, quarantined: 1 });
  });

  it('join the record before where they begin with a blank', () => {
    const text = `${HEADER}\n${LINE}\n\tat more\n \n  at last\n${LINE}\n\n${LINE}`;
    const { rows, counts } = decodeWith(text, { multiline: { mode: 'automatic' } });
    expect(counts).toMatchObject({ records: 3, stored: 2, quarantined: 1, headers: 1, emptyLines: 1 });
    expect(rows[0]).toMatchObject({ table: 'bad', raw: `${LINE}\n\tat more\n \n  at last`, bad: { code: 'several-lines', offset: HEADER.length + 1 } });
  });

  it('join up to the next boundary; JSON and headers begin records always', () => {
    const boundary = { mode: 'boundary', pattern: '^\\d+ \\d{12} ' } as const;
    const text = [LINE, 'and more', 'and last', LINE, '{"srcaddr":"10.0.0.1","start":1599665193}', LINE, HEADER, LINE, '', ''].join('\n');
    const { rows, counts } = decodeWith(text, { multiline: boundary });
    expect(counts).toMatchObject({ records: 5, stored: 4, quarantined: 1, headers: 1, emptyLines: 1 });
    expect(rows[0]?.raw).toBe(`${LINE}\nand more\nand last`);
  });

  it('are seen by rules as one text, which they can make one line', () => {
    const rules = [rule('mask', '\\s*\\n\\s*', ' '), rule('exclude', '(?s)gone.*DROP')];
    const space = LINE.indexOf(' 40000');
    const [front, back] = [LINE.slice(0, space), LINE.slice(space + 1)];
    const { rows, counts } = decodeWith(`${front}\n  ${back}\ngone\n  DROP\n`, { rules, multiline: { mode: 'automatic' } });
    expect(counts).toMatchObject({ records: 2, stored: 1, filtered: 1 });
    expect(rawsOf(rows)).toEqual([LINE]);
  });

  it('end at 64 KiB', () => {
    const text = `first\n${' x\n'.repeat(50_000)}`;
    const whole = decodeWith(text, { multiline: { mode: 'automatic' } });
    expect(whole.rows.every((r) => r.raw.length <= 65536)).toBe(true);
    expect(whole.rows.map((r) => r.raw).join('\n')).toBe(text.trimEnd());
    expect(whole.counts.records).toBe(3);
    expect(decodeWith(text, { multiline: { mode: 'automatic' } }, { cuts: [977] }).rows).toEqual(whole.rows);
  });
});

describe('rules', () => {
  const comparable = (rows: readonly Row[]): unknown[] => rows.map((row) => (row.table === 'bad' ? { ...row, bad: { ...row.bad, delivery: 0 } } : row));
  const noise = fc.constantFrom(
    '',
    'junk 1',
    '  goes on',
    '\tat x',
    '{"a":1}',
    '{"srcaddr":"10.0.0.1","start":1599665193}',
    '{"b',
    '[',
    '[{"srcaddr":"10.0.0.1"},',
    ']',
    ' ',
    'version start',
    '{\n"start":1599665193\n}',
    'line\r',
  );
  const input = fc
    .tuple(fc.array(layoutWithRecords, { maxLength: 3 }), fc.array(noise, { maxLength: 8 }))
    .map(([parts, junk]) =>
      [...junk.slice(-2), ...parts.flatMap(({ layout, records }, i) => [layout.join(' '), ...records, ...junk.slice(i * 2, i * 2 + 2)])].join('\n'),
    );
  const anySettings = fc.record({
    rules: fc.subarray([
      rule('exclude', '1$'),
      rule('include', '[0-46-9]'),
      rule('mask', '[35]+', '4'),
      rule('hash', 'at (x)'),
      rule('mask', '\\s*\\n\\s*', ' '),
    ]),
    timestampLocator: fc.constantFrom('', LOCATOR, '(\\d{10})'),
    multiline: fc.constantFrom<RecordSettings['multiline']>({ mode: 'off' }, { mode: 'automatic' }, { mode: 'boundary', pattern: '^\\d' }),
  });

  it('give the same whatever the chunks and batches', () => {
    fc.assert(
      fc.property(
        input,
        anySettings,
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (text, more, cuts, capacity) => {
          const whole = decodeWith(text, more);
          const pieces = decodeWith(text, more, { cuts, capacity });
          expect(comparable(pieces.rows)).toEqual(comparable(whole.rows));
          expect(pieces.counts).toEqual(whole.counts);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('that touch nothing change nothing', () => {
    fc.assert(
      fc.property(input, (text) => {
        const ruled = decodeWith(text, { rules: [rule('exclude', 'neverthere'), rule('mask', 'neverthere')] });
        const plain = decodeAll(text);
        expect(comparable(ruled.rows)).toEqual(comparable(plain.rows));
        expect(ruled.counts).toEqual(plain.counts);
      }),
      { numRuns: 300 },
    );
  });
});

it('leaves hashes that are there already, and nothing else, where a text has been through rules before', () => {
  const hash = 'a1'.repeat(32);
  const rules = settings({
    rules: [
      { kind: 'hash', name: 'h', pattern: 'k=([^ ]{2,})' },
      { kind: 'mask', name: 'm', pattern: 'secret', replacement: '#' },
    ],
  });
  const read = (text: string, again: boolean) =>
    new TextDecoder().decode(compileRecordRules(rules, again)?.apply(new TextEncoder().encode(text)) as Uint8Array);
  expect(read(`k=${hash} secret`, true)).toBe(`k=${hash} #`);
  for (const text of [`k=${hash}`, `k=${hash}0`, `k=${hash.slice(1)}`, `k=x${hash.slice(1)}`, `k=${hash.toUpperCase()}`, `k=${hash},${hash}`, 'k=plain'])
    expect(read(text, text !== `k=${hash}`)).toMatch(/^k=[0-9a-f]{64}$/);
  // A part of a hash is a part of it; beside one it is not.
  const part = settings({ rules: [{ kind: 'hash', name: 'h', pattern: 'a1a1' }] });
  const parts = (text: string) => new TextDecoder().decode(compileRecordRules(part, true)?.apply(new TextEncoder().encode(text)) as Uint8Array);
  expect(parts(hash)).toBe(hash);
  expect(parts(`${hash} a1a1`)).toMatch(new RegExp(`^${hash} [0-9a-f]{64}$`));
});
