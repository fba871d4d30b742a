/** The parts of the search results that are functions: what is marked, which bars there are, what picture suits a shape. */
import { describe, expect, it } from 'vitest';
import type { OutputColumn, QueryEvent } from '../../src/api/contract.ts';
import { linkOf } from '../../src/web/format/links.ts';
import { panelOf, shapeOf, viewsOf } from '../../src/web/panels/shape.ts';
import type { Rec } from '../../src/web/records/flow.ts';
import { readAnswer } from '../../src/web/search/results/answer.ts';
import { recordSearch, surroundingSearch } from '../../src/web/search/results/around.ts';
import { barsOf, matchedWindow, span, ticks } from '../../src/web/search/results/buckets.ts';
import { sliceOf } from '../../src/web/search/results/edit.ts';
import { fieldGroups, filtered } from '../../src/web/search/results/field-list.ts';
import { places, termsOf } from '../../src/web/search/results/highlight.tsx';
import { withColumn } from '../../src/web/search/results/message-tools.tsx';
import { columnOf, valueIn } from '../../src/web/search/results/values.ts';

const T = Date.UTC(2026, 10, 18, 14);
const S = T / 1000;

const RECORD: Rec = {
  time: T,
  dataset: 'vpc_flow',
  raw: '2 123456789012 eni-1 203.0.113.9 10.0.0.5 40000 22 6 3 180 1 2 REJECT OK',
  document: { source: { geo: { city_name: 'Lisbon' } }, 'a.b': { c: 1 }, network: { transport: 'tcp' } },
  fields: { srcaddr: '203.0.113.9', dstaddr: '10.0.0.5', srcport: 40000, dstport: 22, protocol: 6, action: 'REJECT', 'interface-id': 'eni-1', team: 'red' },
  origin: { sourceName: 'file.log', sourceCategory: '' },
  values: { mb: 0.2, srcaddr2: null },
};

describe('what is looked for', () => {
  const marked = (query: string, text: string, field?: string) => places(text, termsOf(query), field).map(([a, b]) => text.slice(a, b));

  it.each([
    // Keywords in any letter case and within words; what a field is compared with, and numbers, only whole.
    ['reject dest_port=22', '22 1522 REJECTED 22', ['22', 'REJECT', '22']],
    ['10.0.0.5', '10.0.0.5 10.0.0.51 110.0.0.5 10.0.0.5', ['10.0.0.5', '10.0.0.5']],
    ['"a b" OR c', 'a b c', ['a b', 'c']],
    ['eni-0*9', 'eni-0a19 eni-0b eni-029 9', ['eni-0a19', 'eni-029']],
    ['!reject not x bytes>5 _index=vpc_flow action!=OK', 'reject x 5 vpc_flow OK', []],
    ['| where action = "REJECT"', 'REJECT', []],
    ['aa a', 'aaa', ['aa', 'a']],
    ['*', 'x', []],
    ['.*', 'a.b', ['.']],
    ['<b>', 'x <b> y', []],
    ['"<b>"', 'x <b> y', ['<b>']],
  ])('%s in %s', (query, text, expected) => {
    expect(marked(query, text)).toEqual(expected);
  });

  it('marks a value in its own column and keywords in all', () => {
    expect(marked('dest_port=22 OR reject', '22', 'destination.port')).toEqual(['22']);
    // Where every match has the value, marks would only be noise.
    expect(marked('dest_port=22 reject', '22', 'destination.port')).toEqual([]);
    expect(marked('dest_port=22 reject', '22', 'source.port')).toEqual([]);
    expect(marked('dest_port=22 reject', 'REJECT', 'event.action')).toEqual(['REJECT']);
  });

  it('leaves a text alone whose length changes with its letter case', () => {
    expect(marked('x', 'İ x')).toEqual([]);
  });
});

