import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DashboardFileError, loadDashboards, parseDashboard } from '../../src/dashboards/load.ts';

const CONTENT = join(import.meta.dirname, '../../content/dashboards');

const MINIMAL = `id: small
title: Small
description: One panel.
useCase: A test.
app: Test
sections:
  - id: one
    title: One
    panels:
      - id: total
        title: Total
        description: Everything.
        kind: value
        query: "| count"
        y: _count
`;

function problemsOf(text: string): string {
  try {
    parseDashboard(text, 'small.yaml');
  } catch (error) {
    if (error instanceof DashboardFileError) return error.message;
    throw error;
  }
  return '';
}

describe('dashboard files', () => {
  test('a minimal file gets the defaults', () => {
    const dashboard = parseDashboard(MINIMAL, 'small.yaml');
    expect(dashboard.window).toBe(3600);
    expect(dashboard.sections[0]?.panels[0]).toMatchObject({ width: 8, height: 7, unit: 'count', meaning: 'neutral', totals: [], measures: [] });
  });

  test.each([
    ['an unknown key', MINIMAL.replace('kind: value', 'kind: value\n        colour: red'), /^small\.yaml:10: sections\.0\.panels\.0: .*colour/],
    ['an unknown kind', MINIMAL.replace('kind: value', 'kind: pie'), /^small\.yaml:13: sections\.0\.panels\.0\.kind: /],
    ['a missing column', MINIMAL.replace('        y: _count\n', ''), /^small\.yaml:10: sections\.0\.panels\.0: a value panel must name the column of its y$/],
    [
      'an unknown field',
      `${MINIMAL}variables:\n  - { id: v, title: V, field: srcip4 }\n`,
      /^small\.yaml:17: variables\.0\.field: no field is called “srcip4”, write “SrcIP”$/,
    ],
    [
      'a repeated id',
      MINIMAL.replace(/ {6}- id: total.*/s, (panel) => panel + panel),
      /^small\.yaml:16: sections\.0\.panels\.1\.id: the id “panel total” is used twice$/,
    ],
    ['heat of what is no table', `${MINIMAL}        heat: [_count]\n`, /^small\.yaml:16: sections\.0\.panels\.0\.heat: only a table has cells to colour$/],
    [
      'a top of a single value',
      `${MINIMAL}        top: 3\n`,
      /^small\.yaml:16: sections\.0\.panels\.0\.top: a value panel has no top; limit the rows in its query$/,
    ],
    [
      'a top without series',
      `${MINIMAL.replace('kind: value', 'kind: share\n        x: _timeslice')}        top: 3\n`,
      /^small\.yaml:17: sections\.0\.panels\.0\.top: top ranks the series, and the panel names no column of them$/,
    ],
    ['a top of too many', `${MINIMAL}        top: 51\n`, /^small\.yaml:16: sections\.0\.panels\.0\.top: /],
    [
      'a matrix without rows',
      MINIMAL.replace('kind: value', 'kind: matrix\n        x: dest_port\n        size: _count'),
      /^small\.yaml:10: sections\.0\.panels\.0: a matrix panel must name the column of its series$/,
    ],
    ['broken YAML', 'id: [', /^small\.yaml:1: not valid YAML: /],
    ['a key that is there twice', `${MINIMAL}title: Again\n`, /^small\.yaml:\d+: not valid YAML: the key “title” is there twice$/],
    ['an alias', `a: &x 1\nb: *x\n${MINIMAL}`, /^small\.yaml:1: not valid YAML: it has an anchor or alias, “&x”: /],
    [
      'a map of thousands of keys',
      Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n'),
      /^small\.yaml:1: not valid YAML: it is far larger than any dashboard$/,
    ],
  ])('%s is named with its file, line and path', (_, text, message) => {
    expect(problemsOf(text)).toMatch(message);
  });

  test('an asterisk or an ampersand of a text is no alias', () => {
    const query = '_index=vpc_flow action=* | where a matches "*b" // & *c';
    const text = MINIMAL.replace('title: Small', "title: '*Small & all'").replace(/query: .*/, `query: |-\n          ${query}`);
    expect(text).not.toBe(MINIMAL);
    expect(problemsOf(text)).not.toMatch(/anchor/);
  });

  test('all problems of a file are reported at once', () => {
    expect(problemsOf(MINIMAL.replace('kind: value', 'kind: pie').replace('title: Small', 'title: 3')).split('\n')).toHaveLength(2);
  });
});

describe('content/dashboards', () => {
  test.each([
    ['vpc-overview', 'Amazon VPC Flow – Security Monitoring – Overview', [6, 4, 4, 5, 4], 6],
    ['vpc-accepts-rejects', 'Amazon VPC Flow – Security Analytics – Accepts & Rejects', [7, 7], 4],
    ['vpc-traffic-direction', 'Amazon VPC Flow – Security Analytics – Traffic Direction Monitoring', [6, 6], 2],
    ['vpc-security-groups', 'Amazon VPC Flow – Security Groups', [4, 4, 2], 0],
    ['vpc-network', 'AWS VPC Flow: Network', [4, 4, 4], 0],
    ['vpc-security', 'AWS VPC Flow: Security', [3, 5, 2, 1], 0],
  ])('%s has its panels', async (id, title, counts, threats) => {
    const dashboard = loadDashboards(CONTENT).find((d) => d.id === id);
    expect(dashboard?.title).toBe(title);
    expect(dashboard?.sections.map((s) => s.panels.length)).toEqual(counts);
    const panels = dashboard?.sections.flatMap((s) => s.panels) ?? [];
    expect(panels.filter((p) => p.needs === 'indicators')).toHaveLength(threats);
    const titles = dashboard?.variables.map((v) => v.title) ?? [];
    expect(titles.slice(0, 6)).toEqual(['Account ID', 'Interface ID', 'Source IP', 'Destination IP', 'Destination Port', 'Source Port']);
    expect(titles.slice(6)).toEqual(
      id === 'vpc-network' || id === 'vpc-security' ? ['Region', 'Availability Zone', 'VPC', 'Source Category'] : ['Source Category'],
    );
  });

  test('the panels of the three dashboards have the titles that people know, in their order', async () => {
    const dashboards = loadDashboards(CONTENT);
    const titles = ['vpc-overview', 'vpc-accepts-rejects', 'vpc-traffic-direction'].flatMap(
      (id) => dashboards.find((d) => d.id === id)?.sections.flatMap((s) => s.panels.map((p) => p.title)) ?? [],
    );
    expect(titles).toHaveLength(49);
    expect([13, 23, 27, 28, 36, 40, 42, 48].map((at) => titles[at])).toEqual([
      'Rejects by InterfaceID, dstDevice_ip',
      'Flows Rejected by InterfaceID',
      'Flows Rejected by Destination Port',
      'Top20 Rejected by srcDevice_ip',
      'Destination ASN by TCP Destination Port',
      'Inbound Top 10 dstDevice_ip by MB',
      'Top 10 Inbound Destination Ports by Flow Records',
      'Top 10 Outbound Destination Ports by Flow Records',
    ]);
  });
});
