/** Documents that mean harm or are damaged: reading ends, nothing is thrown, and what is right in them is read all the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedDocument } from '../../../src/formats/indicators/entry.ts';
import { INDICATOR_READERS } from '../../../src/formats/indicators/index.ts';
import { valuesOf } from '../../../src/formats/indicators/value.ts';
import { INDICATOR_FORMATS } from '../../../src/model/feed.ts';
import type { Indicator } from '../../../src/model/indicator.ts';
import { inPieces, type Read, read, sample, values } from './support.ts';

const SAMPLES = [
  'stix-bundle.json',
  'misp-event.json',
  'misp-attributes.json',
  'crowdstrike.json',
  'otx-page.json',
  'feodo.json',
  'feodo.csv',
  'threatfox.json',
  'threatfox.csv',
  'urlhaus.csv',
  'urlhaus.json',
  'drop.txt',
  'drop.jsonl',
  'firehol.netset',
  'plain.txt',
  'mapped.csv',
];

/** A beginning, one piece over and over, and an end. */
function long(start: string, piece: string, times: number, end: string): FeedDocument {
  const chunk = Buffer.from(piece);
  return {
    async *open() {
      yield Buffer.from(start);
      for (let i = 0; i < times; i++) yield chunk;
      yield Buffer.from(end);
    },
  };
}

/** What holds for every indicator, whatever it came from. */
function expectSound({ indicators, problems }: Read): void {
  for (const indicator of indicators) {
    expect(valuesOf(indicator.type, indicator.value)).toEqual([{ type: indicator.type, value: indicator.value }]);
    expect(indicator.confidence).toBeGreaterThanOrEqual(0);
    expect(indicator.confidence).toBeLessThanOrEqual(100);
    for (const time of ['firstSeen', 'updated', 'validFrom', 'validUntil'] as const) {
      expect(Number.isInteger(indicator[time]) && indicator[time] >= 0 && indicator[time] < 2 ** 32).toBe(true);
    }
    for (const text of textsOf(indicator)) {
      expect(typeof text).toBe('string');
      expect(text.length).toBeLessThanOrEqual(200);
      expect(text).not.toMatch(/[\u0000-\u001f\u007f]/);
    }
  }
  for (const { excerpt, line, index } of problems) {
    expect(excerpt.length).toBeLessThanOrEqual(200);
    expect(excerpt).not.toMatch(/[\u0000-\u001f\u007f]/);
    expect(line ?? index).toBeGreaterThan(0);
  }
}

function textsOf({ id, threatType, actors, malware, killChain, labels }: Indicator): string[] {
  return [id, threatType, ...actors, ...malware, ...killChain, ...labels];
}