describe('bars of the histogram', () => {
  const data = {
    window: { from: S + 30, to: S + 600 },
    seconds: 60,
    total: 5,
    buckets: [0, 0, 3, 0, 0, 2, 0, 0, 0, 0].map((count, i): [number, number] => [S + i * 60, count]),
  };
  it('are the buckets; the window may begin within the first', () => {
    const bars = barsOf(data, T + 86_400_000);
    expect(bars.map((b) => b.start - S)).toEqual([0, 60, 120, 180, 240, 300, 360, 420, 480, 540]);
    expect(bars.map((b) => b.count)).toEqual([0, 0, 3, 0, 0, 2, 0, 0, 0, 0]);
    expect(bars.map((b) => b.cut)).toEqual([true, ...Array(9).fill(false)]);
    expect(bars.some((b) => b.incomplete)).toBe(false);
  });

  it('say which may still fill: those younger than delivery takes', () => {
    const bars = barsOf(data, T + 600_000 + 300_000);
    expect(bars.filter((b) => b.incomplete).map((b) => b.start - S)).toEqual([300, 360, 420, 480, 540]);
  });

  it('end where the next begins, also on a day of 25 hours', () => {
    const days = [0, 24, 49, 73].map((hours): [number, number] => [S + hours * 3600, 0]);
    const bars = barsOf({ window: { from: S, to: S + 97 * 3600 }, seconds: 86_400, total: 0, buckets: days }, T);
    expect(span(bars, 1, 1)).toEqual({ from: S + 24 * 3600, to: S + 49 * 3600 });
    expect(span(bars, 3, 2)).toEqual({ from: S + 49 * 3600, to: S + 97 * 3600 });
    expect(span(bars, 5, 0)).toBeNull();
  });

  it('say when there were matches: empty ones around them do not count', () => {
    expect(matchedWindow(data)).toEqual({ from: S + 120, to: S + 360 });
    const none = { ...data, total: 0, buckets: data.buckets.map(([start]): [number, number] => [start, 0]) };
    expect(matchedWindow(none)).toBeNull();
    const days = [0, 24, 49].map((hours, i): [number, number] => [S + hours * 3600, i]);
    expect(matchedWindow({ ...data, seconds: 86_400, buckets: days.slice(0, 2) })).toEqual({ from: S + 24 * 3600, to: S + 48 * 3600 });
    expect(matchedWindow({ ...data, seconds: 86_400, buckets: [...days.slice(0, 2), [S + 49 * 3600, 0]] })).toEqual({ from: S + 24 * 3600, to: S + 49 * 3600 });
  });

  it('are labelled on round times of the zone', () => {
    const minutes = Array.from({ length: 60 }, (_, i): [number, number] => [S + i * 60, 0]);
    const bars = barsOf({ window: { from: S, to: S + 3600 }, seconds: 60, total: 0, buckets: minutes }, T);
    const at = (offset: number) => bars.map(() => offset);
    expect(ticks(bars, 6, at(0))).toEqual([0, 10, 20, 30, 40, 50]);
    expect(ticks(bars, 2, at(1800))).toEqual([0, 30]);
  });
});

const col = (name: string, kind: OutputColumn['kind'] = 'text', field?: string): OutputColumn => ({ name, kind, ...(field ? { field } : {}) });
const PORT = col('dest_port', 'number', 'destination.port');
const COUNT = col('_count', 'number');
const SLICE = col('_timeslice', 'time');

