/** Each format of feeds, from a document as its maker writes it to indicators, told by its content alone. */
import { describe, expect, it } from 'vitest';
import { INDICATOR_READERS } from '../../../src/formats/indicators/index.ts';
import { readPattern } from '../../../src/formats/indicators/stix-pattern.ts';
import { INDICATOR_FORMATS } from '../../../src/model/feed.ts';
import { indicatorOf } from '../../indicator.ts';
import { at, inPieces, read, sample, values } from './support.ts';

const { type: _, value: __, ...NOTHING } = indicatorOf('');

describe('STIX', () => {
  it('gives every value that a pattern names, with what relationships say before and behind', async () => {
    const found = await read(sample('stix-bundle.json'));
    expect(found.format).toBe('stix');
    const c2 = {
      id: 'indicator--00000000-0000-4000-8000-000000000001',
      confidence: 87,
      severity: '',
      threatType: 'malicious-activity',
      actors: ['Example Actor'],
      malware: ['Example Loader'],
      killChain: ['lockheed-martin-cyber-kill-chain:command-and-control', 'T1071', 'mitre-attack:command-and-control'],
      labels: ['anonymization', 'example-label'],
      firstSeen: at('2026-02-01T08:00:00'),
      updated: at('2026-02-03T09:30:00'),
      validFrom: at('2026-02-01'),
      validUntil: at('2026-08-01'),
    };
    expect(found.indicators.slice(0, 4)).toEqual(
      ['198.51.100.7', '198.51.100.8', '198.51.100.9', '2001:db8::7'].map((value) => ({ ...c2, type: 'address', value })),
    );
    expect(values(found).slice(4)).toEqual([
      'address 203.0.113.0/25',
      'domain c2.example.net',
      "url http://files.example.org/it's.bin",
      'file e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ]);
    // Revoked: it held until then. A revoked relationship says nothing.
    expect(found.indicators[4]).toMatchObject({ validFrom: at('2026-02-01'), validUntil: at('2026-03-01'), confidence: 50 });
    expect(found.indicators[5]).toMatchObject({ actors: [], validUntil: 0, confidence: 0 });
    expect(found.problems).toEqual([{ index: 6, reason: 'this is no address', excerpt: '198.51.100.300' }]);
    expect(found.skipped).toEqual(['indicators with a pattern of snort', 'patterns of what must not be']);
    expect(found.broken).toEqual([]);
  });

  it('reads an envelope of TAXII and a bare list as the same', async () => {
    const { objects } = JSON.parse(sample('stix-bundle.json').toString()) as { objects: unknown[] };
    const bundle = await read(sample('stix-bundle.json'));
    expect(await read(JSON.stringify({ more: false, objects }))).toEqual(bundle);
    expect(await read(JSON.stringify(objects), { format: 'stix' })).toEqual(bundle);
  });

  it.each([
    ["[ipv4-addr:value = '198.51.100.7'", 'the brackets of the pattern do not fit'],
    ["[ipv4-addr:value = '198.51.100.7]", 'a text in the pattern does not end'],
    ["[ipv4-addr:value '198.51.100.7']", 'behind ipv4-addr:value must stand a comparison'],
    ["[ipv4-addr:value IN ('198.51.100.7']", 'the list behind IN does not end'],
    ['[ipv4-addr:value =]', 'ipv4-addr:value is compared with nothing'],
    ['', undefined],
  ])('says what is wrong with the pattern %s', (pattern, reason) => {
    if (reason === undefined) expect(readPattern(pattern)).toEqual({ values: [], unread: [] });
    else expect(readPattern(pattern)).toBe(reason);
  });

  it('takes no value that must not be, or is only like it', () => {
    expect(
      readPattern("[NOT-a:thing = 'x' OR ipv4-addr:value NOT = '198.51.100.7' OR domain-name:value LIKE '%.example.com' OR url:value MATCHES 'a']"),
    ).toEqual({
      values: [],
      unread: ['not-a:thing', 'what must not be', 'LIKE', 'MATCHES'],
    });
    expect(
      readPattern("[network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'bad/1.0']"),
    ).toEqual({
      values: [
        { type: 'address', text: '198.51.100.7' },
        { type: 'user-agent', text: 'bad/1.0' },
      ],
      unread: [],
    });
  });
});

describe('MISP', () => {
  it('gives what is for detection in an event, with the tags that stand behind it', async () => {
    const found = await read(sample('misp-event.json'));
    expect(found.format).toBe('misp');
    const event = {
      severity: 'high',
      threatType: 'network activity',
      actors: ['Example Actor'],
      malware: ['Example Loader'],
      killChain: ['T1071', 'kill-chain:Command and Control'],
    };
    expect(found.indicators).toMatchObject([
      {
        ...event,
        type: 'address',
        value: '198.51.100.20',
        id: '5e000000-0000-4000-8000-0000000000a1',
        confidence: 75,
        updated: 1770800100,
        firstSeen: at('2026-02-09T10:00:00'),
      },
      { ...event, type: 'domain', value: 'drop.example.com', confidence: 60, firstSeen: at('2026-02-10') },
      { ...event, type: 'address', value: '2001:db8::99', confidence: 60 },
      { ...event, type: 'file', value: 'd41d8cd98f00b204e9800998ecf8427e', threatType: 'payload delivery' },
    ]);
    expect(found.indicators[0]?.labels).toEqual([
      'misp:confidence-level="usually-confident"',
      'tlp:green',
      'estimative-language:confidence-in-analytic-judgment="moderate"',
    ]);
    expect(found.problems).toEqual([{ index: 1, reason: 'this is no address', excerpt: 'not an address' }]);
    expect(found.skipped).toEqual(['attributes that are not for detection (to_ids)', 'attributes of type email-src']);
  });

  it('gives attributes of a search; a deleted one ends when it was deleted', async () => {
    const found = await read(sample('misp-attributes.json'));
    expect(found.format).toBe('misp');
    expect(found.indicators).toMatchObject([
      { value: '203.0.113.9', severity: 'medium', validUntil: 0, labels: ['tlp:amber'] },
      { value: '203.0.113.10', severity: 'medium', validUntil: 1770900001 },
    ]);
  });

  it('gives a list of events', async () => {
    const event = JSON.parse(sample('misp-event.json').toString()) as unknown;
    const one = await read(sample('misp-event.json'));
    expect(values(await read(JSON.stringify({ response: [event, event] })))).toEqual([...values(one), ...values(one)]);
    expect(values(await read(JSON.stringify([event])))).toEqual(values(one));
  });
});

describe('feeds of others', () => {
  it('CrowdStrike Falcon', async () => {
    const found = await read(sample('crowdstrike.json'));
    expect(found.format).toBe('crowdstrike');
    expect(found.indicators).toEqual([
      {
        ...NOTHING,
        type: 'address',
        value: '198.51.100.30',
        id: 'ip_address_198.51.100.30',
        confidence: 90,
        threatType: 'criminal',
        actors: ['EXAMPLEACTOR'],
        malware: ['ExampleLoader'],
        killChain: ['C2'],
        labels: ['Commodity', 'ThreatType/Criminal'],
        firstSeen: 1769900000,
        updated: 1770000000,
      },
      {
        ...NOTHING,
        type: 'file',
        value: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
        id: 'hash_sha1_da39',
        firstSeen: 1769900000,
        updated: 1770000500,
        validUntil: 1770000500,
      },
      {
        ...NOTHING,
        type: 'address',
        value: '203.0.113.0/28',
        id: 'ip_address_block_203.0.113.0/28',
        confidence: 65,
        firstSeen: 1769900000,
        updated: 1770000000,
      },
    ]);
    expect(found.skipped).toEqual(['indicators of type mutex_name']);
  });

  it('OTX pulses, a page of them and one alone', async () => {
    const found = await read(sample('otx-page.json'));
    expect(found.format).toBe('otx');
    const pulse = {
      actors: ['Example Actor'],
      malware: ['Example Loader'],
      killChain: ['T1110'],
      labels: ['scanner', 'ssh', 'Example pulse'],
      updated: at('2026-02-12T10:00:00'),
    };
    expect(found.indicators).toMatchObject([
      { ...pulse, type: 'address', value: '198.51.100.40', id: '101', threatType: 'scanning_host', validUntil: at('2026-05-10') },
      { ...pulse, type: 'address', value: '2001:db8:40::/48', validUntil: pulse.updated },
      { ...pulse, type: 'domain', value: 'login.example.net', validUntil: 0 },
    ]);
    expect(found.skipped).toEqual(['indicators of type cve']);
    const { results } = JSON.parse(sample('otx-page.json').toString()) as { results: unknown[] };
    expect((await read(JSON.stringify(results[0]))).indicators).toEqual(found.indicators);
  });

  it('Feodo Tracker, JSON and CSV', async () => {
    const server = {
      ...NOTHING,
      type: 'address',
      value: '198.51.100.50',
      confidence: 90,
      threatType: 'botnet_cc',
      malware: ['ExampleBot'],
      labels: ['online'],
      firstSeen: at('2026-01-17T06:40:12'),
      updated: at('2026-02-20'),
    };
    const json = await read(sample('feodo.json'));
    expect(json).toMatchObject({ format: 'feodo', indicators: [server], problems: [{ index: 2, reason: 'this is no address', excerpt: '198.51.100.5O' }] });
    expect(await read(sample('feodo.csv'))).toEqual({ format: 'feodo', indicators: [server], problems: [], skipped: [], broken: [] });
    // A tracker that knows of no server at the moment is a feed all the same.
    expect(await read('[]', { format: 'feodo' })).toMatchObject({ indicators: [], problems: [], broken: [] });
  });

  it('ThreatFox, JSON and CSV', async () => {
    const expected = [
      {
        ...NOTHING,
        type: 'address',
        value: '198.51.100.60',
        confidence: 75,
        threatType: 'botnet_cc',
        malware: ['Example Loader'],
        labels: ['c2', 'example'],
        firstSeen: at('2026-02-19T23:55:02'),
        updated: at('2026-02-19T23:55:02'),
      },
      {
        ...NOTHING,
        type: 'domain',
        value: 'payload.example.org',
        confidence: 100,
        threatType: 'payload_delivery',
        malware: ['unknown'],
        firstSeen: at('2026-02-19T22:00:00'),
        updated: at('2026-02-20T01:00:00'),
      },
    ];
    const json = await read(sample('threatfox.json'));
    expect(json).toMatchObject({ format: 'threatfox', problems: [], skipped: ['indicators of type envelope_from'] });
    expect(json.indicators).toEqual(expected);
    const csv = await read(sample('threatfox.csv'));
    expect(csv).toMatchObject({ format: 'threatfox', problems: [], skipped: [] });
    expect(csv.indicators).toEqual(expected.map((one, i) => ({ ...one, id: `90000${i + 1}` })));
  });

  it('URLhaus, JSON and CSV', async () => {
    const url = {
      ...NOTHING,
      type: 'url',
      value: 'http://198.51.100.70:50321/bin.sh',
      id: 'https://urlhaus.abuse.ch/url/3000001/',
      confidence: 90,
      threatType: 'malware_download',
      labels: ['32-bit', 'elf', 'example', 'online'],
      firstSeen: at('2026-02-20T00:10:05'),
      updated: at('2026-02-20T00:10:05'),
    };
    expect(await read(sample('urlhaus.json'))).toMatchObject({ format: 'urlhaus', indicators: [url], problems: [] });
    expect(await read(sample('urlhaus.csv'))).toMatchObject({
      format: 'urlhaus',
      indicators: [url],
      problems: [{ line: 7, reason: 'this is no URL', excerpt: 'not a url' }],
    });
  });

  it('Spamhaus DROP, text and JSON lines', async () => {
    const block = (value: string, id: string) => ({ ...NOTHING, type: 'address', value, id, confidence: 90, threatType: 'hijacked-network', labels: ['drop'] });
    const blocks = [block('198.51.100.0/25', 'SBL000001'), block('2001:db8:5::/48', 'SBL000003')];
    expect(await read(sample('drop.txt'))).toMatchObject({
      format: 'spamhaus-drop',
      indicators: blocks,
      problems: [{ line: 6, reason: 'behind the slash must stand the length of a prefix', excerpt: '203.0.113.64/33' }],
    });
    expect(await read(sample('drop.jsonl'))).toMatchObject({
      format: 'spamhaus-drop',
      indicators: blocks,
      problems: [{ line: 3, reason: 'this is no address', excerpt: 'nothing' }],
    });
  });

  it('FireHOL and plain lists: addresses, blocks, ranges and what else stands in them', async () => {
    expect(await read(sample('firehol.netset'))).toEqual({
      format: 'list',
      indicators: ['198.51.100.0/24', '203.0.113.7', '203.0.113.16/30', '203.0.113.20/31'].map((value) => ({ ...NOTHING, type: 'address', value })),
      problems: [],
      skipped: [],
      broken: [],
    });
    const plain = await read(sample('plain.txt'));
    expect(plain.format).toBe('list');
    expect(values(plain)).toEqual([
      'address 198.51.100.80',
      'address 198.51.100.81',
      'url http://bad.example.com/a?b=c#d',
      'address 2001:db8::80',
      'file d41d8cd98f00b204e9800998ecf8427e',
      'domain bad.example.com',
      'address 198.51.100.82/31',
    ]);
    expect(plain.problems.map(({ line, reason }) => [line, reason])).toEqual([
      [9, 'this is no address'],
      [10, 'this is no domain name'],
      [11, 'a block so wide would match most of the Internet'],
    ]);
  });

  it('CSV by a mapping: names, numbers, quotation marks, lists and times', async () => {
    const mapping = { value: 'address', confidence: 'SCORE', firstSeen: '3', labels: 'Tags' };
    const found = await read(sample('mapped.csv'), { mapping });
    expect(found.format).toBe('csv');
    expect(found.indicators).toEqual([
      { ...NOTHING, type: 'address', value: '198.51.100.90', confidence: 85, labels: ['ssh', 'scanner'], firstSeen: at('2026-02-01') },
      { ...NOTHING, type: 'address', value: '198.51.100.91', confidence: 90 },
      { ...NOTHING, type: 'address', value: '2001:db8::90', confidence: 12, firstSeen: 1770000000 },
    ]);
    expect(found.problems.map(({ line, reason }) => [line, reason])).toEqual([
      [6, 'the confidence is neither 0 to 100 nor high, medium, low'],
      [8, 'a quotation mark is opened and not closed'],
    ]);
  });

  it('CSV without a mapping, by the usual names, and by numbers without a header', async () => {
    const found = await read('indicator,type,malicious,confidence\n198.51.100.1:443,ip:port,x,medium\nexample.net,FQDN,x,\nx,carrier-pigeon,x,\n');
    expect(found.format).toBe('csv');
    expect(values(found)).toEqual(['address 198.51.100.1', 'domain example.net']);
    expect(found.indicators[0]?.confidence).toBe(65);
    expect(found.problems).toMatchObject([{ line: 4, reason: expect.stringContaining('carrier-pigeon') }]);
    expect(values(await read('a\t198.51.100.1\nb\t198.51.100.2\n', { mapping: { value: '2' } }))).toEqual(['address 198.51.100.1', 'address 198.51.100.2']);
    expect((await read('a,b\n1,2\n', { mapping: { value: 'c' } })).broken).toEqual(['The file has no column “c” for value: it has a, b.']);
    expect((await read('a,b\n1,2\n', { format: 'csv' })).broken).toMatchObject([expect.stringContaining('No column of the file is known')]);
  });
});

describe('documents', () => {
  it('has a reader for each format, and tells them apart', async () => {
    expect(INDICATOR_READERS.map(({ format }) => format).sort()).toEqual([...INDICATOR_FORMATS].sort());
  });

  it('reads the same in pieces of any size', async () => {
    for (const name of ['stix-bundle.json', 'misp-event.json', 'crowdstrike.json', 'otx-page.json', 'threatfox.csv', 'drop.jsonl', 'plain.txt', 'mapped.csv']) {
      const whole = await read(sample(name));
      for (const size of [1, 7, 100]) expect(await read(inPieces(sample(name), size)), `${name} by ${size}`).toEqual(whole);
    }
  });

  it('with a byte order mark, other line ends and no end of the last line', async () => {
    expect(values(await read('\uFEFF198.51.100.1\r\n198.51.100.2\r\n\r\n198.51.100.3'))).toEqual([
      'address 198.51.100.1',
      'address 198.51.100.2',
      'address 198.51.100.3',
    ]);
    expect((await read(`\uFEFF ${sample('crowdstrike.json')}`)).indicators).toHaveLength(3);
  });

  it.each([
    ['', 'The document is empty.'],
    [' \n\t', 'The document is empty.'],
    ['<!DOCTYPE html><html><body>Sign in</body></html>', 'The document is a web page or XML'],
    ['PK\u0003\u0004', 'The document is a ZIP archive'],
    ['{"hello":"world"}', 'The document is JSON of an unknown kind'],
    ['a\u0000b', 'The document is no text.'],
  ])('that is none says so: %j', async (text, words) => {
    const found = await read(text);
    expect(found).toMatchObject({ format: undefined, indicators: [], broken: [expect.stringContaining(words)] });
  });
});
