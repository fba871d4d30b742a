/** What `scripts/shots.ts` takes pictures of: pages, and states of them that a click, a key or a fault brings about. */
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { END } from '../test/page/browser.ts';

export interface Shot {
  readonly name: string;
  readonly path: string;
  /** Done when the page stands; the picture is of the window alone. */
  readonly act?: ((page: Page) => Promise<void>) | undefined;
  /** The server goes away when the page stands, before `act`. */
  readonly offline?: boolean;
}

/** Search parameters of an hour and of a day, and the ids of what was prepared, by its name. */
export interface Place {
  readonly range: string;
  readonly day: string;
  readonly ids: Readonly<Record<string, string>>;
}

const hour = '_index=vpc_flow';
/** A query for each way to draw its answer. */
const VIEWS: Readonly<Record<string, string>> = {
  table: `${hour} | count, sum(bytes) as bytes by interfaceID, dest_port`,
  line: `${hour} | timeslice 5m | count by _timeslice, action`,
  step: `${hour} | timeslice 5m | count by _timeslice`,
  comparison: `${hour} | timeslice 5m | count by _timeslice | compare with timeshift 10m 3`,
  outlier: `${hour} | timeslice 1m | count by _timeslice | outlier _count window=10, threshold=2`,
  column: `${hour} | timeslice 5m | count by _timeslice, direction`,
  area: `${hour} | timeslice 5m | sum(bytes) as bytes by _timeslice, direction`,
  share: `${hour} | timeslice 5m | count by _timeslice, action`,
  bar: `${hour} action=REJECT | count by dest_port`,
  donut: `${hour} | count by direction`,
  scatter: `${hour} action=REJECT | count, sum(bytes) as bytes by dest_port`,
  bubble: `${hour} action=REJECT | count, sum(bytes) as bytes by src_country, dest_port`,
  matrix: `${hour} | count by direction, action`,
  map: `${hour} direction=inbound | geoip src_ip | count by latitude, longitude, country_code, country_name, state, city`,
  value: `${hour} | count`,
};

/** Forms of adding a source: a choice and a step. */
const SOURCES = [
  's3-queue aws',
  's3-queue source',
  's3-list aws',
  's3-list source',
  'firehose source',
  'forwarder source',
  'http source',
  'ec2 aws',
  'ec2 source',
].map((both) => both.split(' '));

const query = (text: string) => `q=${encodeURIComponent(text)}`;
const press = (key: string) => (page: Page) => page.keyboard.press(key);
const click = (name: string) => (page: Page) => page.getByRole('button', { name }).first().click();
const row = (page: Page) =>
  page
    .locator('.bz-message')
    .first()
    .click({ position: { x: 60, y: 8 } });

/** Pages that have a place of their own. */
export function pagesOf({ range, day }: Place): Shot[] {
  const dashboards = readdirSync(join(import.meta.dirname, '../content/dashboards')).map((file) => basename(file, '.yaml'));
  const shot = (name: string, path: string): Shot => ({ name, path });
  return [
    ...dashboards.map((id) => shot(`dashboard-${id}`, `/dashboards/${id}?${id.startsWith('vpc') ? range : day}`)),
    shot('search', `/search?${range}`),
    shot('search-flows', `/search?${range}&${query('action=REJECT dest_port=22')}`),
    shot('search-events', `/search?${day}&${query('_index=cloudtrail readOnly=false')}`),
    shot('search-nothing', `/search?${range}&${query('dest_port=22 account-id=none')}`),
    ...Object.entries(VIEWS).map(([view, text]) => shot(`search-as-${view}`, `/search?${range}&view=${view}&${query(text)}`)),
    shot('records', `/records?${range}`),
    shot('threats', `/threats?${range}`),
    shot('sources', `/sources?${range}`),
    shot('layouts', `/sources/layouts?${range}`),
    shot('completeness', `/completeness?${day}`),
    shot('lookups', `/lookups?${range}`),
    shot('administrators', `/administrators?${range}`),
    shot('fields', `/extraction?${range}`),
  ];
}

