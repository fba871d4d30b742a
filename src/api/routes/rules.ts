/** Field extraction rules. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Rule, RuleChange, RuleList, RuleNew, RuleTest, RuleTestResponse } from '../contract/rules.ts';
import type { ServerDeps } from '../deps.ts';
import { abortOnClose } from '../lines.ts';
import { changeRule, createRule, getRule, listRules, removeRule, testRule } from '../rules.ts';

const tags = ['extraction'];
const params = z.object({ id: z.string() });
const PATH = '/api/v1/extraction-rules';

export function ruleRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(PATH, { schema: { tags, summary: 'Field extraction rules, and the fields that they have made.', response: { 200: RuleList } } }, async () =>
    listRules(deps),
  );
  typed.post(
    PATH,
    { schema: { tags, summary: 'Saves a rule that compiles. At ingest it holds for records that come from now on.', body: RuleNew, response: { 201: Rule } } },
    async (request, reply) => reply.status(201).send(await createRule(deps, request.body)),
  );
  typed.post(
    `${PATH}/test`,
    {
      schema: {
        tags,
        summary: 'Tries a rule on samples: the fields of each, or the step that found nothing. Nothing is stored.',
        body: RuleTest,
        response: { 200: RuleTestResponse },
      },
    },
    async (request, reply) => testRule(deps, request.body, abortOnClose(reply)),
  );
  typed.get(`${PATH}/:id`, { schema: { tags, summary: 'One rule.', params, response: { 200: Rule } } }, async (request) => getRule(deps, request.params.id));
  typed.put(
    `${PATH}/:id`,
    {
      schema: {
        tags,
        summary: 'Changes a rule. With a revision, only what nobody has changed since.',
        params,
        body: RuleChange,
        response: { 200: Rule },
      },
    },
    async (request) => changeRule(deps, request.params.id, request.body),
  );
  typed.delete(
    `${PATH}/:id`,
    { schema: { tags, summary: 'Removes a rule; records keep the fields that it stored.', params, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeRule(deps, request.params.id);
      return reply.status(204).send(null);
    },
  );
}
