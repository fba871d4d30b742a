/** A dashboard that is being changed: each change makes a new one of the one before. What is not there changes nothing. Pure. */
import type { DashboardAnswer } from '../../../api/contract/dashboards.ts';
import { freeId } from '../../../dashboards/ids.ts';
import type { Dashboard, Panel } from '../../../dashboards/schema.ts';
import { beside, fitting, place, type Size } from './grid.ts';

export type Draft = Pick<Dashboard, 'title' | 'description' | 'useCase' | 'window' | 'variables' | 'sections'>;
export type Section = Draft['sections'][number];
/** A place among the panels of a section; of a panel that moves, among the others. */
export interface Spot {
  readonly section: string;
  readonly index: number;
}

const FIRST_SECTION = 'Panels';

export function draftOf({ title, description, useCase, window, variables, sections }: DashboardAnswer): Draft {
  return { title, description, useCase, window, variables, sections };
}

export function panelsOf(draft: Pick<Draft, 'sections'>): Panel[] {
  return draft.sections.flatMap((s) => s.panels);
}

/** Where a panel is. */
export function spotOf(draft: Draft, id: string): Spot | null {
  for (const section of draft.sections) {
    const index = section.panels.findIndex((p) => p.id === id);
    if (index >= 0) return { section: section.id, index };
  }
  return null;
}

/** At the end of a section, or of the last one; the first section is made when there is none. The panel gets an id of its title. */
export function addPanel(draft: Draft, panel: Panel, section?: string): Draft {
  const at = draft.sections.find((s) => s.id === section) ?? draft.sections.at(-1);
  if (!at) return addPanel(addSection(draft, FIRST_SECTION), panel);
  const made = { ...panel, id: freeId(panel.title, panelsOf(draft)) };
  return inSection(draft, at.id, (s) => ({ ...s, panels: [...s.panels, made] }));
}

/** Of the same id. */
export function replacePanel(draft: Draft, panel: Panel): Draft {
  return { ...draft, sections: draft.sections.map((s) => ({ ...s, panels: s.panels.map((p) => (p.id === panel.id ? panel : p)) })) };
}

/** A copy beside it. */
export function duplicatePanel(draft: Draft, id: string): { readonly draft: Draft; readonly id: string } {
  const panel = panelsOf(draft).find((p) => p.id === id);
  const spot = spotOf(draft, id);
  if (!panel || !spot) return { draft, id };
  const title = `${panel.title.slice(0, 190)} (copy)`;
  const copy = { ...panel, title, id: freeId(title, panelsOf(draft)) };
  return { draft: inSection(draft, spot.section, (s) => ({ ...s, panels: s.panels.toSpliced(spot.index + 1, 0, copy) })), id: copy.id };
}

export function removePanel(draft: Draft, id: string): Draft {
  return { ...draft, sections: draft.sections.map((s) => ({ ...s, panels: s.panels.filter((p) => p.id !== id) })) };
}

export function movePanel(draft: Draft, id: string, to: Spot): Draft {
  const panel = panelsOf(draft).find((p) => p.id === id);
  if (!panel || !draft.sections.some((s) => s.id === to.section)) return draft;
  return inSection(removePanel(draft, id), to.section, (s) => ({ ...s, panels: s.panels.toSpliced(to.index, 0, panel) }));
}

export function resizePanel(draft: Draft, id: string, size: Size): Draft {
  const panel = panelsOf(draft).find((p) => p.id === id);
  return panel ? replacePanel(draft, { ...panel, ...fitting(size) }) : draft;
}

export type Step = 'earlier' | 'later' | 'up' | 'down';

/** Where a step takes a panel; past the ends of its section into the next one. null: it cannot go there. */
export function stepOf(draft: Draft, id: string, step: Step): Spot | null {
  const spot = spotOf(draft, id);
  const at = draft.sections.findIndex((s) => s.id === spot?.section);
  const section = draft.sections[at];
  if (!spot || !section) return null;
  const back = step === 'earlier' || step === 'up';
  const index = step === 'earlier' ? spot.index - 1 : step === 'later' ? spot.index + 1 : beside(place(section.panels), id, back ? 'above' : 'below');
  if (index >= 0 && index < section.panels.length) return { section: section.id, index };
  const other = draft.sections[at + (back ? -1 : 1)];
  return other ? { section: other.id, index: back ? other.panels.length : 0 } : null;
}

export function addSection(draft: Draft, title: string): Draft {
  return { ...draft, sections: [...draft.sections, { id: freeId(title, draft.sections, 'section'), title, panels: [] }] };
}

export function renameSection(draft: Draft, id: string, title: string): Draft {
  return inSection(draft, id, (s) => ({ ...s, title }));
}

/** Among the sections, by one. */
export function moveSection(draft: Draft, id: string, by: -1 | 1): Draft {
  const at = draft.sections.findIndex((s) => s.id === id);
  const section = draft.sections[at];
  if (!section || at + by < 0 || at + by >= draft.sections.length) return draft;
  return { ...draft, sections: draft.sections.toSpliced(at, 1).toSpliced(at + by, 0, section) };
}

/** With its panels. */
export function removeSection(draft: Draft, id: string): Draft {
  return { ...draft, sections: draft.sections.filter((s) => s.id !== id) };
}

function inSection(draft: Draft, id: string, change: (section: Section) => Section): Draft {
  return { ...draft, sections: draft.sections.map((s) => (s.id === id ? change(s) : s)) };
}
