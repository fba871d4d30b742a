/** Feeds of threat indicators, the indicators, and what never matches. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  AllowList,
  Feed,
  FeedChange,
  FeedList,
  FeedNew,
  FeedRun,
  FeedTest,
  FeedTested,
  Imported,
  ImportQuery,
  IndicatorList,
  IndicatorQuery,
  IndicatorStats,
  StoredIndicator,
} from '../contract/feeds.ts';
import type { ServerDeps } from '../deps.ts';
import { changeFeed, createFeed, getFeed, listFeeds, removeFeed, runFeed, testFeed } from '../feeds.ts';
import { allow, allowListOf, getIndicator, IMPORT_BYTES, importIndicators, indicatorStats, listIndicators } from '../indicators.ts';
import { abortOnClose } from '../lines.ts';

const tags = ['threats'];
const params = z.object({ name: z.string() });

export function feedRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const askerOf = (request: FastifyRequest) => ({ commandLine: deps.auth.isCommandLine(request.headers.authorization) });
  typed.get(
    '/api/v1/feeds',
    { schema: { tags, summary: 'Feeds of threat indicators, how their runs went and what they matched.', response: { 200: FeedList } } },
    async () => listFeeds(deps),
  );
  typed.get(
    '/api/v1/feeds/:name',
    { schema: { tags, summary: 'One feed. Slashes of its name are written %2F.', params, response: { 200: Feed } } },
    async (request) => getFeed(deps, request.params.name),
  );
  typed.post(
    '/api/v1/feeds',
    { schema: { tags, summary: 'Sets up a feed; it is run at once where it has a schedule.', body: FeedNew, response: { 201: Feed } } },
    async (request, reply) => reply.status(201).send(await createFeed(deps, request.body, askerOf(request))),
  );
  typed.put(
    '/api/v1/feeds/:name',
    {
      schema: { tags, summary: 'Changes a feed. With a revision, only what nobody has changed since.', params, body: FeedChange, response: { 200: Feed } },
    },
    async (request) => changeFeed(deps, request.params.name, request.body, askerOf(request)),
  );
  typed.delete(
    '/api/v1/feeds/:name',
    { schema: { tags, summary: 'Removes a feed with its indicators; flows that they matched keep what they say.', params, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeFeed(deps, request.params.name);
      return reply.status(204).send(null);
    },
  );
  typed.post(
    '/api/v1/feeds/:name/run',
    {
      schema: {
        tags,
        summary: 'Runs a feed now. It goes on after the answer unless `wait` is true; the feed’s state tells how.',
        params,
        querystring: z.strictObject({ wait: z.stringbool().default(false) }),
        response: { 202: FeedRun },
      },
    },
    async (request, reply) => reply.status(202).send(await runFeed(deps, request.params.name, request.query.wait)),
  );
  typed.post(
    '/api/v1/feeds/test',
    { schema: { tags, summary: 'Fetches and reads a feed, and stores nothing.', body: FeedTest, response: { 200: FeedTested } } },
    async (request, reply) => testFeed(deps, request.body, askerOf(request), abortOnClose(reply)),
  );
  typed.get(
    '/api/v1/indicators',
    { schema: { tags, summary: 'Indicators by value, a page at a time.', querystring: IndicatorQuery, response: { 200: IndicatorList } } },
    async (request) => listIndicators(deps, request.query),
  );
  typed.get(
    '/api/v1/indicators/stats',
    { schema: { tags, summary: 'How many indicators there are, by type, confidence and feed.', response: { 200: IndicatorStats } } },
    async () => indicatorStats(deps),
  );
  typed.get(
    '/api/v1/indicators/:number',
    {
      schema: {
        tags,
        summary: 'One indicator by its number, as records name it.',
        params: z.object({ number: z.string() }),
        response: { 200: StoredIndicator },
      },
    },
    async (request) => getIndicator(deps, request.params.number),
  );
  typed.get(
    '/api/v1/allow-list',
    { schema: { tags, summary: 'Values that are no threat, whatever a feed says.', response: { 200: AllowList } } },
    async () => ({
      entries: allowListOf(deps, ''),
    }),
  );
  typed.put(
    '/api/v1/allow-list',
    { schema: { tags, summary: 'Replaces that list. It holds for what is stored from then on.', body: AllowList, response: { 200: AllowList } } },
    async (request) => ({ entries: await allow(deps, '', request.body.entries) }),
  );
  void app.register(async (scope) => {
    // The body is read as it arrives.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.withTypeProvider<ZodTypeProvider>().post(
      '/api/v1/indicators/import',
      {
        bodyLimit: IMPORT_BYTES,
        schema: {
          tags,
          summary: 'Stores the indicators of a file in any format that feeds have. Entries that cannot be read are named and left out.',
          consumes: ['application/octet-stream', 'application/json', 'text/csv', 'text/plain'],
          querystring: ImportQuery,
          response: { 200: Imported },
        },
      },
      async (request) => importIndicators(deps, request.body as AsyncIterable<Uint8Array>, request.query),
    );
  });
}
