/** The page of the dashboards and searches that ship: what each is for and what each panel computes, from content/. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseDashboard } from '../src/dashboards/load.ts';
import { SearchFile } from '../src/dashboards/saved-search.ts';
import type { Dashboard, Panel } from '../src/dashboards/schema.ts';
import { MADE, table } from './markdown.ts';

const CONTENT = new URL('../content/', import.meta.url);

/** The order in which apps and their dashboards are read; a file that is missing here is an error. */
const APPS: Readonly<Record<string, readonly string[]>> = {
  'Amazon VPC Flow – Cloud Security Monitoring and Analytics': ['vpc-overview', 'vpc-accepts-rejects', 'vpc-traffic-direction', 'vpc-security-groups'],
  'AWS VPC Flow': ['vpc-network', 'vpc-security'],
  'AWS CloudTrail – Cloud Security Monitoring and Analytics': [
    'cloudtrail-overview',
    'cloudtrail-access-monitoring',
    'cloudtrail-login-activity',
    'cloudtrail-account-system',
    'cloudtrail-privileged-activity',
    'cloudtrail-threat-intelligence',
    'cloudtrail-administrators',
  ],
};

const KINDS: Readonly<Record<Panel['kind'], string>> = {
  value: 'single value',
  line: 'lines',
  step: 'step lines',
  comparison: 'comparison',
  outlier: 'outliers',
  column: 'stacked columns',
  area: 'stacked areas',
  share: '100 % stacked columns',
  bar: 'bars',
  donut: 'donut',
  scatter: 'scatter',
  bubble: 'bubbles',
  matrix: 'matrix',
  map: 'map',
  table: 'table',
};

function filesOf(folder: string): string[] {
  return readdirSync(new URL(folder, CONTENT))
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => `${folder}${name}`);
}

function section(dashboard: Dashboard): string {
  const panels = dashboard.sections.flatMap((s) => s.panels.map((p) => [s.title, p.title, KINDS[p.kind], p.description]));
  return `### ${dashboard.title}

${dashboard.description}

*Use it for:* ${dashboard.useCase}

Filters: ${dashboard.variables.map((v) => v.title).join(', ')}.

${table(['Section', 'Panel', 'Kind', 'Shows'], panels)}`;
}

export function dashboardPage(): string {
  const dashboards = filesOf('dashboards/').map((file) => parseDashboard(readFileSync(new URL(file, CONTENT), 'utf8'), file));
  const searches = filesOf('searches/').map((file) => SearchFile.parse(parse(readFileSync(new URL(file, CONTENT), 'utf8'))));
  const listed = Object.values(APPS).flat();
  for (const { id } of dashboards) if (!listed.includes(id)) throw new Error(`scripts/dashboard-page.ts: ${id} belongs to no app`);
  const apps = Object.entries(APPS).map(([app, ids]) => {
    const own = ids.map((id) => {
      const found = dashboards.find((d) => d.id === id && d.app === app);
      if (!found) throw new Error(`scripts/dashboard-page.ts: ${app} has no ${id}`);
      return section(found);
    });
    return `## ${app}\n\n${own.join('\n\n')}`;
  });
  return `# Dashboards

${MADE}

What ships is data: one file each in \`content/dashboards/\`. Titles are those of the products that people come from; a
description says where a panel computes something else than its original. Every dashboard opens on the last 60 minutes, those
of CloudTrail on the last 24 hours, shows its own range on each panel that has one, and leads from every value to the records
behind it.

*Scope*, on every dashboard of an app, binds the app to the records that it is for: a field (the source category unless
another one is chosen) and its values. It is kept on the server, for everybody and for all dashboards of the app, and can be
changed at any time; filters come on top.

*Inbound* is from outside to an internal address, *outbound* the other way, *internal* between internal addresses. NODATA and
SKIPDATA records are never counted as flows. A *threat* is an address that an active indicator names at the record's time; *high*
is a confidence of 85 or more. A *user* of CloudTrail is the actor behind the event’s identity, a role’s session after its role
(Admin/ann); a call has *failed* where the event has an error code. What each kind of panel shows is in [panels](panels.md);
how to make dashboards of your own, in [editing](dashboards-editing.md).

${apps.join('\n\n')}

## Searches

They are in the folder *Bartizan* of the search page.

${table(
  ['Search', 'What it finds'],
  searches.map(({ name, description }) => [name, description]).sort(([a = ''], [b = '']) => a.localeCompare(b, 'en')),
)}
`;
}
