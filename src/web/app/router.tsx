/** The pages and their addresses. Every state of a page is in its search parameters (search.ts). */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { PageFailed, PageMissing } from './failed.tsx';
import { FLOW_COLUMNS, parseSearch, type Search, stringifySearch } from './search.ts';
import { Shell } from './shell.tsx';
import { FIRST_DASHBOARD } from './start.ts';

const rootRoute = createRootRoute({
  validateSearch: (search): Search => search,
  component: Shell,
  errorComponent: ({ error, reset }) => <PageFailed error={error} onRetry={reset} />,
  notFoundComponent: PageMissing,
});

const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: ({ search }) => {
    throw redirect({ to: '/dashboards/$id', params: { id: FIRST_DASHBOARD }, search, replace: true });
  },
});

export const dashboardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dashboards/$id',
  component: lazyRouteComponent(() => import('../dashboard/page.tsx'), 'DashboardPage'),
});

export const recordsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/records',
  // Links to the page that showed records go on working: the search page shows them.
  beforeLoad: ({ search }: { search: Search }) => {
    throw redirect({ to: '/search', search: { ...search, q: search.q ?? '*', cols: search.cols ?? FLOW_COLUMNS }, replace: true });
  },
});

export const searchRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/search',
  component: lazyRouteComponent(() => import('../search/page.tsx'), 'SearchPage'),
});

export const extractionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/extraction',
  component: lazyRouteComponent(() => import('../extraction/page.tsx'), 'ExtractionPage'),
});

export const lookupsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/lookups',
  component: lazyRouteComponent(() => import('../lookups/page.tsx'), 'LookupsPage'),
});

export const administratorsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/administrators',
  component: lazyRouteComponent(() => import('../administrators/page.tsx'), 'AdministratorsPage'),
});

export const completenessRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/completeness',
  component: lazyRouteComponent(() => import('../completeness/page.tsx'), 'CompletenessPage'),
});

export const threatsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/threats',
  component: lazyRouteComponent(() => import('../threats/page.tsx'), 'ThreatsPage'),
});

export const sourcesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources',
  component: lazyRouteComponent(() => import('../sources/page.tsx'), 'SourcesPage'),
});

export const addSourceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources/new',
  component: lazyRouteComponent(() => import('../sources/add/page.tsx'), 'AddSourcePage'),
});

export const layoutsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources/layouts',
  component: lazyRouteComponent(() => import('../sources/layouts/page.tsx'), 'LayoutsPage'),
});

export const sourceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources/$id',
  component: lazyRouteComponent(() => import('../sources/source-page.tsx'), 'SourcePage'),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    startRoute,
    dashboardRoute,
    recordsRoute,
    searchRoute,
    extractionRoute,
    lookupsRoute,
    administratorsRoute,
    threatsRoute,
    sourcesRoute,
    addSourceRoute,
    layoutsRoute,
    sourceRoute,
    completenessRoute,
  ]),
  parseSearch: (text) => parseSearch(text) as Record<string, unknown>,
  stringifySearch: (search) => stringifySearch(search as Search),
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
