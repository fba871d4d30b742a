import { expect, test } from 'vitest';
import type { OutputColumn, RunEvent } from '../../src/api/contract.ts';
import { Panel } from '../../src/dashboards/schema.ts';
import { csrfToken } from '../../src/web/api/client.ts';
import { readLines } from '../../src/web/api/ndjson.ts';
import { FLOW_COLUMNS } from '../../src/web/app/search.ts';
import { drillField, drillFilters } from '../../src/web/dashboard/drill.ts';
import { fileName, toCsv, toJson } from '../../src/web/dashboard/export.ts';
import { recordsSearch } from '../../src/web/dashboard/records-search.ts';
import { RunStore } from '../../src/web/dashboard/run-store.ts';

const port: OutputColumn = { name: 'dest_port', kind: 'number', field: 'destination.port' };
const LOOKUP = '_index=vpc_flow "a|b" action=ACCEPT // only\n| lookup asn, organization from asn://default on ip=dest_ip\n| count by asn, dest_port';

test('computed columns belong to the side of the flow that the query looks up', () => {
  expect(drillField(LOOKUP, { name: 'asn', kind: 'number' })).toBe('destination.as.number');
  expect(drillField('x | geoip srcDevice_ip | count by city', { name: 'city', kind: 'text' })).toBe('source.geo.city_name');
  expect(drillField('x | count by city', { name: 'city', kind: 'text' })).toBeUndefined();
  // Neither an apostrophe nor a comment is the beginning of anything.
  expect(drillField("o'neil | /* | geoip src_ip */ geoip dest_ip | count by city", { name: 'city', kind: 'text' })).toBe('destination.geo.city_name');
  expect(drillField('"| geoip src_ip" | count by city', { name: 'city', kind: 'text' })).toBeUndefined();
  expect(drillField(LOOKUP, port)).toBe('destination.port');
});

test('a value that a query took out of a list, or put together from an end of the flow, leads to the fields that have it', () => {
  const text = (name: string, value: unknown, field?: string) => ({ column: { name, kind: 'text', ...(field && { field }) } as OutputColumn, value });
  expect(drillFilters('x', [text('security_group', 'sg-1')])).toEqual([{ field: 'interface.security_group.ids', values: ['sg-1'], negate: false }]);
  expect(drillFilters('x', [text('src', '10.0.0.5:443')]).map((f) => [f.field, f.values])).toEqual([
    ['source.ip', ['10.0.0.5']],
    ['source.port', ['443']],
  ]);
  expect(drillFilters('x', [text('dest', '[2001:db8::5]:0')]).map((f) => [f.field, f.values])).toEqual([
    ['destination.ip', ['2001:db8::5']],
    ['destination.port', ['0']],
  ]);
  // A field of that name is one address, and other texts are no ends.
  expect(drillFilters('x', [text('src', '2001:db8::5', 'source.ip')])).toEqual([{ field: 'source.ip', values: ['2001:db8::5'], negate: false }]);
  expect(drillFilters('x', [text('dest', 'web'), text('group', 'sg-1')])).toEqual([]);
  // In a filter a star is any text.
  expect(drillFilters('x', [text('user', 'any*', 'user.name'), text('user', 'any', 'user.name')]).map((f) => f.values)).toEqual([['any']]);
});

test('a drill-down asks for the clicked values, in the clicked bucket, beside the filters in effect', () => {
  const cells = [
    { column: port, value: 443 },
    { column: { name: 'organization', kind: 'text' } as OutputColumn, value: null },
    { column: { name: '_count', kind: 'number' } as OutputColumn, value: 7 },
  ];
  expect(drillFilters(LOOKUP, cells)).toEqual([
    { field: 'destination.port', values: ['443'], negate: false },
    { field: 'destination.as.organization.name', values: [''], negate: false },
  ]);
  const chips = [
    { field: 'source.ip', values: ['10.0.0.0/8'], negate: true, paused: false },
    { field: 'event.action', values: ['REJECT'], negate: false, paused: true },
  ];
  expect(recordsSearch(LOOKUP, { cells: cells.slice(0, 1), window: { from: 600, to: 900 }, shift: false }, chips, { from: 0, to: 3600 }, 'utc')).toEqual({
    from: '1970-01-01T00:10:00Z',
    to: '1970-01-01T00:15:00Z',
    q: '_index=vpc_flow "a|b" action=ACCEPT',
    cols: FLOW_COLUMNS,
    f: ['!source.ip:10.0.0.0/8', 'destination.port:443'],
    tz: 'utc',
  });
});

