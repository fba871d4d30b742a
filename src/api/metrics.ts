/** What Prometheus can read: the process's own metrics, requests by route (never by address or text), and the rows of metric-table.ts. */
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ServerDeps } from './deps.ts';
import { LAG_SECONDS, METRICS, type Metric, MOST_SOURCES, REQUEST_SECONDS, type Snapshot } from './metric-table.ts';

export function addMetrics(app: FastifyInstance, deps: ServerDeps): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'bartizan_' });
  const writers = METRICS.flatMap((metric) => (metric.read ? [writer(metric, metric.read, registry)] : []));
  const requests = histogram(REQUEST_SECONDS, registry);
  const lags = histogram(LAG_SECONDS, registry);
  /** Name by id, of the sources that have metrics. */
  let named = new Map<string, string>();
  if (deps.collection) {
    deps.collection.traffic.onLag = (source, milliseconds) => {
      const name = named.get(source) ?? deps.collection?.nameOf(source);
      if (name === undefined || (!named.has(source) && named.size >= MOST_SOURCES)) return;
      named.set(source, name);
      lags.observe({ source, name }, milliseconds / 1000);
    };
  }
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
  app.get('/metrics', { config: { access: 'public' }, schema: { tags: ['health'], summary: 'Prometheus metrics.' } }, async (_request, reply) => {
    const snapshot = await readSnapshot(deps);
    const names = new Map(snapshot.sources.map(({ id, name }) => [id, name]));
    // A source that is gone or has another name begins anew.
    for (const [source, name] of named) if (names.get(source) !== name) lags.remove({ source, name });
    named = names;
    for (const write of writers) write(snapshot);
    return reply
      .type(registry.contentType)
      .serializer(String)
      .send(await registry.metrics());
  });
}

function histogram({ name, help, labels, buckets }: Metric, registry: Registry): Histogram {
  return new Histogram({ name, help, labelNames: [...labels], buckets: [...(buckets ?? [])], registers: [registry] });
}

/** Puts what a snapshot says in the place of what the last one said. */
function writer({ name, help, type, labels }: Metric, read: NonNullable<Metric['read']>, registry: Registry): (snapshot: Snapshot) => void {
  const settings = { name, help, labelNames: [...labels], registers: [registry] };
  const metric = type === 'counter' ? new Counter(settings) : new Gauge(settings);
  return (snapshot) => {
    metric.reset();
    // A metric without labels begins with a 0 of its own.
    if (labels.length === 0) metric.remove();
    for (const [of, value] of read(snapshot)) metric.inc({ ...of }, value);
  };
}

/** What cannot be read now is left out: the rest is worth having when something is wrong. */
async function readSnapshot(deps: ServerDeps): Promise<Snapshot> {
  const attempt = <T>(promise: Promise<T> | undefined, otherwise: T): Promise<T> =>
    (promise ?? Promise.resolve(otherwise)).catch((error: unknown) => {
      deps.logger.warn({ err: error }, 'a part of the metrics could not be read');
      return otherwise;
    });
  const { collection } = deps;
  const [list, collectors, reasons, vitals, quarantine] = await Promise.all([
    attempt(collection && deps.sources?.list(), []),
    attempt(collection && deps.sources?.collectors(), []),
    attempt(deps.notReady?.(), []),
    attempt<Snapshot['vitals']>(deps.vitals?.(), undefined),
    attempt<Pick<Snapshot, 'quarantined'>>(
      deps.quarantine?.list({ resolved: false, limit: 1, offset: 0 }).then(({ byCode }) => ({ quarantined: byCode })),
      { quarantined: [] },
    ),
  ]);
  const paused = new Set(collectors.filter((c) => c.paused).map((c) => c.id));
  return {
    now: deps.clock(),
    version: deps.settings.version,
    reasons,
    vitals,
    spool: collection?.spool,
    ...quarantine,
    sourceCount: list.length,
    sources: collection
      ? list.slice(0, MOST_SOURCES).map(({ id, name, kind, collector, ...source }) => ({
          id,
          name,
          kind,
          paused: source.paused || paused.has(collector),
          status: collection.status(id),
        }))
      : [],
  };
}
