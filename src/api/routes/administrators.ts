/** The list of administrators: read, add, remove. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { addAdministrator, listAdministrators, removeAdministrator } from '../administrators.ts';
import { Administrator, AdministratorList, AdministratorNew } from '../contract/administrators.ts';
import type { ServerDeps } from '../deps.ts';

const tags = ['administrators'];
const PATH = '/api/v1/administrators';

export function administratorRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(PATH, { schema: { tags, summary: 'Who is an administrator: is_admin of events.', response: { 200: AdministratorList } } }, async () =>
    listAdministrators(deps),
  );
  typed.post(
    PATH,
    {
      schema: {
        tags,
        summary:
          'Adds a name, an ARN of a user or role, or a role’s name; * is any text. One that is listed gets the new note. It holds for all events, stored ones too.',
        body: AdministratorNew,
        response: { 200: Administrator },
      },
    },
    async (request) => addAdministrator(deps, request.body),
  );
  typed.delete(
    `${PATH}/:id`,
    { schema: { tags, summary: 'Takes an entry off the list.', params: z.object({ id: z.string() }), response: { 204: z.null() } } },
    async (request, reply) => {
      await removeAdministrator(deps, request.params.id);
      return reply.status(204).send(null);
    },
  );
}
