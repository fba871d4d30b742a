/** Every group of routes, by noun. */
import type { FastifyInstance } from 'fastify';
import type { ServerDeps } from '../deps.ts';
import { administratorRoutes } from './administrators.ts';
import { appRoutes } from './apps.ts';
import { catalogueRoutes } from './catalogue.ts';
import { completenessRoutes } from './completeness.ts';
import { dashboardRoutes } from './dashboards.ts';
import { docsRoutes } from './docs.ts';
import { exportRoutes } from './exports.ts';
import { feedRoutes } from './feeds.ts';
import { findingRoutes } from './findings.ts';
import { flowRoutes } from './flows.ts';
import { healthRoutes } from './health.ts';
import { ingestRoutes } from './ingest.ts';
import { jobRoutes } from './jobs.ts';
import { layoutRoutes } from './layouts.ts';
import { libraryRoutes } from './library.ts';
import { loginRoutes } from './login.ts';
import { lookupRoutes } from './lookups.ts';
import { quarantineRoutes } from './quarantine.ts';
import { queryRoutes } from './query.ts';
import { recordRoutes } from './records.ts';
import { ruleRoutes } from './rules.ts';
import { searchRoutes } from './search.ts';
import { sourceRoutes } from './sources.ts';
import { statusRoutes } from './status.ts';
import { valueRoutes } from './values.ts';

export type Routes = (app: FastifyInstance, deps: ServerDeps) => void;

export const ROUTES: readonly Routes[] = [
  healthRoutes,
  loginRoutes,
  statusRoutes,
  completenessRoutes,
  dashboardRoutes,
  appRoutes,
  queryRoutes,
  recordRoutes,
  flowRoutes,
  searchRoutes,
  catalogueRoutes,
  exportRoutes,
  jobRoutes,
  libraryRoutes,
  ruleRoutes,
  valueRoutes,
  lookupRoutes,
  administratorRoutes,
  feedRoutes,
  quarantineRoutes,
  findingRoutes,
  ingestRoutes,
  sourceRoutes,
  layoutRoutes,
  docsRoutes,
];
