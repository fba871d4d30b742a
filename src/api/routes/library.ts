/** The library: folders and saved searches. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LibraryChange, LibraryItem, LibraryList, LibraryNew, LibraryRequest } from '../contract/library.ts';
import type { ServerDeps } from '../deps.ts';
import { changeItem, createItem, getItem, listLibrary, removeItem } from '../library.ts';

const tags = ['library'];
const params = z.object({ id: z.string() });

export function libraryRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/api/v1/library',
    {
      schema: {
        tags,
        summary: 'Folders and saved searches, those that ship with Bartizan included.',
        querystring: LibraryRequest,
        response: { 200: LibraryList },
      },
    },
    async (request) => ({ items: await listLibrary(deps, request.query.kind) }),
  );
  typed.post(
    '/api/v1/library',
    { schema: { tags, summary: 'Makes a folder, or saves a search whose query can be read.', body: LibraryNew, response: { 201: LibraryItem } } },
    async (request, reply) => reply.status(201).send(await createItem(deps, request.body)),
  );
  typed.get('/api/v1/library/:id', { schema: { tags, summary: 'One folder or saved search.', params, response: { 200: LibraryItem } } }, async (request) =>
    getItem(deps, request.params.id),
  );
  typed.put(
    '/api/v1/library/:id',
    {
      schema: {
        tags,
        summary: 'Renames, moves or overwrites. With a revision, only what nobody has changed since.',
        params,
        body: LibraryChange,
        response: { 200: LibraryItem },
      },
    },
    async (request) => changeItem(deps, request.params.id, request.body),
  );
  typed.delete(
    '/api/v1/library/:id',
    { schema: { tags, summary: 'Removes a saved search or an empty folder.', params, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeItem(deps, request.params.id);
      return reply.status(204).send(null);
    },
  );
}
