/** Shapes of dashboards: those that ship, and those that people made. */
import { z } from 'zod';
import { Dashboard, Panel, Section, Variable } from '../../dashboards/schema.ts';

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

export type DashboardList = z.infer<typeof DashboardList>;
export type DashboardAnswer = z.infer<typeof DashboardAnswer>;
export type DashboardNew = z.infer<typeof DashboardNew>;
export type DashboardChange = z.infer<typeof DashboardChange>;
export type PanelNew = z.infer<typeof PanelNew>;
