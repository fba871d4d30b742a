/** What the schema of dashboards alone can't say: unique ids, fields that exist, the columns that a kind needs. Pure. */
import { FIELDS, findField, namesOf } from '../model/fields.ts';
import { nearest, quoted } from '../model/wording.ts';
import { type Dashboard, MOST_PANELS, type Panel } from './schema.ts';

/** Which result columns a panel of each kind must name. */
export const NEEDED: Record<Panel['kind'], readonly ('x' | 'y' | 'series' | 'size')[]> = {
  value: ['y'],
  // Without y they draw every number of the result, as a transpose makes them.
  line: ['x'],
  step: ['x'],
  column: ['x'],
  area: ['x'],
  share: ['x'],
  comparison: ['x', 'y'],
  outlier: ['x', 'y'],
  bar: ['x', 'y'],
  donut: ['x', 'y'],
  scatter: ['x', 'y'],
  bubble: ['x', 'y', 'size'],
  matrix: ['x', 'series', 'size'],
  map: ['size'],
  table: [],
};

/** Kinds that `top` suits, the column that it ranks, and whether the rest is summed or left out. */
export const TOP_OF: Readonly<Partial<Record<Panel['kind'], { readonly ranks: 'x' | 'series'; readonly rest: 'other' | 'none' }>>> = {
  line: { ranks: 'series', rest: 'other' },
  step: { ranks: 'series', rest: 'other' },
  column: { ranks: 'series', rest: 'other' },
  area: { ranks: 'series', rest: 'other' },
  share: { ranks: 'series', rest: 'other' },
  matrix: { ranks: 'series', rest: 'other' },
  donut: { ranks: 'x', rest: 'other' },
  bar: { ranks: 'x', rest: 'none' },
  scatter: { ranks: 'x', rest: 'none' },
};

/** Findings of a file up to which the nearest name is looked for: each is compared with all names. */
const MOST_SUGGESTED = 20;

export interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Everything that is wrong, each with its path. */
export function checkDashboard(dashboard: Dashboard): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const unique = (id: string, path: readonly (string | number)[]): void => {
    if (seen.has(id)) findings.push({ path: [...path, 'id'], message: `the id ${quoted(id)} is used twice` });
    seen.add(id);
  };
  dashboard.variables.forEach((variable, i) => {
    unique(`variable ${variable.id}`, ['variables', i]);
    if (!findField(variable.field)) findings.push({ path: ['variables', i, 'field'], message: noField(variable.field, findings) });
  });
  if (dashboard.sections.reduce((sum, { panels }) => sum + panels.length, 0) > MOST_PANELS)
    findings.push({ path: ['sections'], message: `a dashboard has at most ${MOST_PANELS} panels` });
  dashboard.sections.forEach((section, s) => {
    unique(`section ${section.id}`, ['sections', s]);
    section.panels.forEach((panel, p) => {
      const path = ['sections', s, 'panels', p];
      unique(`panel ${panel.id}`, path);
      for (const key of NEEDED[panel.kind]) {
        if (!panel[key]) findings.push({ path, message: `a ${panel.kind} panel must name the column of its ${key}` });
      }
      panel.filters?.forEach((filter, f) => {
        if (!findField(filter.field)) findings.push({ path: [...path, 'filters', f, 'field'], message: noField(filter.field, findings) });
      });
      findings.push(...misplaced(panel).map(({ option, message }) => ({ path: [...path, option], message })));
    });
  });
  return findings;
}

/** Names what may be meant, unless there is so much wrong already that nobody reads it. */
function noField(name: string, found: readonly Finding[]): string {
  const meant = found.length < MOST_SUGGESTED ? nearest(name, FIELDS.flatMap(namesOf)) : undefined;
  return `no field is called ${quoted(name)}${meant === undefined ? '' : `, write ${quoted(meant)}`}`;
}

/** Options that mean nothing for the panel's kind. */
function misplaced(panel: Panel): { readonly option: string; readonly message: string }[] {
  const { kind } = panel;
  const wrong: { option: string; message: string }[] = [];
  const only = (option: string, is: boolean, message: string): void => {
    if (is) wrong.push({ option, message });
  };
  only('bucket', panel.bucket !== undefined && kind !== 'value', 'only a value panel has a bucket');
  only('heat', panel.heat.length > 0 && kind !== 'table', 'only a table has cells to colour');
  only('totals', panel.totals.length > 0 && kind !== 'table', 'only a table has totals');
  only('details', panel.details.length > 0 && kind !== 'map', 'only the markers of a map have details');
  only('series', panel.series !== undefined && kind === 'outlier', 'an outlier panel draws one series');
  if (panel.top !== undefined) {
    const ranked = TOP_OF[kind]?.ranks;
    only('top', ranked === undefined, `a ${kind} panel has no top; limit the rows in its query`);
    only('top', ranked === 'series' && !panel.series, 'top ranks the series, and the panel names no column of them');
    only('top', ranked !== undefined && !(panel.y ?? panel.size), 'top ranks by the measure, and the panel names no column of it');
  }
  return wrong;
}