describe('a document of 100 MB', () => {
  const MB = 'a'.repeat(2 ** 20);

  it('in one line is one problem, and the line behind it is read', async () => {
    const found = await read(long('', MB, 100, '\n198.51.100.1\n'), { format: 'list' });
    expect(found.problems).toEqual([{ line: 1, reason: 'the line is too long', excerpt: expect.stringMatching(/^a{199}…$/) }]);
    expect(values(found)).toEqual(['address 198.51.100.1']);
    for (const format of ['csv', 'feodo', 'spamhaus-drop'] as const) {
      const other = await read(long('value,type\n', MB, 100, '\n198.51.100.1,ip,x,x,x,x\n'), { format });
      expect(
        other.problems.some(({ line }) => line === 2),
        format,
      ).toBe(true);
      expect(other.broken).toEqual([]);
    }
  });

  it('in one text of JSON is one problem, and the object behind it is read', async () => {
    const start = '{"type":"bundle","objects":[{"type":"indicator","name":"';
    const end = `"},{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.1']"}]}`;
    const found = await read(long(start, MB, 100, end));
    expect(found.problems).toEqual([
      { index: 1, reason: 'the entry is longer than 1,048,576 characters', excerpt: expect.stringMatching(/^\{"type":"indicator","name":"a+…$/) },
    ]);
    expect(values(found)).toEqual(['address 198.51.100.1']);
  });

  it('in the name of a member, or in what nobody reads, is seen or passed', async () => {
    expect((await read(long('{"type":"bundle","', MB, 100, '":1}'))).broken).toEqual(['The document cannot be read: a name in it is too long.']);
    const passed = await read(long('{"type":"bundle","x":["', MB, 100, `"],"objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.1']"}]}`));
    expect(values(passed)).toEqual(['address 198.51.100.1']);
  });
});

describe('a document without end', () => {
  it('stops at the limit of entries', async () => {
    const limits = { entries: 5000 };
    for (const [format, start, piece] of [
      ['list', '', '198.51.100.1\n'.repeat(1000)],
      ['stix', '{"objects":[', `{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.1']"},`.repeat(1000)],
      ['feodo', '[', '{"ip_address":"198.51.100.1"},'.repeat(1000)],
      ['csv', 'value,type\n', 'x,y\n'.repeat(1000)],
    ] as const) {
      // STIX is walked for relationships first, to its end: so long that it could not be held.
      const found = await read(long(start, piece, 200, ']}'), { format, limits });
      expect(found.broken, format).toEqual(['The document has more than 5,000 entries.']);
      expect(found.indicators.length + found.problems.length, format).toBeLessThanOrEqual(5000);
    }
  });
});

describe('JSON', () => {
  it.each(
    [
      ['['.repeat(1_000_000), 'nested too deeply'],
      [`{"objects":[${'{"a":'.repeat(1_000_000)}`, 'nested too deeply'],
      [`{"objects":[{"type":"indicator","x":${'['.repeat(100)}${']'.repeat(100)}}]}`, 'nested too deeply'],
      ['{"objects":[{"type":"indicator"}', 'ends in the middle'],
      ['{"objects":[]', 'ends in the middle'],
      ['{"objects":[}', 'a bracket closes what was not opened'],
      ['{"objects":[]}}', 'a bracket closes what was not opened'],
      ['{"objects" "x"', 'ends in the middle'],
      ['{{', 'a value stands where a name belongs'],
      ['{a:1}', 'this is no JSON'],
    ].map(([text = '', words = '']) => [text.slice(0, 40), words, text] as const),
  )('that is damaged says how: %s: %s', async (_, words, text) => {
    const found = await read(text, { format: 'stix' });
    expect(found.broken).toEqual([expect.stringContaining(words)]);
    expect(found.indicators).toEqual([]);
  });

  it('with one damaged object keeps the others', async () => {
    const good = (n: number) => `{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.${n}']"}`;
    const found = await read(`{"objects":[${good(1)},{"type":"indicator","pattern":nothing},${good(2)}]}`, { format: 'stix' });
    expect(values(found)).toEqual(['address 198.51.100.1', 'address 198.51.100.2']);
    expect(found.problems).toMatchObject([{ index: 2, reason: 'the entry is no JSON' }]);
  });

  it('pollutes no prototype, and inherits nothing', async () => {
    const poison =
      '"__proto__":{"polluted":true,"type":"ip-dst","to_ids":true,"value":"198.51.100.66","indicator":"198.51.100.66","pattern":"[ipv4-addr:value = \'198.51.100.66\']"}';
    for (const [format, text] of [
      ['stix', `{"objects":[{${poison},"type":"indicator"},{"type":"constructor"},{"type":"__proto__"}]}`],
      ['misp', `{"response":{"Attribute":[{${poison}},{"type":"constructor","value":"x"},{"type":"__proto__","value":"x"}]}}`],
      ['crowdstrike', `{"resources":[{${poison},"type":"ip_address"},{"type":"toString","indicator":"x"}]}`],
      ['otx', `{"results":[{"indicators":[{${poison},"type":"IPv4"},{"type":"hasOwnProperty","indicator":"x"}]}]}`],
      ['threatfox', `{"__proto__":[{${poison},"ioc_type":"ip:port"}],"constructor":[{"ioc_type":"valueOf","ioc":"x"}]}`],
    ] as const) {
      const found = await read(text, { format });
      expect(found.indicators, format).toEqual([]);
      expect(found.problems.length + found.skipped.length, format).toBeGreaterThan(0);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('with values of wrong types is read as far as they are right', async () => {
    const parts = [
      'type',
      'pattern',
      'pattern_type',
      'id',
      'confidence',
      'labels',
      'indicator_types',
      'kill_chain_phases',
      'created',
      'modified',
      'valid_from',
      'valid_until',
      'revoked',
    ];
    const parts2 = [
      'indicator',
      'ioc',
      'ioc_value',
      'ioc_type',
      'value',
      'to_ids',
      'uuid',
      'Tag',
      'Event',
      'Attribute',
      'Object',
      'Galaxy',
      'actors',
      'malware_families',
      'tags',
      'indicators',
    ];
    const types = fc.constantFrom('indicator', 'relationship', 'malware', 'ip-dst', 'domain|ip', 'ip_address', 'IPv4', 'ip:port', 'CIDR');
    const object = fc.dictionary(
      fc.constantFrom(...parts, ...parts2),
      fc.oneof({ weight: 2, arbitrary: types }, fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...INDICATOR_FORMATS), fc.array(object, { maxLength: 4 }), async (format, list) => {
        for (const shape of [
          list,
          { objects: list },
          { response: list },
          { response: { Attribute: list } },
          { resources: list },
          { results: list },
          { data: list },
          { Event: { Attribute: list } },
        ]) {
          expectSound(await read(JSON.stringify(shape), { format }));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('damage', () => {
  it('anywhere in any document is a value', async () => {
    const pieces = fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '\n',
      '\r',
      '\u0000',
      '\u{1f600}',
      ';',
      '#',
      "'",
      '/',
      '-',
      '999',
      '0x',
      'null',
      '1e999',
      '[.]',
      '\u2028',
      '"""',
      "' OR '",
    );
    const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(40), put: fc.array(pieces, { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SAMPLES),
        fc.constantFrom(undefined, ...INDICATOR_FORMATS),
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 500 }),
        async (name, format, edits, size) => {
          let text = sample(name).toString();
          for (const { at, cut, put } of edits) {
            const place = Math.floor(at * text.length);
            text = text.slice(0, place) + put.join('') + text.slice(place + cut);
          }
          const found = await read(inPieces(text, size), { format });
          expectSound(found);
          expect(await read(text, { format })).toEqual(found);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('of bytes is a value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(undefined, ...INDICATOR_FORMATS), async (bytes, format) => {
        expectSound(await read(bytes, { format }));
      }),
      { numRuns: 500 },
    );
  });

  it('is told by no reader as its own: each recognizes what it is for', () => {
    const own = {
      stix: 'stix-bundle.json',
      misp: 'misp-event.json',
      crowdstrike: 'crowdstrike.json',
      otx: 'otx-page.json',
      feodo: 'feodo.csv',
      threatfox: 'threatfox.csv',
      urlhaus: 'urlhaus.csv',
      'spamhaus-drop': 'drop.txt',
    };
    for (const [format, name] of Object.entries(own)) {
      const start = sample(name).toString().trimStart();
      const first = INDICATOR_READERS.find((reader) => reader.recognizes(start));
      expect(first?.format).toBe(format);
    }
  });
});

describe('values', () => {
  it('of one meaning have one form', () => {
    const same = (type: Indicator['type'], written: readonly string[], value: string) => {
      for (const text of written) expect(valuesOf(type, text), text).toEqual([{ type, value }]);
    };
    same('address', ['198.51.100.7', ' 198.51.100.7 ', '198.51.100.7/32', '::ffff:198.51.100.7', '::ffff:c633:6407/128'], '198.51.100.7');
    same('address', ['198.51.100.0/24', '198.51.100.77/24', '198.51.100.0-198.51.100.255', '::ffff:198.51.100.9/120'], '198.51.100.0/24');
    same('address', ['2001:DB8::1', '2001:db8:0:0:0:0:0:1', '2001:db8::1/128'], '2001:db8::1');
    same('address', ['2001:db8:1::/48', '2001:db8:1:2::3/48'], '2001:db8:1::/48');
    same('domain', ['Example.COM', 'example.com.', '*.example.com'], 'example.com');
    same('domain', ['bücher.example', 'xn--bcher-kva.example'], 'xn--bcher-kva.example');
    same('file', ['D41D8CD98F00B204E9800998ECF8427E'], 'd41d8cd98f00b204e9800998ecf8427e');
  });

  it.each([
    ['address', '198.51.100.256'],
    ['address', '198.51.100.07'],
    ['address', '198.51.100.0/'],
    ['address', '198.51.100.0/33'],
    ['address', '0.0.0.0/0'],
    ['address', '::/0'],
    ['address', '198.51.100.9-198.51.100.1'],
    ['address', '198.51.100.1-2001:db8::1'],
    ['address', '0.0.0.0-255.255.255.255'],
    ['address', 'fe80::1%eth0'],
    ['domain', 'localhost'],
    ['domain', '198.51.100.300'],
    ['domain', 'exa mple.com'],
    ['domain', `${'a'.repeat(64)}.com`],
    ['domain', '-a.com'],
    ['domain', 'bü/cher.example'],
    ['url', 'example.com/a'],
    ['url', 'http://'],
    ['url', 'http://a b'],
    ['url', `http://example.com/${'a'.repeat(5000)}`],
    ['file', 'd41d8cd98f00b204e9800998ecf8427'],
    ['file', 'z41d8cd98f00b204e9800998ecf8427e'],
    ['user-agent', 'a\u0000b'],
    ['user-agent', ''],
  ] as const)('of type %s that are none have a reason: %s', (type, text) => {
    expect(valuesOf(type, text)).toEqual(expect.any(String));
  });

  it('of a range are the fewest blocks, all of it and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 100_000 }), (from, length) => {
        const to = Math.min(2 ** 32 - 1, from + length);
        const text = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
        const blocks = valuesOf('address', `${text(from)}-${text(to)}`);
        if (typeof blocks === 'string') throw new Error(blocks);
        let next = from;
        for (const { value } of blocks) {
          const [address = '', prefix = '32'] = value.split('/');
          expect(address.split('.').reduce((n, octet) => n * 256 + Number(octet), 0)).toBe(next);
          next += 2 ** (32 - Number(prefix));
        }
        expect(next).toBe(to + 1);
        expect(blocks.length).toBeLessThanOrEqual(62);
      }),
      { numRuns: 500 },
    );
  });
});
