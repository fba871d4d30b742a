/** What the schema of dashboards alone can't say: unique ids, fields that exist, the columns that a kind needs. Pure. */
import { findField } from '../model/fields.ts';
import { type Dashboard, MOST_PANELS, type Panel } from './schema.ts';

/** Which result columns a panel of each kind must name. */
export const NEEDED: Record<Panel['kind'], readonly ('x' | 'y' | 'series' | 'size')[]> = {
  value: ['y'],
  // Without y they draw every number of the result, as a transpose makes them.
  line: ['x'],
  step: ['x'],
  column: ['x'],
  area: ['x'],
  comparison: ['x', 'y'],
  bar: ['x', 'y'],
  donut: ['x', 'y'],
  bubble: ['x', 'y', 'size'],
  map: ['size'],
  table: [],
};

export interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Everything that is wrong, each with its path. */
export function checkDashboard(dashboard: Dashboard): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const unique = (id: string, path: readonly (string | number)[]): void => {
    if (seen.has(id)) findings.push({ path: [...path, 'id'], message: `the id "${id}" is used twice` });
    seen.add(id);
  };
  dashboard.variables.forEach((variable, i) => {
    unique(`variable ${variable.id}`, ['variables', i]);
    if (!findField(variable.field)) findings.push({ path: ['variables', i, 'field'], message: `no field is called "${variable.field}"` });
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
        if (!findField(filter.field)) findings.push({ path: [...path, 'filters', f, 'field'], message: `no field is called "${filter.field}"` });
      });
      if (panel.bucket && panel.kind !== 'value') findings.push({ path: [...path, 'bucket'], message: 'only a value panel has a bucket' });
    });
  });
  return findings;
}
