/** Collectors and sources. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  Address,
  Collector,
  CollectorChange,
  CollectorNew,
  Source,
  SourceChange,
  SourceList,
  SourceMade,
  SourceNew,
  TemplateList,
  TemplateRequest,
  TestRequest,
  TestResponse,
  TokenRequest,
} from '../contract/sources.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import {
  changeCollector,
  changeSource,
  createCollector,
  createSource,
  getSource,
  listSources,
  removeCollector,
  removeSource,
  rotateToken,
  testSource,
} from '../sources.ts';
import { filledTemplate, listTemplates } from '../template-list.ts';

const tags = ['sources'];
const params = z.object({ id: z.string() });

export function sourceRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get('/api/v1/sources', { schema: { tags, summary: 'Collectors, their sources and what each is doing.', response: { 200: SourceList } } }, async () =>
    listSources(deps),
  );
  typed.get('/api/v1/sources/:id', { schema: { tags, summary: 'One source.', params, response: { 200: Source } } }, async (request) =>
    getSource(deps, request.params.id),
  );
  typed.post(
    '/api/v1/sources',
    { schema: { tags, summary: 'Makes a source. The address of one that is sent to is in this answer only.', body: SourceNew, response: { 201: SourceMade } } },
    async (request, reply) => reply.status(201).send(await createSource(deps, request.body)),
  );
  typed.put(
    '/api/v1/sources/:id',
    {
      schema: {
        tags,
        summary: 'Changes or pauses a source. With a revision, only what nobody has changed since.',
        params,
        body: SourceChange,
        response: { 200: Source },
      },
    },
    async (request) => changeSource(deps, request.params.id, request.body),
  );
  typed.delete(
    '/api/v1/sources/:id',
    { schema: { tags, summary: 'Removes a source. Records stay, and what it has acknowledged is stored.', params, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeSource(deps, request.params.id);
      return reply.status(204).send(null);
    },
  );
  typed.post(
    '/api/v1/sources/:id/token',
    { schema: { tags, summary: 'A new token. Those before are taken for some hours more.', params, body: TokenRequest, response: { 200: Address } } },
    async (request) => rotateToken(deps, request.params.id, request.body.graceHours),
  );
  typed.post(
    '/api/v1/sources/test',
    { schema: { tags, summary: 'Tries a connection step by step, changing nothing.', body: TestRequest, response: { 200: TestResponse } } },
    async (request, reply) => testSource(deps, request.body, abortOnClose(reply)),
  );
  typed.get(
    '/api/v1/sources/templates',
    { schema: { tags, summary: 'CloudFormation templates: what each asks, and which setting each output becomes.', response: { 200: TemplateList } } },
    async () => ({ templates: await listTemplates() }),
  );
  typed.post(
    '/api/v1/sources/templates/:name',
    {
      schema: {
        tags,
        summary: 'A template with these parameters as its defaults, as a YAML file. Secret ones are refused: they are pasted when the stack is made.',
        params: z.object({ name: z.string() }),
        body: TemplateRequest,
        response: { 200: { content: { 'text/yaml': { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const text = await filledTemplate(name, request.body.parameters);
      return reply.type('text/yaml; charset=utf-8').header('content-disposition', `attachment; filename="${name}.yaml"`).serializer(String).send(text);
    },
  );
  typed.post(
    '/api/v1/collectors',
    { schema: { tags, summary: 'Makes a collector.', body: CollectorNew, response: { 201: Collector } } },
    async (request, reply) => reply.status(201).send(await createCollector(deps, request.body)),
  );
  typed.put(
    '/api/v1/collectors/:id',
    { schema: { tags, summary: 'Renames or pauses a collector with all its sources.', params, body: CollectorChange, response: { 200: Collector } } },
    async (request) => changeCollector(deps, request.params.id, request.body),
  );
  typed.delete(
    '/api/v1/collectors/:id',
    { schema: { tags, summary: 'Removes a collector without sources.', params, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeCollector(deps, request.params.id);
      return reply.status(204).send(null);
    },
  );
}
