/** lookup and cat on the real engine: matches, misses, spellings of keys, wrong use. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile } from '../../src/query/index.ts';
import { type Engine, openEngine, options } from './engine.ts';
import { catalogOf } from './tables.ts';

const catalog = catalogOf({
  hosts: {
    columns: ['ip', 'Owner', 'note'],
    rows: [
      ['10.0.0.1', 'old', 'first'],
      ['10.0.0.1', 'ann', ''],
      ['2001:DB8:0:0::1', 'ben', 'six'],
      [' 10.0.0.3 ', 'cleo', 'spaces'],
      ['no address', 'nobody', ''],
    ],
  },
  ports: {
    columns: ['port', 'action', 'risk'],
    rows: [
      ['22', 'reject', 'high'],
      ['22', 'ACCEPT', 'some'],
      ['0443', 'ACCEPT', 'low'],
      ['22.0', 'Accept', 'last'],
    ],
  },
  '/Library/Admin Recommended/Accounts': {
    columns: ['id', 'name'],
    rows: [
      ['000000000042', 'prod'],
      ['42', 'wrong'],
    ],
  },
  'https://example.com/users.csv': { columns: ['eni', 'row'], rows: [['ENI-A', 'upper']] },
  empty: { columns: ['ip', 'owner'], rows: [] },
});

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.clear();
  await engine.load([
    {
      line: '2 000000000042 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 100 $0 $60 ACCEPT OK',
      columns: { dst_place: 'US|California|Mountain View|37.4|-122.1', dst_as: '15169 Google LLC' },
    },
    { line: '2 000000000042 eni-a 2001:db8::1 8.8.8.8 1001 443 6 1 200 $10 $60 ACCEPT OK' },
    { line: '2 000000000043 eni-b 10.0.0.3 9.9.9.9 1002 22 17 1 300 $20 $60 REJECT OK' },
    { line: '2 000000000043 eni-b - 9.9.9.9 1003 - 17 1 400 $30 $60 REJECT OK' },
    // Outside the window, in an index of its own, and another's: noise.
    { line: '2 000000000042 eni-a 10.0.0.1 8.8.8.8 1000 22 6 1 900 $-60 $0 ACCEPT OK' },
    { line: '2 1 eni-a - - - - - - - $60 $120 - NODATA' },
  ]);
});
afterAll(() => engine.close());

async function ask(query: string) {
  const result = compile(query, options(engine, { catalog }));
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  return {
    rows: await engine.rows(result.compiled.statement),
    columns: result.compiled.columns.map((c) => c.name),
    warnings: result.warnings.map((w) => w.code),
  };
}

function wrong(query: string) {
  const result = compile(query, options(engine, { catalog }));
  if (result.ok) expect.fail(`compiles: ${query}`);
  const { code, span, hint } = result.diagnostics[0] ?? expect.fail('no diagnostic');
  return { code, at: query.slice(span.start, span.end), hint };
}

it('adds columns of the last row with the key, in any spelling of an address; keeps rows without a match', async () => {
  const { rows, columns } = await ask('| lookup owner, note as remark from hosts on ip = srcaddr | sort bytes asc | fields srcaddr, owner, remark');
  expect(columns).toEqual(['srcaddr', 'owner', 'remark']);
  expect(rows).toEqual([
    ['10.0.0.1', 'ann', ''],
    ['2001:db8::1', 'ben', 'six'],
    ['10.0.0.3', 'cleo', 'spaces'],
    [null, null, null],
  ]);
});

it('takes the sides of = in either order, and all columns but the key with *', async () => {
  const { columns, rows } = await ask('| lookup * from path://"hosts" on srcaddr=ip | where owner = "ben" | fields - _raw, _messageTime');
  expect(columns).toEqual(['Owner', 'note']);
  expect(rows).toEqual([['ben', 'six']]);
});

it('compares addresses that were taken out of text', async () => {
  const { rows } = await ask(
    '| parse "* * * * *" as a, b, c, src, d | concat(src, "") as src | lookup owner from hosts on src = ip | count by owner | sort owner asc',
  );
  expect(rows).toEqual([
    ['ann', 1],
    ['ben', 1],
    ['cleo', 1],
    [null, 1],
  ]);
});

it('compares several keys, numbers as numbers, text in any letter case', async () => {
  const { rows } = await ask('| lookup risk from ports on dstport = port and action = action | sort bytes asc | fields dstport, action, risk');
  expect(rows).toEqual([
    [22, 'ACCEPT', 'last'],
    [443, 'ACCEPT', 'low'],
    [22, 'REJECT', 'high'],
    [null, 'REJECT', null],
  ]);
});

it('compares text as text: zeros before a number count', async () => {
  const { rows } = await ask('| count by account_id | lookup name from path://"/Library/Admin Recommended/Accounts" on account_id = id | sort account_id asc');
  expect(rows).toEqual([
    ['000000000042', 2, 'prod'],
    ['000000000043', 2, null],
  ]);
});

it('finds tables by path, by the last part of a foreign path, and by an address', async () => {
  for (const source of ['"/library/admin recommended/accounts"', 'path://"Library/Admin Recommended/Accounts"'])
    expect((await ask(`| lookup name from ${source} on id = account_id | count by name`)).rows).toEqual([
      ['prod', 2],
      [null, 2],
    ]);
  expect((await ask('| lookup owner from path://"/Library/Users/me@example.com/hosts" on ip = srcaddr | count by owner')).rows).toHaveLength(4);
  expect((await ask('| lookup row from https://example.com/users.csv on eni=interface_id | count by row')).rows).toEqual([
    ['upper', 2],
    [null, 2],
  ]);
});

it('chains, after an aggregate and after a limit, and filters on what it found', async () => {
  const { rows } = await ask(
    '| sum(bytes) as b by srcaddr, dstport | sort b asc | limit 3 | lookup owner from hosts on ip = srcaddr | lookup service from bartizan://ports on port = dstport | where service = "ssh" | fields owner, b',
  );
  expect(rows).toEqual([
    ['ann', 100],
    ['cleo', 300],
  ]);
});

it('takes one name for both sides', async () => {
  expect((await ask('| dstport as port | lookup service FROM bartizan://ports ON port | count by service | sort service asc')).rows).toEqual([
    ['https', 1],
    ['ssh', 2],
    [null, 1],
  ]);
});

it('adds empty columns from an empty table', async () => {
  expect((await ask('| lookup owner from empty on ip = srcaddr | where isNull(owner) | count')).rows).toEqual([[4]]);
});

it('knows ports and protocols', async () => {
  expect((await ask('| lookup name as proto from bartizan://protocols on protocol = protocol | count by proto')).rows).toEqual([
    ['tcp', 2],
    ['udp', 2],
  ]);
  expect((await ask('cat bartizan://ports | where port in ("22", "443") | fields service')).rows).toEqual([['ssh'], ['https']]);
});

it('knows the place and network of addresses in a record’s text, before and after grouping', async () => {
  const parsed = '| parse "* * * * * *" as a, b, c, src, dst, d | concat(dst, "") as dst';
  expect((await ask(`${parsed} | lookup city, continent from geo://default on ip = dst | where !isNull(city) | count by city`)).rows).toEqual([
    ['Mountain View', 1],
  ]);
  expect(
    (await ask(`${parsed} | count by dst | lookup asn, carrier_organization as org from asn://default on ip = dst | where !isNull(asn) | fields dst, asn, org`))
      .rows,
  ).toEqual([['8.8.8.8', 15169, 'Google LLC']]);
  expect(await ask('| lookup continent from geo://location on ip = dstaddr | count by continent')).toMatchObject({
    rows: [[null, 4]],
    warnings: ['not-stored'],
  });
});

it('has the columns of threat indicators, which are empty', async () => {
  const { rows, warnings } = await ask(
    '| lookup type, actor, raw, threatlevel as malicious_confidence from sumo://threat/i471 on threat = srcaddr | where isNull(malicious_confidence) | count',
  );
  expect(rows).toEqual([[4]]);
  expect(warnings).toEqual(['no-indicators']);
});

it('cat reads indicators, of which there are none', async () => {
  const { rows, columns, warnings } = await ask('cat sumo://threat-intel | where _threatlookup.indicator = "192.0.2.0" and _threatlookup.confidence > 50');
  expect([rows, warnings]).toEqual([[], ['no-indicators']]);
  expect(columns).toContain('_threatlookup.valid_until');
});

it('cat reads a table in its order', async () => {
  const { rows, columns } = await ask('cat path://"hosts"');
  expect(columns).toEqual(['ip', 'Owner', 'note']);
  expect(rows.map((row) => row[1])).toEqual(['old', 'ann', 'ben', 'cleo', 'nobody']);
  expect((await ask('cat /Library/Admin Recommended/Accounts | where id = "42" | count by name')).rows).toEqual([['wrong', 1]]);
  expect((await ask('cat empty')).rows).toEqual([]);
});

it('says what is wrong, and where', () => {
  expect(wrong('| lookup owner from hots on ip = srcaddr')).toEqual({ code: 'unknown-source', at: 'hots', hint: 'Did you mean “hosts”?' });
  expect(wrong('| lookup ownr from hosts on ip = srcaddr')).toEqual({ code: 'unknown-field', at: 'ownr', hint: 'Did you mean “Owner”?' });
  expect(wrong('| lookup owner from hosts on address = srcaddr')).toMatchObject({ code: 'unknown-field', at: 'address = srcaddr' });
  expect(wrong('| lookup owner from hosts on ip = scraddr')).toEqual({ code: 'unknown-field', at: 'scraddr', hint: 'Did you mean “srcaddr”?' });
  expect(wrong('| lookup owner from hosts')).toMatchObject({ code: 'unexpected-end' });
  expect(wrong('| lookup owner from hosts on ip')).toMatchObject({ code: 'unknown-field', at: 'ip' });
  expect(wrong('| lookup owner from hosts on ip =')).toMatchObject({ code: 'unexpected-end' });
  expect(wrong('| lookup a from https://example.com/x.csv on a = srcaddr').hint).toContain('bartizan lookup add FILE --name https://example.com/x.csv');
  expect(wrong('| lookup service from bartizan://aws-ranges on ip = srcaddr')).toMatchObject({ code: 'unknown-source', at: 'bartizan://aws-ranges' });
  expect(wrong('REJECT | cat hosts')).toMatchObject({ code: 'not-first', at: 'cat hosts' });
  expect(wrong('cat hosts | count by owner | compare timeshift 1d')).toMatchObject({ code: 'not-supported' });
  expect(wrong('cat hosts | where srcaddr = "10.0.0.1"')).toEqual({ code: 'unknown-field', at: 'srcaddr', hint: 'It has “ip”, “Owner” and “note”.' });
  expect(wrong('cat hosts | where ownr = "ann"')).toEqual({ code: 'unknown-field', at: 'ownr', hint: 'Did you mean “Owner”?' });
  expect(wrong('cat geo://location')).toMatchObject({ code: 'unknown-source', at: 'geo://location' });
});
