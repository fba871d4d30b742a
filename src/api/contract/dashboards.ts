/** Shapes of dashboards: those that ship, and those that people made. */
import { z } from 'zod';
import { Dashboard, MOST_PANELS, Panel, Section, Variable } from '../../dashboards/schema.ts';
import { RunRequest } from '../contract.ts';

/** GET /api/v1/dashboards: own ones first. `own`: made here, and so to be changed here. */
export const DashboardList = z.object({
  dashboards: z.array(z.object({ id: z.string(), title: z.string(), description: z.string(), app: z.string(), own: z.boolean() })),
});

/** One dashboard. `revision` counts the changes of an own one; 0 for those that ship. */
export const DashboardAnswer = Dashboard.extend({ own: z.boolean(), revision: z.number() });

const title = z.string().trim().min(1).max(200);
const content = {
  description: z.string().max(2000),
  useCase: z.string().max(2000),
  window: z.number().int().positive(),
  variables: z.array(Variable).max(50),
  sections: z.array(Section).max(50),
};

/** POST /api/v1/dashboards: empty, of the content that is given, or a copy. */
export const DashboardNew = z.strictObject({
  title,
  /** Id of the dashboard to begin with. */
  copyOf: z.string().optional(),
  ...z.object(content).partial().shape,
});

/** PUT /api/v1/dashboards/:id: changes what is given; with a revision, only what nobody has changed since. */
export const DashboardChange = z.strictObject({ title: title.optional(), revision: z.number().int().optional(), ...z.object(content).partial().shape });

/** POST /api/v1/dashboards/:id/panels: at the end of its last section, or of the one that is named. */
export const PanelNew = z.strictObject({
  ...Panel.omit({ id: true, description: true }).shape,
  title: z.string().trim().min(1).max(200),
  description: z.string().max(2000).default(''),
  section: z.string().optional(),
});

/**
 * POST /api/v1/dashboards/preview: a run of panels as they are given, saved or not; answers as a run does. One
 * whose query is wrong fails alone.
 */
export const PreviewRequest = z.strictObject({ ...RunRequest.omit({ panels: true }).shape, content: z.array(Panel).min(1).max(MOST_PANELS) });

/** GET /api/v1/dashboards/:id/file: the dashboard as the text of a file of `content/dashboards/`, and a name for it. */
export const DashboardFile = z.object({ name: z.string(), text: z.string() });

/** POST /api/v1/dashboards/import: an own dashboard from such a text. */
export const DashboardImport = z.strictObject({
  text: z.string().max(900 * 1024),
  /** In place of the title in the file, which another one may have already. */
  title: title.optional(),
  /** Id of the own dashboard that it replaces. */
  replace: z.string().optional(),
});

export type DashboardList = z.infer<typeof DashboardList>;
export type DashboardAnswer = z.infer<typeof DashboardAnswer>;
export type DashboardNew = z.infer<typeof DashboardNew>;
export type DashboardChange = z.infer<typeof DashboardChange>;
export type PanelNew = z.infer<typeof PanelNew>;
export type PreviewRequest = z.infer<typeof PreviewRequest>;
export type DashboardFile = z.infer<typeof DashboardFile>;
export type DashboardImport = z.infer<typeof DashboardImport>;
