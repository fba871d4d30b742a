/** The threats page's pure parts: forms and back, queries, words, what a file's columns are called. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FeedNew, FeedSettings, ImportQuery, SECRET } from '../../src/api/contract/feeds.ts';
import { FEED_KINDS, INDICATOR_FORMATS } from '../../src/model/feed.ts';
import { compile } from '../../src/query/index.ts';
import { fieldProblems } from '../../src/web/sources/problems.ts';
import { columnsOf, entriesIn, type FeedDraft, fromFeed, importQuery, NO_DEFAULTS, newFeed, toSettings } from '../../src/web/threats/draft.ts';
import { AUTH_NAMES, FORMAT_NAMES, KINDS, PRESETS } from '../../src/web/threats/kinds.ts';
import { flowsOf, matchesOf, recordsOf } from '../../src/web/threats/search-of.ts';
import { countsText, outOfForce, placeOf, progressText, scheduleText, stateMeans, stateWord } from '../../src/web/threats/words.ts';
import { type Engine, openEngine, options } from '../query/engine.ts';

const [document] = PRESETS.filter(({ id }) => id === 'http');
const draft = (change: Partial<FeedDraft> = {}): FeedDraft => ({ ...newFeed(document as (typeof PRESETS)[number]), name: 'n', ...change });

describe('the form of a feed', () => {
  const feeds: readonly { readonly kind: (typeof FEED_KINDS)[number]; readonly settings: object }[] = [
    { kind: 'http', settings: { url: 'https://a.example/x', format: 'list', everyMinutes: 15 } },
    {
      kind: 'http',
      settings: { url: 'https://a.example/x', format: 'csv', mapping: { value: 'ip', confidence: '2' }, auth: { kind: 'bearer', secret: SECRET } },
    },
    { kind: 'http', settings: { url: 'https://a.example/x', auth: { kind: 'header', header: 'X-Key', secret: SECRET }, proxy: SECRET, maxMib: 12 } },
    {
      kind: 'file',
      settings: { path: '/srv/list.txt', everyMinutes: 0, defaults: { confidence: 60, validDays: 30, threatType: 'scanner', labels: ['a', 'b'] } },
    },
    { kind: 'taxii', settings: { url: 'https://t.example/c/1/', auth: { kind: 'basic', user: 'u' } } },
    { kind: 'misp', settings: { url: 'https://m.example', auth: { kind: 'key', secret: SECRET }, everyMinutes: 77 } },
    { kind: 'misp-feed', settings: { url: 'https://m.example/osint/' } },
    { kind: 'otx', settings: { auth: { kind: 'key', secret: SECRET } } },
    { kind: 'crowdstrike', settings: { url: 'https://f.example', filter: "type:'url'", auth: { kind: 'oauth2', user: 'client', secret: SECRET } } },
    { kind: 'aws-ranges', settings: { everyMinutes: 1440 } },
    { kind: 'import', settings: { everyMinutes: 0, format: 'stix', defaults: { confidence: 5 } } },
  ];
  it.each(feeds)('goes there and back: $kind $settings', ({ kind, settings }) => {
    const parsed = FeedSettings.parse(settings);
    expect(FeedSettings.parse(toSettings(kind, fromFeed({ name: 'n', settings: parsed })))).toEqual(parsed);
  });
  it('covers each kind', () => {
    expect(new Set(feeds.map(({ kind }) => kind))).toEqual(new Set(FEED_KINDS));
  });

  it('sends what was typed of a secret, keeps what is kept, and forgets what is dropped', () => {
    const settings = FeedSettings.parse({ url: 'https://a.example', auth: { kind: 'bearer', secret: SECRET }, proxy: SECRET });
    const kept = fromFeed({ name: 'n', settings });
    expect(JSON.stringify(kept.secret + kept.proxy)).toBe('""');
    expect(toSettings('http', kept)).toMatchObject({ auth: { secret: SECRET }, proxy: SECRET });
    expect(toSettings('http', { ...kept, secret: 'new' })).toMatchObject({ auth: { secret: 'new' }, proxy: SECRET });
    expect(toSettings('http', { ...kept, dropped: ['secret', 'proxy'] })).toMatchObject({ auth: { secret: '' }, proxy: '' });
    expect(toSettings('http', draft({ auth: 'bearer' })).auth).toEqual({ kind: 'bearer' });
  });

  it('sends nothing that its kind does not have', () => {
    const full = draft({ url: 'https://a.example', path: '/x', format: 'csv', mapping: { value: 'ip' }, auth: 'bearer', secret: 's', proxy: 'http://p' });
    expect(toSettings('file', full)).toMatchObject({ path: '/x', format: 'csv', auth: { kind: 'none' } });
    expect(toSettings('file', full)).not.toHaveProperty('url');
    expect(toSettings('file', full)).not.toHaveProperty('proxy');
    expect(toSettings('taxii', full)).toMatchObject({ url: 'https://a.example', format: 'auto' });
    expect(toSettings('taxii', full)).not.toHaveProperty('mapping');
    expect(toSettings('import', full)).toMatchObject({ everyMinutes: 0 });
    expect(toSettings('import', full)).not.toHaveProperty('path');
  });

  it('leaves columns out that are not filled in, and all of them where the format has none', () => {
    const mapping = { value: ' ip ', confidence: ' ', labels: '' };
    expect(toSettings('http', draft({ format: 'csv', mapping })).mapping).toEqual({ value: 'ip' });
    expect(toSettings('http', draft({ format: 'stix', mapping }))).not.toHaveProperty('mapping');
    expect(toSettings('http', draft({ format: 'csv', mapping: { labels: '  ' } }))).not.toHaveProperty('mapping');
  });

  it('leaves the server to refuse numbers that are none', () => {
    const wrong = toSettings('http', draft({ maxMib: '', defaults: { ...NO_DEFAULTS, confidence: '101' } }));
    const refused = FeedSettings.safeParse(wrong);
    expect(refused.success ? [] : refused.error.issues.map(({ path }) => path.join('.'))).toEqual(['defaults.confidence', 'maxMib']);
  });
});

describe('kinds and what to begin with', () => {
  it.each(PRESETS)('$id makes a feed that the API takes', (preset) => {
    const { kind } = preset;
    const place = { url: preset.url ?? 'https://a.example/' };
    const feed = { name: preset.name || 'a name', kind, settings: toSettings(kind, { ...newFeed(preset), ...place, user: 'a client' }) };
    expect(FeedNew.parse(feed)).toMatchObject({ kind, settings: { ...place, everyMinutes: preset.everyMinutes ?? 60 } });
  });
  it('has each kind that a browser may set up, and no preset twice', () => {
    expect(new Set(PRESETS.map(({ kind }) => kind))).toEqual(new Set(FEED_KINDS.filter((kind) => kind !== 'import' && kind !== 'file')));
    expect(new Set(PRESETS.map(({ id }) => id)).size).toBe(PRESETS.length);
  });
  it('has a name for each format and each way to sign in that a kind offers', () => {
    expect(Object.keys(FORMAT_NAMES)).toEqual(['auto', ...INDICATOR_FORMATS]);
    for (const { auths, fields, place } of Object.values(KINDS)) {
      for (const auth of auths) expect(AUTH_NAMES[auth]).toMatch(/^[A-Z]/);
      // Who may sign in must be able to say as whom, and a place has a name.
      expect(fields.includes('auth')).toBe(auths.some((auth) => auth !== 'none'));
      expect(fields.includes('url') || fields.includes('path')).toBe(place.label !== '');
    }
  });
});

describe('a file that is imported', () => {
  const asked = { name: ' mine ', format: 'auto', mapping: {}, defaults: NO_DEFAULTS, replace: false } as const;
  it('says only what was said', () => {
    expect(importQuery(asked)).toEqual({ feed: 'mine', format: 'auto' });
    const all = importQuery({
      ...asked,
      format: 'csv',
      mapping: { value: 'ip', type: '' },
      defaults: { ...NO_DEFAULTS, confidence: '80', validDays: '7', threatType: ' c2 ' },
      replace: true,
    });
    expect(ImportQuery.parse(all)).toEqual({
      feed: 'mine',
      format: 'csv',
      mapping: '{"value":"ip"}',
      confidence: 80,
      validDays: 7,
      threatType: 'c2',
      replace: true,
    });
  });
  it.each([
    ['ip,score,"a note"\n192.0.2.1,5,x\n', ['ip', 'score', 'a note']],
    ['# a comment, with a comma\n\nip;tags\n', ['ip', 'tags']],
    ['ip\ttags\r\n', ['ip', 'tags']],
    ['a,a,,b', ['a', 'b']],
    ['192.0.2.1\n192.0.2.2\n', []],
    ['', []],
    [`${'x'.repeat(300)},y`, ['y']],
  ])('%j has the columns %j', (start, columns) => expect(columnsOf(start)).toEqual(columns));
});

it('an allow-list has an entry a line, each once', () => {
  expect(entriesIn(' 192.0.2.1 \r\n\n203.0.113.0/24\n192.0.2.1\n  \n')).toEqual(['192.0.2.1', '203.0.113.0/24']);
  expect(entriesIn('\n \n')).toEqual([]);
});

it('refusals of a feed are known by field', () => {
  expect([...fieldProblems('settings.url: write an address; body.settings.defaults.confidence: too big; body.name: a feed needs a name')]).toEqual([
    ['settings.url', 'write an address'],
    ['settings.defaults.confidence', 'too big'],
    ['name', 'a feed needs a name'],
  ]);
  expect([...fieldProblems('the settings are odd')]).toEqual([['', 'the settings are odd']]);
});

describe('words', () => {
  it.each([
    ['http', 60, 'every hour'],
    ['http', 90, 'every 90 minutes'],
    ['file', 1440, 'every day'],
    ['taxii', 10_080, 'every week'],
    ['otx', 0, 'when asked'],
    ['import', 60, 'imported'],
  ] as const)('%s, %d minutes: %s', (kind, minutes, words) => expect(scheduleText(kind, minutes)).toBe(words));

  it('says what a run came to, and nothing of what is none', () => {
    expect(countsText({ added: 1200, changed: 0, expired: 3 })).toBe('1,200 added, 3 expired');
    expect(countsText({ added: 0, changed: 0, expired: 0 })).toBe('nothing new');
    expect(progressText({ started: 1, bytes: 0, entries: 0, doing: 'waiting for other feeds' })).toBe('waiting for other feeds');
    expect(progressText({ started: 1, bytes: 2048, entries: 1, doing: 'storing' }).replace(/\s/gu, ' ')).toBe('storing · 2.0 KiB · 1 entry');
  });

  it('says the state of a feed, and why it is in trouble', () => {
    const state = (name: 'ok' | 'trouble', message?: string) =>
      ({ state: { state: name, error: message === undefined ? null : { code: 'x', message } } }) as Parameters<typeof stateMeans>[0];
    expect(stateWord({ kind: 'import', ...state('ok') })).toBe('imported');
    expect(stateWord({ kind: 'http', ...state('ok') })).toBe('up to date');
    expect(stateMeans(state('trouble', 'no answer'))).toBe('no answer');
    expect(stateMeans(state('ok', undefined))).toBe('The last run went well.');
  });

  it('says where a wrong entry is', () => {
    expect([placeOf({ line: 1234 }), placeOf({ index: 2 }), placeOf({})]).toEqual(['line 1,234', 'entry 2', '']);
  });

  it('says why an indicator is not in force, at the very second', () => {
    const at = (change: object) => outOfForce({ removed: 0, validFrom: 0, validUntil: 0, ...change }, 1000);
    expect(at({})).toBeUndefined();
    expect(at({ removed: 5, validUntil: 10 })).toBe('dropped by its feed');
    expect([at({ validFrom: 1000 }), at({ validFrom: 1001 })]).toEqual([undefined, 'not valid yet']);
    expect([at({ validUntil: 1001 }), at({ validUntil: 1000 })]).toEqual([undefined, 'expired']);
  });
});

describe('from indicators to flows', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine();
    const about = { type: 'address', confidence: 90 };
    await engine.loadIndicators([
      { ...about, feed: 'falcon & co', value: '198.51.100.7' },
      { ...about, feed: 'other', value: '203.0.113.0/28' },
    ]);
    const line = (from: string, to: string, bytes: number, action: string) => `2 1 eni-a ${from} ${to} 1 22 6 1 ${bytes} $10 $20 ${action} OK`;
    await engine.load([
      { line: line('198.51.100.7', '10.0.0.1', 1, 'REJECT'), columns: { direction: 'inbound', src_indicator: 'falcon & co/198.51.100.7' } },
      { line: line('10.0.0.1', '198.51.100.7', 2, 'ACCEPT'), columns: { direction: 'outbound', dst_indicator: 'falcon & co/198.51.100.7' } },
      { line: line('10.0.0.1', '203.0.113.9', 4, 'ACCEPT'), columns: { direction: 'outbound', dst_indicator: 'other/203.0.113.0/28' } },
      // Of an address that an indicator names, stored before it did; and of others.
      { line: line('198.51.100.7', '10.0.0.2', 8, 'ACCEPT'), columns: { direction: 'inbound' } },
      { line: line('2001:db8:bad::9', '10.0.0.2', 16, 'ACCEPT'), columns: { direction: 'inbound' } },
      { line: line('8.8.8.8', '10.0.0.1', 32, 'ACCEPT'), columns: { direction: 'inbound' } },
    ]);
  });
  afterAll(() => engine.close());

  /** The sum of bytes tells which flows they are. */
  const bytes = async (query: string): Promise<unknown> => {
    const result = compile(`${query} | sum(bytes)`, options(engine));
    if (!result.ok) expect.fail(`${query}: ${JSON.stringify(result.diagnostics)}`);
    return Number((await engine.rows(result.compiled.statement))[0]?.[0] ?? 0);
  };

  it('leads to what matched', async () => {
    expect(await bytes(matchesOf('falcon & co'))).toBe(3);
    expect(await bytes(matchesOf('falcon & co', 'ACCEPT'))).toBe(2);
    expect(await bytes(matchesOf('falcon & co', 'REJECT'))).toBe(1);
    expect(await bytes(matchesOf('other'))).toBe(4);
    expect(await bytes(matchesOf('none such'))).toBe(0);
  });

  it('leads to the flows of an address or a network, at either end, whatever was known then', async () => {
    expect(await bytes(flowsOf({ type: 'address', value: '198.51.100.7' }) ?? '')).toBe(11);
    expect(await bytes(flowsOf({ type: 'address', value: '203.0.113.0/28' }) ?? '')).toBe(4);
    expect(await bytes(flowsOf({ type: 'address', value: '2001:db8:bad::/48' }) ?? '')).toBe(16);
    expect(flowsOf({ type: 'domain', value: 'evil.example' })).toBeUndefined();
    expect(await bytes(recordsOf('198.51.100.7', 'vpc_flow'))).toBe(11);
    expect(await bytes(recordsOf('198.51.100.7', 'tgw_flow'))).toBe(0);
  });
});
