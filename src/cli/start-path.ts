/** The page that the link printed at start opens: there where the data is that was loaded. */
import { dataExtent } from '../api/data.ts';
import { panelsOf } from '../dashboards/plan.ts';
import type { Dashboard } from '../dashboards/schema.ts';
import type { IngestSummary } from '../ingest/ingest.ts';
import { CLOUDTRAIL, FLOW_DATASETS } from '../model/log-formats.ts';
import { parse } from '../query/index.ts';
import { someScope } from '../query/scope.ts';
import type { Store } from '../store/store.ts';

const HOUR = 3600;
const DAY = 86_400;

/** Where the data is that was loaded: the overview of its flows, or that of events where there were events alone. */
export async function startPath(store: Store, summary: IngestSummary | undefined, dashboards: readonly Dashboard[]): Promise<string> {
  if (!summary?.extent) return '/';
  if (Object.keys(summary.formats).some((name) => name !== CLOUDTRAIL.name)) {
    // Events that came along may be younger than all flows.
    const { extent } = await dataExtent(store, FLOW_DATASETS);
    return `/dashboards/vpc-overview?${lastFull(HOUR, { ...summary.extent, to: Math.min(summary.extent.to, (extent?.to ?? Number.POSITIVE_INFINITY) - 1) })}`;
  }
  const ofEvents = dashboards.filter(isOfEvents);
  const first = ofEvents.find(({ id }) => id.endsWith('overview')) ?? ofEvents[0];
  const range = lastFull(DAY, summary.extent);
  return first ? `/dashboards/${first.id}?${range}` : `/search?${range}&q=_index%3D${CLOUDTRAIL.main}`;
}

/** Whether every panel of a dashboard names the index of events. */
function isOfEvents(dashboard: Dashboard): boolean {
  return panelsOf(dashboard).every(({ query }) =>
    someScope(parse(query).query.scope, (s) => s.node === 'condition' && s.field === '_index' && s.value === CLOUDTRAIL.main),
  );
}

/** The data's own last full hour or day (`width`, seconds) as the page's time range; that of the data where it is younger. */
export function lastFull(width: number, extent: { readonly from: number; readonly to: number }): string {
  const full = Math.floor((extent.to + 1) / width) * width;
  const to = full > extent.from ? full : full + width;
  return new URLSearchParams({ from: new Date((to - width) * 1000).toISOString(), to: new Date(to * 1000).toISOString() }).toString();
}