test('CSV quotes what must be quoted and keeps formulas text', () => {
  const columns: OutputColumn[] = [
    { name: '_timeslice', kind: 'time' },
    { name: 'organization', kind: 'text' },
    { name: '_count', kind: 'number' },
  ];
  const rows = [
    [0, 'Amazon.com, Inc.', -5],
    [1000, '=HYPERLINK("x")', null],
  ];
  expect(toCsv({ columns, rows })).toBe(
    '_timeslice,organization,_count\r\n1970-01-01T00:00:00.000Z,"Amazon.com, Inc.",-5\r\n1970-01-01T00:00:01.000Z,"\'=HYPERLINK(""x"")",\r\n',
  );
  expect(JSON.parse(toJson({ columns, rows }))).toEqual([
    { _timeslice: 0, organization: 'Amazon.com, Inc.', _count: -5 },
    { _timeslice: 1000, organization: '=HYPERLINK("x")', _count: null },
  ]);
  expect(fileName('Rejects by InterfaceID, dstDevice_ip')).toBe('rejects-by-interfaceid-dstdevice-ip');
});

test('the CSRF value is found among cookies', () => {
  expect(csrfToken('a=1; bartizan_csrf=x%2By; b=2')).toBe('x+y');
  expect(csrfToken('not_bartizan_csrf=1')).toBe('');
});

function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.subarray(i, i + size));
      controller.close();
    },
  });
}

test('lines arrive whole however the network cuts them, inside a character too', async () => {
  const bytes = new TextEncoder().encode('{"a":"Ü→🇩🇪"}\n\n{"a":2}\n{"a":3}');
  for (const size of [1, 2, 3, 7, 100]) {
    const values: unknown[] = [];
    for await (const value of readLines<unknown>(streamOf(bytes, size))) values.push(value);
    expect(values).toEqual([{ a: 'Ü→🇩🇪' }, { a: 2 }, { a: 3 }]);
  }
});

const window = { from: 0, to: 3600 };
const stats = { seconds: 0.1, rowsRead: 1, bytesRead: 1 };
const answer = (panel: string, value: number): RunEvent => ({
  type: 'panel',
  panel,
  window,
  state: 'data',
  columns: [],
  rows: [[value]],
  truncated: false,
  stats,
});

/** A response whose lines are sent by hand. */
function channel() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(c) {
      controller = c;
    },
  });
  return {
    response: new Response(body),
    send: (event: RunEvent) => controller?.enqueue(new TextEncoder().encode(`${JSON.stringify(event)}\n`)),
    end: () => controller?.close(),
  };
}

test('panels settle one by one; one that fails leaves the others; results stay while the next run is under way', async () => {
  const runs = [channel(), channel()];
  let at = 0;
  const store = new RunStore('d', async () => (runs[at++] as ReturnType<typeof channel>).response);
  const [first, second] = runs as [ReturnType<typeof channel>, ReturnType<typeof channel>];

  const one = store.run({ panels: ['a', 'b', 'c'] });
  expect(store.panel('a').loading).toBe(true);
  first.send({ type: 'start', runId: 'x', snapshot: 1000, window, panels: ['a', 'b', 'c'] });
  first.send(answer('a', 1));
  first.send({ type: 'error', panel: 'b', error: { code: 'memory-limit', message: 'too much' } });
  first.end();
  await one;
  expect(store.panel('a')).toMatchObject({ loading: false, refreshedAt: 1_000_000, result: { rows: [[1]] } });
  expect(store.panel('b').error?.code).toBe('memory-limit');
  expect(store.panel('c').error?.code).toBe('answer-cut-off');

  const two = store.run({ panels: ['a'] });
  expect(store.panel('a')).toMatchObject({ loading: true, result: { rows: [[1]] } });
  second.send(answer('a', 2));
  second.send({ type: 'end', seconds: 1, skipdata: 3, missing: [] });
  second.end();
  await two;
  expect(store.panel('a').result?.rows).toEqual([[2]]);
  expect(store.summary()).toMatchObject({ skipdata: 3 });
  expect(store.busy()).toBe(false);
});

test('that nothing is stored is known when every answer says so, and no longer when one does not', async () => {
  const runs = [channel(), channel()] as const;
  const answers = runs.map(({ response }) => response);
  const store = new RunStore('d', async () => answers.shift() as Response);
  const none = (panel: string, extent: { from: number; to: number } | null): RunEvent => ({
    type: 'panel',
    panel,
    window,
    state: 'no-data',
    columns: [],
    rows: [],
    truncated: false,
    extent,
    stats,
  });
  expect(store.nothingStored()).toBe(false);
  const one = store.run({ panels: ['a', 'b', 'c'] });
  runs[0].send(none('a', null));
  runs[0].send({ type: 'error', panel: 'b', error: { code: 'memory-limit', message: 'too much' } });
  runs[0].send(none('c', null));
  runs[0].end();
  await one;
  expect(store.nothingStored()).toBe(true);
  // Records came: outside of the window they are some, too.
  const two = store.run({ panels: ['c'] });
  runs[1].send(none('c', { from: 0, to: 60 }));
  runs[1].end();
  await two;
  expect(store.nothingStored()).toBe(false);
});

