/** Shapes of apps: the groups that dashboards ship in, each bound to the records that it is for. */
import { z } from 'zod';
import { BoundFilter } from '../../dashboards/schema.ts';

/** GET /api/v1/apps. `scope`: a filter of all of its dashboards; null while the app is for every record. */
export const AppList = z.object({ apps: z.array(z.object({ app: z.string(), scope: BoundFilter.nullable() })) });

/** PUT /api/v1/apps/scope: binds an app; null frees it. */
export const ScopeChange = z.strictObject({ app: z.string().min(1).max(200), scope: BoundFilter.nullable() });

export type AppList = z.infer<typeof AppList>;
export type ScopeChange = z.infer<typeof ScopeChange>;
