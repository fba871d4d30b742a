/** A query that ends with save: nothing is written before somebody says so here. */
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { QueryRequest, QueryResponse } from '../../api/contract.ts';
import { parse } from '../../query/index.ts';
import { tableName } from '../../query/tables.ts';
import { postJson } from '../api/client.ts';
import { ProblemNote } from '../library/problem.tsx';
import { lookupsQuery } from './ask.ts';

interface Props {
  readonly asked: Pick<QueryRequest, 'query' | 'from' | 'to' | 'timeZone'> & { readonly filters: readonly object[] };
}

export function SaveNote({ asked }: Props) {
  const client = useQueryClient();
  const { query, from, to, filters, timeZone } = asked;
  const saving = useMutation({
    mutationFn: () => postJson<QueryResponse>('/api/v1/query', { query, from, to, filters, timeZone, limit: 1, save: true }),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: lookupsQuery.queryKey }), client.invalidateQueries({ queryKey: ['catalogue'] })]),
  });
  const step = parse(query).query.operations.at(-1);
  if (step?.op !== 'save') return null;
  const name = tableName(step.source.name);
  const saved = saving.data?.saved;
  return (
    <section className="bz-banner" aria-label="Saving into a table">
      {saved ? (
        <p role="status">
          {saved.name} has {saved.rows.toLocaleString('en-US')} rows now.{' '}
          <Link className="bz-link" to="/lookups" search={{ view: saved.name }}>
            Show the table
          </Link>
        </p>
      ) : (
        <p>
          This query {step.append ? 'adds its result to' : 'writes its result into'} the lookup table <b>{name}</b>
          {step.append ? '' : ', in place of what is in it'}.{' '}
          <Button size="compact-xs" loading={saving.isPending} onClick={() => saving.mutate()}>
            {step.append ? `Add to ${name}` : `Write ${name}`}
          </Button>
        </p>
      )}
      <ProblemNote error={saving.error} />
    </section>
  );
}
