/** A dashboard of one's own with a panel of every kind, on the fixture's flows. */
import { PANEL_KINDS } from '../../src/dashboards/schema.ts';
import type { Session } from './session.ts';

const SCOPE = '_index=vpc_flow';
const panel = (id: string, kind: string, query: string, more: object = {}) => ({
  id,
  title: TITLES[id] ?? id,
  description: 'A panel.',
  kind,
  query: `${SCOPE} ${query}`,
  width: 8,
  height: 8,
  ...more,
});

const TITLES: Readonly<Record<string, string>> = {
  value: 'Refused flows',
  line: 'Flows by interface, top 5',
  step: 'Flows by action',
  comparison: 'Refused flows and earlier days',
  outlier: 'Refused flows out of the usual',
  column: 'Refused flows by port, top 6',
  area: 'Bytes by direction',
  share: 'Share of bytes by port, top 6',
  bar: 'Ports by action, top 8',
  plain: 'Accounts by bytes',
  donut: 'Bytes by protocol',
  scatter: 'Ports by flows and action',
  bubble: 'Bytes by network and port',
  matrix: 'Direction by port',
  hours: 'Ports over time, top 8',
  map: 'Where accepted flows come from',
  table: 'Talkers',
  heat: 'Heat of ports',
  picked: 'Large flows',
  sparse: 'A port that is hardly used',
};

export const PANELS = [
  panel('value', 'value', 'action=REJECT | timeslice 5m | count by _timeslice', { y: '_count', bucket: 300, meaning: 'reject', width: 6, height: 7 }),
  panel('comparison', 'comparison', 'action=REJECT | timeslice 5m | count as flows by _timeslice | compare with timeshift 1d 3', {
    x: '_timeslice',
    y: 'flows',
    meaning: 'reject',
    width: 9,
    height: 7,
  }),
  panel('outlier', 'outlier', 'action=REJECT | timeslice 1m | count by _timeslice | outlier _count window=8, threshold=1.5', {
    x: '_timeslice',
    y: '_count',
    meaning: 'reject',
    width: 9,
    height: 7,
  }),
  panel('line', 'line', '| timeslice 5m | count by _timeslice, interfaceID', { x: '_timeslice', y: '_count', series: 'interfaceID', top: 5 }),
  panel('step', 'step', '| timeslice 5m | count by _timeslice, action', { x: '_timeslice', y: '_count', series: 'action' }),
  panel('area', 'area', '| timeslice 5m | sum(bytes) as b by _timeslice, direction', { x: '_timeslice', y: 'b', series: 'direction', unit: 'bytes' }),
  panel('column', 'column', 'action=REJECT | timeslice 5m | count by _timeslice, dest_port', { x: '_timeslice', y: '_count', series: 'dest_port', top: 6 }),
  panel('share', 'share', '| timeslice 5m | sum(bytes) as b by _timeslice, dest_port', { x: '_timeslice', y: 'b', series: 'dest_port', top: 6, unit: 'bytes' }),
  panel('sparse', 'line', 'dest_port=123 src_port<9000 | timeslice 1m | count by _timeslice', { x: '_timeslice', y: '_count' }),
  panel('bar', 'bar', '| count by dest_port, action', { x: 'dest_port', y: '_count', series: 'action', top: 8 }),
  panel('plain', 'bar', '| sum(bytes) as b by accountID', { x: 'accountID', y: 'b', unit: 'bytes', meaning: 'outbound' }),
  panel('donut', 'donut', '| sum(bytes) as b by dest_port', { x: 'dest_port', y: 'b', unit: 'bytes', top: 6 }),
  panel('scatter', 'scatter', '| count by dest_port, action', { x: 'dest_port', y: '_count', series: 'action', top: 10 }),
  panel('bubble', 'bubble', 'direction=outbound | sum(bytes) as b by dest_asn, dest_organization, dest_port | sort by b | limit 50', {
    x: 'dest_port',
    y: 'dest_asn',
    label: 'dest_organization',
    size: 'b',
    unit: 'bytes',
    meaning: 'outbound',
  }),
  panel(
    'map',
    'map',
    'action=ACCEPT direction=inbound | geoip src_ip | count by latitude, longitude, country_code, country_name, state, city, src_asn, src_organization',
    {
      size: '_count',
      details: ['src_asn', 'src_organization'],
      meaning: 'inbound',
    },
  ),
  panel('picked', 'table', '| where bytes > 4000 | if(packets > 20, "many", "few") as packed | count by dest_port, packed | sort by _count', { y: '_count' }),
  panel('matrix', 'matrix', '| count by direction, dest_port', { x: 'dest_port', series: 'direction', size: '_count', width: 12 }),
  panel('hours', 'matrix', '| timeslice 5m | count by _timeslice, dest_port', {
    x: '_timeslice',
    series: 'dest_port',
    size: '_count',
    top: 8,
    meaning: 'reject',
    width: 12,
  }),
  panel('table', 'table', '| count, sum(bytes) as bytes_sum by interfaceID, src_ip, dest_port, action, direction | sort by bytes_sum', {
    y: 'bytes_sum',
    unit: 'bytes',
    totals: ['_count', 'bytes_sum'],
    width: 14,
  }),
  panel('heat', 'table', '| count, sum(bytes) as bytes_sum by dest_port, src_country', {
    y: 'bytes_sum',
    unit: 'bytes',
    heat: ['_count', 'bytes_sum'],
    meaning: 'reject',
    width: 10,
  }),
];

/** Answers the address of the dashboard. */
export async function makeKinds(session: Session): Promise<string> {
  const missing = PANEL_KINDS.filter((kind) => !PANELS.some((p) => p.kind === kind));
  if (missing.length > 0) throw new Error(`no panel of the kind ${missing.join(', ')}`);
  await session.page.goto(session.served.address);
  const id = await session.page.evaluate(
    async (sections) => {
      const csrf = decodeURIComponent(/bartizan_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '');
      const headers = { 'content-type': 'application/json', 'x-csrf-token': csrf };
      const response = await fetch('/api/v1/dashboards', { method: 'POST', headers, body: JSON.stringify({ title: 'Every kind', sections }) });
      if (!response.ok) throw new Error(await response.text());
      return ((await response.json()) as { id: string }).id;
    },
    [{ id: 'all', title: 'Every kind', panels: PANELS }],
  );
  return `/dashboards/${id}`;
}

/** Waits until every panel has its answer, and what it draws is drawn. */
export async function drawn(session: Session): Promise<void> {
  await session.page.waitForFunction((count) => {
    const panels = [...document.querySelectorAll('[data-panel]')];
    return (
      panels.length >= count &&
      panels.every((p) => p.getAttribute('aria-busy') === 'false') &&
      document.querySelectorAll('.bz-skeleton, .bz-chart-canvas[aria-busy="true"]').length === 0
    );
  }, PANELS.length);
}
