/** What a request holds, read by its route's schema; what is wrong with it is said in words for people. */
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import { Problem } from './errors.ts';

/** Answers with each wrong place of the body, the query string, the headers or the path: `body.filters.0.values: write …`. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart = 'request' }) =>
  (data) => {
    const read = schema.safeParse(data, { error: inPlaceOf });
    return read.success ? { value: read.data } : { error: new Problem('invalid-request', wrongPlaces(read.error, httpPart)) };
  };