describe('pictures of a result', () => {
  const views = (query: string, columns: OutputColumn[], rows: number) => viewsOf(shapeOf(query, columns), rows);
  it.each([
    ['x | count', [COUNT], 1, ['value', 'table']],
    ['x | count by dest_port', [PORT, COUNT], 10, ['bar', 'donut', 'scatter', 'table']],
    ['x | count by dest_port', [PORT, COUNT], 30, ['bar', 'scatter', 'table']],
    ['x | count by dest_port', [PORT, COUNT], 5000, ['table', 'bar', 'scatter']],
    ['x | count by src_ip, dest_port', [col('src_ip', 'address'), PORT, COUNT], 9, ['table', 'matrix', 'scatter', 'bubble']],
    ['x | count, sum(bytes) by src_ip, dest_port', [col('src_ip', 'address'), PORT, COUNT, col('_sum', 'number')], 9, ['table', 'bubble']],
    ['x | count by latitude, longitude', [col('latitude', 'number'), col('longitude', 'number'), COUNT], 9, ['map', 'table']],
    ['x | values(a) by dest_port', [PORT, col('_values_a', 'list')], 9, ['table']],
    ['x | count by dest_port', [PORT, COUNT], 0, ['table']],
  ] as const)('%s: %#', (query, columns, rows, expected) => {
    expect(views(query, [...columns], rows)).toEqual(expected);
  });

  it('over time begin with a picture of time; with too many keys only the table is right', () => {
    expect(views('x | timeslice 1m | count by _timeslice', [SLICE, COUNT], 60)).toEqual(['line', 'column', 'area', 'step', 'table']);
    expect(views('x | timeslice 1m | count by _timeslice, a', [SLICE, col('a'), COUNT], 60)).toEqual([
      'column',
      'area',
      'share',
      'matrix',
      'line',
      'step',
      'table',
    ]);
    // Averages do not add up, and neither do counts and bytes.
    expect(views('x | timeslice 1m | avg(bytes) by _timeslice, a', [SLICE, col('a'), col('_avg', 'number')], 60)).toEqual(['line', 'step', 'matrix', 'table']);
    expect(views('x | timeslice 1m | count, sum(bytes) by _timeslice', [SLICE, COUNT, col('_sum', 'number')], 60)).toEqual(['line', 'step', 'table']);
    expect(views('x | timeslice 1m | count by _timeslice, a, b', [SLICE, col('a'), col('b'), COUNT], 60)).toEqual(['table']);
    expect(views('x | timeslice 1m | count by _timeslice | compare with timeshift 1d', [SLICE, COUNT, col('_count_1d', 'number')], 60)[0]).toBe('comparison');
    const banded = [SLICE, COUNT, ...['mean', 'lower', 'upper'].map((suffix) => col(`_count_${suffix}`, 'number'))];
    expect(views('x | timeslice 1m | count by _timeslice | outlier _count', banded, 60)).toEqual(['outlier', 'line', 'step', 'table']);
    expect(views('x | timeslice 1m | count by _timeslice, a | outlier _count by a', [col('a'), ...banded], 60)[0]).toBe('line');
    // A transposed port is a name of a column, its counts are measures.
    const pivot = shapeOf('x | timeslice 1m | count by _timeslice, dest_port | transpose row _timeslice column dest_port', [
      SLICE,
      col('22', 'number'),
      col('443', 'number'),
    ]);
    expect([pivot.keys, pivot.measures.map((c) => c.name)]).toEqual([[], ['22', '443']]);
  });

  it('show a table where a key is a link', () => {
    expect(views('x | count by page', [{ ...col('page'), link: true }, COUNT], 9)).toEqual(['table']);
  });

  it('know their columns: the series over time, totals only of what adds up', () => {
    const shape = shapeOf('x | timeslice 1m | count by _timeslice, action', [SLICE, col('action'), COUNT]);
    expect(panelOf('line', 'x', shape)).toMatchObject({ x: '_timeslice', series: 'action' });
    const table = shapeOf('x | count, avg(bytes), sum(bytes) by a', [col('a'), COUNT, col('_avg', 'number'), col('_sum', 'number')]);
    expect(panelOf('table', 'x', table).totals).toEqual(['_count', '_sum']);
    const bubble = shapeOf('x | count by asn, dest_port', [col('asn', 'number'), PORT, COUNT]);
    expect(panelOf('bubble', 'x', bubble)).toMatchObject({ x: 'dest_port', y: 'asn', size: '_count' });
    for (const kind of ['matrix', 'scatter'] as const)
      expect(panelOf(kind, 'x', bubble)).toMatchObject({ x: 'dest_port', series: 'asn', y: '_count', size: '_count' });
    for (const kind of ['matrix', 'share'] as const)
      expect(panelOf(kind, 'x', shape)).toMatchObject({ x: '_timeslice', series: 'action', y: '_count', size: '_count' });
  });

  it('lead from a row to its slice of time', () => {
    expect(
      sliceOf(
        [
          { column: PORT, value: 22 },
          { column: SLICE, value: T },
        ],
        300,
        'UTC',
      ),
    ).toEqual({ from: S, to: S + 300 });
    expect(sliceOf([{ column: PORT, value: 22 }], 300, 'UTC')).toBeUndefined();
  });
});