/** Forms, dialogs and what is opened. */
export function openedOf({ range, day, ids }: Place): Shot[] {
  const flows = `/search?${range}&${query('action=REJECT dest_port=22')}`;
  const grouped = `/search?${range}&view=bar&${query(`${hour} action=REJECT | count by dest_port`)}`;
  const own = `/dashboards/${ids.kinds}?${range}`;
  const overview = `/dashboards/vpc-overview?${range}`;
  return [
    { name: 'sources-new', path: `/sources/new?${range}` },
    ...SOURCES.map(([kind, step]): Shot => ({ name: `sources-new-${kind}-${step}`, path: `/sources/new?${range}&kind=${kind}&step=${step}` })),
    { name: 'sources-new-firehose-send', path: `/sources/new?${range}&kind=firehose&step=send&view=${ids.firehose}` },
    { name: 'source-http', path: `/sources/${ids.http}?${range}` },
    { name: 'source-http-edit', path: `/sources/${ids.http}?${range}&step=edit` },
    { name: 'source-http-token', path: `/sources/${ids.http}?${range}&step=rotate`, act: async () => {} },
    { name: 'lookups-open', path: `/lookups?${range}&view=owners` },
    { name: 'record-flow', path: flows, act: row },
    { name: 'record-event', path: `/search?${day}&${query('_index=cloudtrail readOnly=false')}`, act: row },
    { name: 'dialog-save', path: grouped, act: click('Save this search (s)') },
    { name: 'dialog-library', path: grouped, act: click('Open a saved search (o)') },
    { name: 'dialog-share', path: grouped, act: click('Share this search') },
    { name: 'dialog-add', path: grouped, act: click('Add to a dashboard') },
    { name: 'dialog-export', path: grouped, act: click('Export all rows') },
    { name: 'dialog-reference', path: grouped, act: click('Reference of the language') },
    { name: 'dialog-history', path: grouped, act: click('Queries that were run') },
    { name: 'dialog-help', path: `/lookups?${range}`, act: press('?') },
    { name: 'dialog-range', path: overview, act: press('t') },
    { name: 'dialog-filter', path: overview, act: press('f') },
    { name: 'dialog-filters', path: `${overview}&f=destination.port:22,3389&f=!source.ip:10.0.0.0/8`, act: press('f') },
    { name: 'dialog-scope', path: overview, act: click('Scope of the app') },
    { name: 'dialog-more', path: overview, act: click('More of Bytes Accepted Comparison') },
    { name: 'dialog-copy', path: overview, act: press('e') },
    { name: 'full-bubble', path: `${overview}&panel=destination-asn-bytes`, act: async () => {} },
    { name: 'kinds', path: own },
    { name: 'kinds-full', path: `${own}&panel=table`, act: async () => {} },
    { name: 'edit', path: `${own}&edit=on` },
    { name: 'edit-panel', path: `${own}&edit=bar`, act: async () => {} },
  ];
}

/** What goes wrong. */
export function wrongOf({ range, ids }: Place): Shot[] {
  const wrong = (text: string) => `/search?${range}&${query(text)}`;
  const test = async (page: Page) => {
    await page.getByRole('button', { name: 'Test the connection' }).click();
    await page
      .getByText(/steps? (?:failed|passed)|All .* passed/)
      .first()
      .waitFor();
  };
  return [
    { name: 'wrong-step', path: wrong('| cuont by dest_port') },
    { name: 'wrong-field', path: wrong('* | count by dest_prot') },
    { name: 'wrong-regex', path: wrong('* | parse regex "(?<a>[" | count by a') },
    { name: 'wrong-range', path: `/search?from=2026-11-18T15:00:00Z&to=2026-11-18T14:00:00Z&${query('* | count')}` },
    { name: 'wrong-saved', path: `/search?${range}&saved=there-is-none` },
    { name: 'wrong-panel', path: `/dashboards/${ids.broken}?${range}` },
    { name: 'unknown-dashboard', path: `/dashboards/there-is-none?${range}` },
    { name: 'unknown-page', path: `/there-is-none?${range}` },
    { name: 'unknown-source', path: `/sources/9999?${range}` },
    { name: 'unknown-lookup', path: `/lookups?${range}&view=there-is-none` },
    { name: 'source-no-bucket', path: `/sources/${ids.missing}?${range}` },
    { name: 'source-no-bucket-test', path: `/sources/${ids.missing}?${range}`, act: test },
    { name: 'source-denied', path: `/sources/${ids.denied}?${range}` },
    { name: 'source-denied-test', path: `/sources/${ids.denied}?${range}`, act: test },
    { name: 'sources-trouble', path: `/sources?${range}` },
    { name: 'stopped-dashboard', path: `/dashboards/vpc-overview?${range}`, offline: true, act: press('r') },
    { name: 'stopped-search', path: `/search?${range}&${query('* | count by dest_port')}`, offline: true, act: click('Run') },
    { name: 'stopped-sources', path: `/sources?${range}`, offline: true, act: (page) => page.waitForTimeout(12_000) },
    {
      name: 'stopped-lookups',
      path: `/search?${range}`,
      offline: true,
      act: async (page) => {
        await page.getByRole('navigation').getByRole('link', { name: 'Lookups' }).click();
        await page.getByRole('alert').waitFor();
      },
    },
  ];
}

