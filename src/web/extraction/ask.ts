/** What the page of extraction rules asks of the server. */
import { queryOptions } from '@tanstack/react-query';
import type { Rule, RuleChange, RuleList, RuleNew, RuleTest, RuleTestResponse } from '../../api/contract/rules.ts';
import { getJson, postJson, sendJson } from '../api/client.ts';

const PATH = '/api/v1/extraction-rules';

export const rulesQuery = queryOptions({
  queryKey: ['extraction-rules'],
  queryFn: ({ signal }) => getJson<RuleList>(PATH, signal),
});

export function trialQuery(test: Pick<RuleTest, 'scope' | 'expression' | 'at' | 'samples' | 'sourceCategory'>) {
  return queryOptions({
    queryKey: ['extraction-test', test],
    queryFn: ({ signal }) => postJson<RuleTestResponse>(`${PATH}/test`, test, signal),
    enabled: test.expression.trim() !== '',
    staleTime: 60_000,
    gcTime: 60_000,
  });
}

/** A new rule when there is no id. */
export function saveRule(id: string | undefined, rule: RuleNew, revision: number | undefined): Promise<Rule> {
  return id === undefined ? postJson<Rule>(PATH, rule) : changeRule(id, { ...rule, revision });
}

export function changeRule(id: string, change: RuleChange): Promise<Rule> {
  return sendJson<Rule>('PUT', `${PATH}/${encodeURIComponent(id)}`, change);
}

export async function removeRule(id: string): Promise<void> {
  await sendJson('DELETE', `${PATH}/${encodeURIComponent(id)}`);
}
