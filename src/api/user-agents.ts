/**
 * What threat indicators say of the clients of events. Addresses are matched as records are stored; a user agent
 * is compared when it is asked for, as `threatlookup` does it: there are few different ones, and an indicator
 * that comes later holds for all history without a hunt.
 */
import type { Catalog } from '../query/index.ts';
import { param, sql, statement } from '../query/sql.ts';
import type { QueryOptions, Store } from '../store/store.ts';

export interface AgentIndicator {
  readonly feed: string;
  /** As one JSON object (store/indicator-ddl.ts). */
  readonly raw: string;
  /** Epoch seconds; 0 for an open end. */
  readonly validFrom: number;
  readonly validUntil: number;
  readonly removed: number;
}

/** Indicators of user agents, by user agent, the best first. Throws StoreError. */
export async function agentIndicators(
  { store, threats }: { readonly store: Store; readonly threats: Catalog['threats'] },
  agents: readonly string[],
  options: QueryOptions,
): Promise<ReadonlyMap<string, readonly AgentIndicator[]>> {
  const asked = [...new Set(agents)].filter((agent) => agent !== '');
  if (!threats || asked.length === 0) return new Map();
  const found = await store.rows(
    statement(sql`SELECT value, feed, raw, valid_from, valid_until, removed FROM bartizan.indicator_shown
      WHERE type = 'user-agent' AND has(${param('Array(String)', asked)}, value) ORDER BY confidence DESC, newest DESC, number`),
    options,
  );
  const byAgent = new Map<string, AgentIndicator[]>();
  for (const [value, feed, raw, validFrom, validUntil, removed] of found.rows) {
    const agent = String(value);
    if (isAllowed(threats.allowed, String(feed), agent)) continue;
    const one = { feed: String(feed), raw: String(raw), validFrom: Number(validFrom), validUntil: Number(validUntil), removed: Number(removed) };
    byAgent.set(agent, [...(byAgent.get(agent) ?? []), one]);
  }
  return byAgent;
}

/** The best one that holds at a record's time, epoch seconds. */
export function heldAt(indicators: readonly AgentIndicator[] | undefined, time: number): AgentIndicator | undefined {
  const open = (end: number): boolean => end === 0 || time < end;
  return indicators?.find(({ validFrom, validUntil, removed }) => time >= validFrom && open(validUntil) && open(removed));
}

function isAllowed(allowed: NonNullable<Catalog['threats']>['allowed'], feed: string, agent: string): boolean {
  return ['', feed].some((of) => (allowed[of] ?? []).some((value) => value.toLowerCase() === agent.toLowerCase()));
}