/** A stand-in for S3 that knows no bucket but one, which it lets nobody read. */
async function refusingS3(): Promise<string> {
  const server = createServer((request, response) => {
    const [status, code] = request.url?.startsWith('/acme-locked') ? ([403, 'AccessDenied'] as const) : ([404, 'NoSuchBucket'] as const);
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(request.method === 'HEAD' ? undefined : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What people would have made: lookup tables, sources, dashboards of their own. `kinds`: panels of every kind. */
export async function prepare(page: Page, address: string, kinds: readonly object[]): Promise<Record<string, string>> {
  const endpoint = await refusingS3();
  const send = (method: string, path: string, body?: object | string) =>
    page.evaluate(
      async ([how, where, what]) => {
        const csrf = decodeURIComponent(/bartizan_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '');
        const text = typeof what === 'string';
        const headers = { 'x-csrf-token': csrf, ...(what && { 'content-type': text ? 'text/csv' : 'application/json' }) };
        const response = await fetch(`/api/v1/${where}`, { method: how, headers, ...(what && { body: text ? what : JSON.stringify(what) }) });
        if (!response.ok) throw new Error(await response.text());
        return (response.status === 204 ? {} : await response.json()) as Record<string, never>;
      },
      [method, path, body] as const,
    );
  const owners = Array.from({ length: 40 }, (_, i) => `10.20.${i}.0/24,team-${i % 7},"Building ${i % 3}, floor ${i}"`);
  await send('PUT', 'lookups/owners', `network,owner,place\n${owners.join('\n')}\n`);
  await send('PUT', `lookups/${encodeURIComponent('/Library/watched')}`, 'ip,why\n198.51.100.7,seen before\n');
  const collector = String((await send('POST', 'collectors', { name: 'production' })).id);
  const source = async (kind: string, name: string, connection: object = {}) => {
    const made = (await send('POST', 'sources', { collector, kind, name, connection, sourceCategory: 'aws/flow' })) as unknown as {
      source: { id: string };
      address: { token: string } | null;
    };
    return { id: made.source.id, token: made.address?.token };
  };
  const keys = { kind: 'keys', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'no-secret' };
  const bucket = (name: string) => ({ mode: 'list', bucket: name, region: 'eu-central-1', credentials: keys, endpoint });
  const http = await source('http', 'edge forwarder');
  const lines = Array.from(
    { length: 60 },
    (_, i) => `2 111122223333 eni-0abc 10.20.1.${i} 198.51.100.7 ${40000 + i} 443 6 10 ${840 + i} ${END - 1800 + i} ${END - 1740 + i} ACCEPT OK`,
  );
  await fetch(`${address}/v1/http/${http.token}`, {
    method: 'POST',
    body: [...lines, 'this is no flow log', '2 111122223333 eni-0abc 10.20.1.300'].join('\n'),
  });
  const section = (panels: readonly object[]) => [{ id: 'all', title: 'All', panels }];
  const dashboard = async (title: string, panels: readonly object[]) => String((await send('POST', 'dashboards', { title, sections: section(panels) })).id);
  const broken = { title: 'Owners of refused flows', description: 'Needs a table.', kind: 'table', width: 12, height: 8 };
  await send('PUT', 'lookups/gone', 'ip,owner\n10.0.0.1,nobody\n');
  const ids = {
    http: http.id,
    firehose: (await source('firehose', 'not sent to yet')).id,
    missing: (await source('s3', 'a bucket that is not there', bucket('acme-no-such-bucket'))).id,
    denied: (await source('s3', 'a bucket without permission', bucket('acme-locked'))).id,
    kinds: await dashboard('Every kind', kinds),
    broken: await dashboard('With a fault', [
      { ...broken, id: 'lost', query: '* | lookup owner from gone on ip = srcaddr | count by owner' },
      { ...broken, id: 'sound', title: 'Flows by action', query: '* | count by action' },
    ]),
  };
  // A panel that asks for it has a fault from now on.
  await send('DELETE', 'lookups/gone');
  return ids;
}
