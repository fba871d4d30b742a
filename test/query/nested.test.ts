/** Queries inside queries on the real engine: subqueries, filter, join; lookupContains and save. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CompileOptions, compile, parse } from '../../src/query/index.ts';
import { print } from '../../src/query/print.ts';
import { ident } from '../../src/query/sql.ts';
import { countStatement, recordsStatement } from '../../src/query/statements.ts';
import { type Engine, openEngine, options, T0 } from './engine.ts';
import { catalogOf } from './tables.ts';

const catalog = catalogOf({
  bad: {
    columns: ['ip', 'proto'],
    rows: [
      ['2001:DB8:0::1', '6'],
      ['10.0.0.2', '17'],
      ['10.0.0.1', '17.0'],
    ],
  },
  empty: { columns: ['ip'], rows: [] },
});

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.clear();
  await engine.load([
    { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1000 443 6 1 100 $0 $60 ACCEPT OK' },
    { line: '2 1 eni-a 10.0.0.1 9.9.9.9 1001 22 6 1 200 $10 $60 REJECT OK' },
    { line: '2 1 eni-b 10.0.0.2 8.8.8.8 1002 443 17 1 300 $20 $60 ACCEPT OK' },
    { line: '2 1 eni-b 2001:db8::1 8.8.4.4 1003 53 6 1 400 $1300 $1360 ACCEPT OK' },
    { line: '2 2 eni-c 2001:db8::1 9.9.9.9 1004 22 6 1 500 $1310 $1360 REJECT OK' },
    { line: '2 2 eni-c - 9.9.9.9 1005 - 6 1 600 $1320 $1360 REJECT OK' },
    { line: '2 2 eni-d 10.0.0.9 10.0.0.1 1006 8080 6 1 700 $1330 $1360 ACCEPT OK' },
    // An hour earlier: only subqueries with a window of their own see it.
    { line: '2 1 eni-d 10.0.0.9 9.9.9.9 1006 22 6 1 800 $-1800 $-1700 REJECT OK' },
    { line: '2 1 eni-z - - - - - - - $60 $120 - NODATA' },
  ]);
});
afterAll(() => engine.close());

async function ask(query: string, more: Partial<CompileOptions> = {}) {
  const result = compile(query, options(engine, { catalog, ...more }));
  if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
  const canonical = print(parse(query).query);
  expect(print(parse(canonical).query)).toBe(canonical);
  return { ...result.compiled, names: result.compiled.columns.map((c) => c.name), rows: await engine.rows(result.compiled.statement) };
}
const rows = async (query: string, more: Partial<CompileOptions> = {}) => (await ask(query, more)).rows;

function wrong(query: string) {
  const result = compile(query, options(engine, { catalog }));
  if (result.ok) expect.fail(`compiles: ${query}`);
  const { code, span, hint } = result.diagnostics[0] ?? expect.fail('no diagnostic');
  return { code, at: query.slice(span.start, span.end), hint };
}

it('a subquery narrows the search by fields, alone and with other terms, negated too', async () => {
  const refused = '[subquery: REJECT | count by srcaddr | compose srcaddr]';
  expect(await rows(`${refused} | count`)).toEqual([[4]]);
  expect(await rows(`action=ACCEPT ${refused} | sum(bytes)`)).toEqual([[500]]);
  expect(await rows(`action=ACCEPT NOT ${refused} | sum(bytes)`)).toEqual([[1000]]);
  expect(
    await rows(`[subquery: dest_port=22 | count by account_id, action | compose account_id, action] | sum(bytes) by account_id | sort account_id asc`),
  ).toEqual([
    ['1', 200],
    ['2', 1100],
  ]);
});

it('reads the query’s window unless it names its own', async () => {
  expect(await rows('[subquery: 10.0.0.9 REJECT | count by interface_id | compose interface_id] | count')).toEqual([[0]]);
  expect(await rows('[subquery from=(-2h): 10.0.0.9 REJECT | count by interface_id | compose interface_id] | count')).toEqual([[1]]);
  expect(await rows('[subquery from=(2026-03-10 11:00) to=(2026/03/10 12:00:00): REJECT | count by interface_id | compose interface_id] | sum(bytes)')).toEqual(
    [[700]],
  );
  // Digits that may be left out, and a day that only leap years have.
  expect(await rows('[subquery from=(2024-2-29) to=(2026/3/10 9:00:00.5Z): REJECT | count by interface_id | compose interface_id] | count')).toEqual([[0]]);
  // The same walls an hour east.
  expect(
    await rows('[subquery from=(2026-03-10 12:00) to=(2026-03-10 13:00): REJECT | count by interface_id | compose interface_id] | sum(bytes)', {
      timeZone: 'Europe/Berlin',
    }),
  ).toEqual([[700]]);
});

it('keywords are looked for in the whole record, addresses and numbers as words', async () => {
  expect(await rows('[subquery: dest_port=8080 | count by dstaddr | compose dstaddr keywords] | sum(bytes)')).toEqual([[1000]]);
  expect(await rows('[subquery: bytes=100 | count by srcport, action | compose srcport, action keywords] | sum(bytes)')).toEqual([[100]]);
  expect(await rows('[subquery: bytes=100 | concat(dstaddr, "") as who | compose who keywords] | sum(bytes)')).toEqual([[400]]);
  expect(await rows('[subquery: bytes=100 | count by interface_id | compose interface_id keywords] | sum(bytes)')).toEqual([[300]]);
  expect(await rows('[subquery: bytes=100 | count by packets, action | compose packets, action keywords] | sum(bytes)')).toEqual([[1500]]);
  expect(await rows('[subquery: bytes=999999 | count by dstaddr | compose dstaddr keywords] | count')).toEqual([[0]]);
  expect(await rows('[subquery: bytes=999999 | count by interface_id | compose interface_id keywords] | count')).toEqual([[0]]);
});

it('stands in where and if, under names that steps made, and behind in', async () => {
  const busy = 'count by srcaddr | top 1 srcaddr by _count';
  expect(await rows(`REJECT | srcaddr as src_ip | where [subquery: ACCEPT | srcaddr as src_ip | count by src_ip | compose src_ip] | sum(bytes)`)).toEqual([
    [700],
  ]);
  expect(
    await rows(`| if([subquery: REJECT | count by interface_id | compose interface_id], "refused", "fine") as state | sum(bytes) by state | sort state asc`),
  ).toEqual([
    ['fine', 1400],
    ['refused', 1400],
  ]);
  expect(await rows(`| where !(dstaddr in ([subquery: dest_port=443 | ${busy.replaceAll('srcaddr', 'dstaddr')} | compose dstaddr])) | count`)).toEqual([[5]]);
  expect(await rows('| where [subquery: srcaddr=2001:db8::1 | concat(srcaddr, "") as srcaddr | compose srcaddr] | count')).toEqual([[2]]);
});

it('holds subqueries in subqueries, and takes the first rows with maxresults', async () => {
  const inner = '[subquery: dest_port=53 | count by srcaddr | compose srcaddr]';
  expect(await rows(`[subquery: ${inner} REJECT | count by interface_id | compose interface_id] | count`)).toEqual([[2]]);
  expect(await rows('[subquery: * | sum(bytes) by interface_id | sort _sum | compose interface_id maxresults=1] | count by interface_id')).toEqual([
    ['eni-c', 2],
  ]);
});

it('leaves the filters of a dashboard to the query around it', async () => {
  const conditions = [{ field: 'action', values: ['ACCEPT'] }];
  expect(await rows('[subquery: REJECT | count by srcaddr | compose srcaddr] | sum(bytes)', { conditions })).toEqual([[500]]);
});

it('ends with an error where a subquery gives too many rows', async () => {
  await engine.command('CREATE TABLE many AS bartizan.vpc_flow');
  await engine.command('INSERT INTO many (start, bytes, packets, absent) SELECT 1773144000, number, number % 7, 0 FROM numbers(100001)');
  const relations = { ...engine.relations, absentMask: 0n, table: () => engine.relations.table('vpc_flow') };
  const all = compile(
    '[subquery: * | count by bytes | compose bytes] | count',
    options(engine, { relations: { ...relations, table: () => ident('many') }, maxRows: 1 }),
  );
  if (!all.ok) expect.fail(JSON.stringify(all.diagnostics));
  await expect(engine.rows(all.compiled.statement)).rejects.toThrow('bartizan-limit:100000');
  const few = compile(
    '[subquery: * | count by packets | compose packets] | count',
    options(engine, { relations: { ...relations, table: () => ident('many') } }),
  );
  if (!few.ok) expect.fail(JSON.stringify(few.diagnostics));
  expect(await engine.rows(few.compiled.statement)).toEqual([[100_001]]);
  await engine.command('DROP TABLE many');
});

it('filter keeps the rows that steps on the same rows leave over', async () => {
  const base = '| timeslice 20m | sum(bytes) as b by _timeslice, interface_id';
  expect(
    await rows(
      `${base} | filter interface_id in (sum(b) as total by interface_id | top 1 interface_id by total) | sum(b) as b by interface_id | sort interface_id asc`,
    ),
  ).toEqual([['eni-c', 1100]]);
  expect(await rows(`${base} | filter interface_id, b in (where b > 350) | count`)).toEqual([[3]]);
  expect(
    await rows('| count by srcaddr, action | filter srcaddr in (where action = "ACCEPT") | where action = "REJECT" | fields srcaddr | sort srcaddr asc'),
  ).toEqual([['10.0.0.1'], ['2001:db8::1']]);
});

it('join puts rows side by side, under the names of their tables', async () => {
  const joined = await ask(
    '| join (where action = "ACCEPT" | bytes as b) as t1, (where action = "REJECT" | bytes as c) as t2 on t1.srcaddr = t2.srcaddr | sort t1_b asc',
  );
  expect(joined.names).toEqual(['t1_b', 't1_srcaddr', 't2_c', 't2_srcaddr']);
  expect(joined.rows).toEqual([
    [100, '10.0.0.1', 200, '10.0.0.1'],
    [400, '2001:db8::1', 500, '2001:db8::1'],
  ]);
});

it('join compares made text with stored addresses and numbers, takes three tables, aggregates, other fields by their names', async () => {
  expect(
    await rows(
      '| join (where dest_port = 22 | concat(dstaddr, "") as who) as a, (where action = "REJECT" | count by dstaddr, account_id) as b, (where dest_port = 443) as c on a.who = b.dstaddr and a.srcaddr = c.srcaddr | fields a_who, b__count, c_bytes, account_id | sort b__count asc',
    ),
  ).toEqual([
    ['9.9.9.9', 1, 100, '1'],
    ['9.9.9.9', 2, 100, '2'],
  ]);
  expect(await rows('| join (where dest_port = 22) as a, (where dest_port = 53) as b on a.srcaddr = b.srcaddr | sum(b_bytes) by a_interface_id')).toEqual([
    ['eni-c', 400],
  ]);
});

it('join with a time window', async () => {
  const both = (more: string) => rows(`| join (where action = "ACCEPT") as a, (where action = "REJECT") as b on a.account_id = b.account_id ${more} | count`);
  expect(await both('')).toEqual([[5]]);
  expect(await both('timewindow 5m')).toEqual([[4]]);
  expect(await both('timewindow 10s')).toEqual([[3]]);
  expect(
    await rows('| timeslice 1m | join (count by _timeslice) as a, (count by _timeslice) as b on a._timeslice = b._timeslice timewindow 1m | count'),
  ).toEqual([[3]]);
});

it('lookupContains asks whether a table has the key', async () => {
  expect(await rows('| where lookupContains(path://"bad", srcaddr = ip) | sum(bytes)')).toEqual([[1500]]);
  expect(await rows('| lookupContains("bad", srcaddr=ip AND protocol=proto) as listed | sum(bytes) by listed | sort listed asc')).toEqual([
    [false, 1600],
    [true, 1200],
  ]);
  expect(await rows('| where lookupContains(bad, ip = dstaddr) or lookupContains(path://"empty", srcaddr = ip) | sum(bytes)')).toEqual([[700]]);
  expect(await rows('| if(lookupContains(path://"bad", srcaddr = ip), 1, 0) as x | sum(x)')).toEqual([[5]]);
});

it('save marks where the rows go, and only for who asked', async () => {
  const saved = await ask('| count by account_id | sort account_id asc | save append path://"/Library/talkers"', { maySave: true });
  expect(saved.save).toEqual({ name: '/Library/talkers', mode: 'append' });
  expect(saved.rows).toEqual([
    ['1', 4],
    ['2', 3],
  ]);
  expect(wrong('| count | save talkers')).toMatchObject({ code: 'save-not-asked', at: 'save talkers' });
});

it('works beside compare, timeslices and limits, and in statements beside queries', async () => {
  const inner = '[subquery: * | sum(bytes) by interface_id | where _sum > 800 | compose interface_id]';
  expect(await rows(`${inner} | timeslice 30m | sum(bytes) as b by _timeslice | compare with timeshift 30m`, { from: T0, to: T0 + 1800 })).toEqual([
    [T0 * 1000, 1100, null],
  ]);
  expect(await rows('[subquery: REJECT | compose interface_id] | count | compare with timeshift 1h')).toEqual([[4, 0]]);
  expect(await rows('| sort bytes desc | limit 3 | where [subquery: REJECT | compose interface_id] | count')).toEqual([[2]]);
  expect(
    await rows(
      '| limit 100 | join (where action = "ACCEPT" | limit 1 | bytes as b) as a, (sort bytes asc | limit 2 | bytes as c) as z on a.account_id = z.account_id | fields c',
    ),
  ).toEqual([]);
  const matched = {
    ...options(engine, { catalog }),
    query: `${inner} | lookup proto from bad on ip = srcaddr | join (where bytes > 1) as a, (where bytes > 2) as b on a.srcaddr = b.srcaddr | save x`,
  };
  const counted = countStatement(matched);
  if (!counted.ok) expect.fail(JSON.stringify(counted));
  expect(await engine.rows(counted.statement)).toEqual([[2]]);
  const records = recordsStatement({ ...matched, limit: 10, offset: 0 });
  if (!records.ok) expect.fail(JSON.stringify(records));
  expect((await engine.rows(records.statement)).map((row) => row.at(-1))).toEqual([null, '6']);
  expect(countStatement({ ...matched, query: 'cat bad' })).toMatchObject({ ok: false, diagnostics: [{ code: 'no-records' }] });
});

it('bounds how deep queries lie in queries', () => {
  const deep = (n: number): string => (n === 0 ? '*' : `[subquery: ${deep(n - 1)} | compose srcaddr]`);
  expect(compile(`${deep(8)} | count`, options(engine)).ok).toBe(true);
  for (const n of [9, 50]) expect(wrong(`${deep(n)} | count`).code).toBe('too-deep');
  expect(wrong(`${'[subquery: '.repeat(50)} | count`).code).toBe('unexpected-end');
});

it('says what is wrong, and where', () => {
  const cases: readonly (readonly [query: string, code: string, at: string])[] = [
    ['[subquery: REJECT | count by srcaddr] | count', 'no-compose', '[subquery: REJECT | count by srcaddr]'],
    ['[subquery: REJECT | count by srcaddr | compose scraddr] | count', 'unknown-field', 'scraddr'],
    ['[subquery: REJECT | count by srcaddr as who | compose who] | count', 'unknown-field', '[subquery: REJECT | count by srcaddr as who | compose who]'],
    ['[subquery from=(soon): REJECT | compose srcaddr] | count', 'bad-value', '[subquery from=(soon): REJECT | compose srcaddr]'],
    ...['2026-13-10', '2026-02-29', '2026/02/30 10:00', '2026-03-10 24:00', '2026-03-10 10:60', '2026-03-10T10:00:61Z', '2026-0-1'].map(
      (day) => [`[subquery from=(${day}): REJECT | compose srcaddr] | count`, 'bad-value', `[subquery from=(${day}): REJECT | compose srcaddr]`] as const,
    ),
    ['| where [subquery: REJECT | compose srcaddr keywords] | count', 'not-supported', '[subquery: REJECT | compose srcaddr keywords]'],
    ['| where srcaddr in ([subquery: REJECT | compose srcaddr, dstaddr]) | count', 'names-do-not-match', '[subquery: REJECT | compose srcaddr, dstaddr]'],
    ['| filter srcaddr in (where bytes > 1)', 'needs-aggregate', 'filter srcaddr in (where bytes > 1)'],
    ['| count by srcaddr | filter srcaddr in (compare timeshift 1d)', 'not-supported', 'compare timeshift 1d'],
    ['| count by srcaddr | filter srcadr in (where _count > 1)', 'unknown-field', 'srcadr'],
    ['| join (where bytes > 1) as a on a.x = b.x', 'wrong-arguments', 'join (where bytes > 1) as a'],
    ['| join (where bytes > 1) as a, (where bytes > 2) as A on a.x = b.x', 'duplicate-name', '(where bytes > 2) as A'],
    ['| join (where bytes > 1) as a, (where bytes > 2) as b on a.srcaddr = c.srcaddr', 'unknown-table', 'c.srcaddr'],
    ['| join (where bytes > 1) as a, (where bytes > 2) as b on a.srcadr = b.srcaddr', 'unknown-field', 'a.srcadr'],
    ['| join (where bytes > 1) as a, (where bytes > 2) as b on a.srcaddr = a.dstaddr', 'wrong-arguments', 'a.srcaddr = a.dstaddr'],
    ['| join (where bytes > 1) as a, (where bytes > 2) as b, (where bytes > 3) as c on a.srcaddr = b.srcaddr', 'wrong-arguments', '(where bytes > 3) as c'],
    ['| join (count by srcaddr) as a, (count by srcaddr) as b on a.srcaddr = b.srcaddr timewindow 1m', 'needs-timeslice', '(count by srcaddr) as a'],
    ['| where lookupContains(path://"bat", srcaddr = ip)', 'unknown-source', 'path://"bat"'],
    ['| where lookupContains(path://"bad", srcaddr = adress)', 'unknown-field', 'srcaddr = adress'],
    ['| where lookupContains(path://"bad", srcaddr > ip)', 'wrong-arguments', 'srcaddr > ip'],
    ['| where lookupContains(path://"bad")', 'wrong-arguments', 'lookupContains(path://"bad")'],
    ['| save talkers | limit 1', 'not-last', 'save talkers'],
    ['| save bartizan://ports', 'unknown-source', 'bartizan://ports'],
  ];
  for (const [query, code, at] of cases) expect({ query, ...wrong(query), hint: undefined }).toEqual({ query, code, at, hint: undefined });
});
