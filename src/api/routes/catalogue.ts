/** What people made that a query can name. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CatalogueResponse } from '../contract/catalogue.ts';
import type { ServerDeps } from '../deps.ts';

export function catalogueRoutes(app: FastifyInstance, deps: ServerDeps): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      '/api/v1/catalogue',
      { schema: { tags: ['query'], summary: 'Extracted fields, rules and lookup tables that a query can name.', response: { 200: CatalogueResponse } } },
      async () => {
        const { extractedNames, rules, lookup, lookupNames, threats } = deps.catalogs.current();
        return {
          extracted: [...extractedNames],
          rules: rules.map(({ name, scope, expression, fields }) => ({ name, scope, expression, fields: [...fields] })),
          lookups: lookupNames.map((name) => ({ name, columns: [...(lookup(name)?.columns ?? [])] })),
          indicators: threats !== undefined,
        };
      },
    );
}