test('an answer to an older question never replaces a newer one', async () => {
  const runs = [channel(), channel()];
  let at = 0;
  const store = new RunStore('d', async () => (runs[at++] as ReturnType<typeof channel>).response);
  const [old, fresh] = runs as [ReturnType<typeof channel>, ReturnType<typeof channel>];
  const first = store.run({ panels: ['a', 'b'] });
  const second = store.run({ panels: ['a'] });
  fresh.send(answer('a', 2));
  fresh.end();
  await second;
  old.send(answer('a', 1));
  old.send(answer('b', 1));
  old.end();
  await first;
  expect(store.panel('a').result?.rows).toEqual([[2]]);
  expect(store.panel('b').result?.rows).toEqual([[1]]);
});

test('what is missing is that of the newest window, however late the end of an older answer comes', async () => {
  const runs = [channel(), channel()] as const;
  const answers = runs.map(({ response }) => response);
  const store = new RunStore('d', async () => answers.shift() as Response);
  const start = (from: number): RunEvent => ({ type: 'start', runId: 'x', snapshot: 1000, window: { from, to: 3600 }, panels: ['a'] });
  const end = (skipdata: number): RunEvent => ({ type: 'end', seconds: 1, skipdata, missing: [] });
  const old = store.run({ panels: ['a'], from: '-1h', to: 'now' });
  runs[0].send(start(0));
  runs[0].send(answer('a', 1));
  await expect.poll(() => store.busy()).toBe(false);
  const fresh = store.run({ panels: ['a'], from: '-30m', to: 'now' });
  runs[1].send(start(1800));
  runs[1].send(answer('a', 2));
  runs[1].send(end(2));
  runs[1].end();
  await fresh;
  runs[0].send(end(1));
  runs[0].end();
  await old;
  expect(store.summary()).toEqual({ skipdata: 2, missing: [], window: { from: 1800, to: 3600 }, error: undefined });
});

test('a run that fails leaves what answered the same question, and nothing that answered another', async () => {
  const first = channel();
  const answers = [Promise.resolve(first.response), Promise.reject(new Error('gone')), Promise.reject(new Error('gone'))];
  const store = new RunStore('d', () => answers.shift() as Promise<Response>);
  const asked = { panels: ['a', 'b'], from: '-1h', to: 'now', filters: [], windows: { b: { from: '-1d', to: 'now' } } };
  const run = store.run(asked);
  first.send({ type: 'start', runId: 'x', snapshot: 1000, window, panels: ['a', 'b'] });
  first.send(answer('a', 1));
  first.send(answer('b', 2));
  first.end();
  await run;
  await store.run(asked);
  expect(store.panel('a')).toMatchObject({ loading: false, refreshedAt: 1_000_000, result: { rows: [[1]] }, error: { message: 'gone' } });
  // Its own window is the same; that of the other is not.
  await store.run({ ...asked, from: '-3h' });
  expect(store.panel('a')).toMatchObject({ error: { message: 'gone' } });
  expect([store.panel('a').result, store.panel('a').refreshedAt]).toEqual([undefined, undefined]);
  expect(store.panel('b')).toMatchObject({ result: { rows: [[2]] }, error: { message: 'gone' } });
});

test('rows of a panel that was changed since are not those of the changed one', async () => {
  const panel = (query: string, title = 'A'): Panel => Panel.parse({ id: 'a', title, description: '', kind: 'table', query });
  let given = panel('* | count');
  const first = channel();
  const answers = [Promise.resolve(first.response), Promise.reject(new Error('gone')), Promise.reject(new Error('gone'))];
  const store = new RunStore(
    'd',
    () => answers.shift() as Promise<Response>,
    () => [given],
  );
  const run = store.run({ panels: ['a'] });
  given = panel('* | count by action');
  first.send(answer('a', 1));
  first.end();
  await run;
  // The one that was asked for, whatever it has become meanwhile.
  expect(store.panel('a')).toMatchObject({ result: { rows: [[1]] }, panel: { query: '* | count' } });
  given = panel('* | count', 'Another title');
  await store.run({ panels: ['a'] });
  expect(store.panel('a')).toMatchObject({ result: { rows: [[1]] }, error: { message: 'gone' } });
  given = panel('* | count by action');
  await store.run({ panels: ['a'] });
  expect(store.panel('a').result).toBeUndefined();
});

test('a stopped panel stays stopped; when nobody waits the request is given up', async () => {
  let signal: AbortSignal | undefined;
  const store = new RunStore('d', (_path, _body, given) => {
    signal = given;
    return new Promise((_, reject) => given.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))));
  });
  const run = store.run({ panels: ['a', 'b'] });
  store.stop('a');
  expect(signal?.aborted).toBe(false);
  store.stop('b');
  expect(signal?.aborted).toBe(true);
  await run;
  expect(store.panel('a')).toMatchObject({ stopped: true, loading: false });
  expect(store.panel('a').error).toBeUndefined();
});