describe('a record', () => {
  it('has values by every name of a field, by made names and by places in its document', () => {
    expect(['dest_port', 'dstport', 'destination.port', 'DstPort'].map((name) => valueIn(RECORD, name))).toEqual([22, 22, 22, 22]);
    expect(valueIn(RECORD, 'mb')).toBe(0.2);
    expect(valueIn(RECORD, 'src_city')).toBe('Lisbon');
    expect(valueIn(RECORD, 'team')).toBe('red');
    expect(valueIn(RECORD, 'a.b.c')).toBe(1);
    expect([valueIn(RECORD, 'bytes'), valueIn(RECORD, 'source.geo')]).toEqual([undefined, undefined]);
    expect(columnOf('dest_port', [])).toEqual({ name: 'dest_port', kind: 'number', field: 'destination.port' });
    expect(columnOf('mb', [col('mb', 'number')])).toEqual(col('mb', 'number'));
  });

  it('leads to itself and to what is around it', () => {
    expect(surroundingSearch(RECORD)).toEqual({ from: '2026-11-18T13:59:00Z', to: '2026-11-18T14:01:01Z', q: '_index=vpc_flow interface-id="eni-1"' });
    const { 'interface-id': _, ...fields } = RECORD.fields;
    expect(surroundingSearch({ ...RECORD, fields: { ...fields, _sourceName: 'a "b".log' } }).q).toBe('_index=vpc_flow _sourceName="a \\"b\\".log"');
    expect(recordSearch(RECORD)).toMatchObject({ from: '2026-11-18T14:00:00Z', to: '2026-11-18T14:00:01Z' });
    expect(recordSearch(RECORD).q).toContain('srcaddr="203.0.113.9" dstaddr="10.0.0.5" srcport="40000" dstport="22" protocol="6" action="REJECT"');
  });

  it('tells which fields are there, those of the query first', () => {
    const groups = fieldGroups([col('mb', 'number'), { ...PORT }], [RECORD]);
    expect(groups[0]).toMatchObject({ title: 'Made by the query', fields: [{ name: 'mb', made: true }] });
    const present = groups[1]?.fields.map((f) => f.name) ?? [];
    expect(present).toEqual(expect.arrayContaining(['srcaddr', 'dstport', 'interface_id', 'network.transport', 'source.geo.city_name']));
    expect(present).not.toContain('bytes');
    expect(groups[2]).toMatchObject({ title: 'Extracted', fields: [{ name: 'team' }] });
    const ruled = fieldGroups([], [RECORD], { extracted: ['team', 'user'], rules: [{ fields: ['user', 'host'] }] })[1]?.fields;
    expect(ruled?.map((f) => [f.name, f.carried])).toEqual([
      ['team', true],
      ['user', true],
      ['host', false],
    ]);
    expect(groups.find((g) => g.title === 'Record')?.fields.map((f) => f.name)).toContain('bytes');
    expect(filtered(groups, ' DEST_PORT').flatMap((g) => g.fields.map((f) => f.name))).toEqual(['dstport']);
    expect(filtered(groups, 'no such')).toEqual([]);
  });

  it('offers the fields of the datasets that the messages are in', () => {
    const offered = (sample: readonly Rec[]) => fieldGroups([], sample).flatMap((g) => g.fields.map((f) => f.name));
    const gateway: Rec = { ...RECORD, dataset: 'tgw_flow', fields: { 'tgw-id': 'tgw-1', srcaddr: '10.0.0.1' } };
    expect(offered([gateway])).toEqual(expect.arrayContaining(['tgw_id', 'srcaddr', 'packets_lost_no_route', 'network.transport']));
    expect(offered([gateway])).not.toContain('interface_id');
    expect(offered([gateway])).not.toContain('event.class');
    for (const sample of [[], [RECORD]]) expect(offered(sample)).not.toContain('tgw_id');
    expect(offered([RECORD, gateway])).toEqual(expect.arrayContaining(['tgw_id', 'interface_id']));
  });

  it('keeps the message last among its columns', () => {
    expect(withColumn(['a', '_raw'], 'b')).toEqual(['a', 'b', '_raw']);
    expect(withColumn(['a', '_raw'], 'a')).toEqual(['_raw']);
    expect(withColumn(['a'], '_raw')).toEqual(['a', '_raw']);
  });
});

describe('a streamed answer', () => {
  async function* lines(...events: QueryEvent[]) {
    yield* events;
  }
  const start: QueryEvent = { type: 'start', columns: [COUNT], window: { from: 0, to: 1 }, shape: 'aggregates', warnings: [] };
  const end: QueryEvent = { type: 'end', stats: { seconds: 0.5, rowsRead: 7, bytesRead: 1 } };

  it('is its columns and all its rows, and says how far it is', async () => {
    const said: number[][] = [];
    const answer = await readAnswer(
      lines({ type: 'progress', fraction: 0.5, rowsRead: 12 }, start, { type: 'rows', rows: [[1]] }, { type: 'rows', rows: [[2], [3]] }, end),
      (fraction, read) => said.push([fraction, read]),
    );
    expect(answer).toMatchObject({ columns: [COUNT], rows: [[1], [2], [3]], seconds: 0.5, rowsRead: 7, truncated: false });
    expect(said).toEqual([[0.5, 12]]);
  });

  it('that fails or breaks off is an error', async () => {
    const error = { code: 'query-timeout', message: 'The query ran longer than its time limit.' };
    await expect(readAnswer(lines(start, { type: 'error', error }), () => undefined)).rejects.toMatchObject({ body: error });
    await expect(readAnswer(lines(start, { type: 'rows', rows: [[1]] }), () => undefined)).rejects.toMatchObject({ body: { code: 'answer-cut-off' } });
  });
});

it('shows as a link only what the query made one, and only of the web', () => {
  const link = { ...col('page'), link: true as const };
  expect(linkOf(link, '[About](https://example.com/?a=1)')).toEqual({ name: 'About', url: 'https://example.com/?a=1' });
  for (const text of ['[x](javascript:alert(1))', '[x](data:text/html,hi)', 'https://example.com', '[x](https://a b)', 5, null])
    expect(linkOf(link, text)).toBeNull();
  expect(linkOf(col('page'), '[About](https://example.com/)')).toBeNull();
});
