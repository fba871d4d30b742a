/** Where a query's datasets are read. */
import type { Dataset } from '../model/log-formats.ts';
import type { Relations } from '../query/index.ts';
import { type Sql, sql } from '../query/sql.ts';
import type { ServerDeps } from './deps.ts';

export const TABLES: Readonly<Record<Dataset, Sql>> = {
  vpc_flow: sql`bartizan.vpc_flow`,
  vpc_flow_status: sql`bartizan.vpc_flow_status`,
  tgw_flow: sql`bartizan.tgw_flow`,
  tgw_flow_status: sql`bartizan.tgw_flow_status`,
  cloudtrail: sql`bartizan.cloudtrail`,
};

/** The stored tables themselves. */
export function rawRelations(deps: Pick<ServerDeps, 'absentMask' | 'missingMask' | 'defaultOnly' | 'present'>): Relations {
  return {
    table: (dataset) => TABLES[dataset],
    absentMask: deps.absentMask(),
    missingMask: deps.missingMask?.() ?? 0n,
    present: deps.present?.() ?? [],
    sums: true,
    defaultOnly: deps.defaultOnly?.() ?? false,
  };
}

/**
 * Runs statements that were compiled for what may be absent right now. A batch that lands meanwhile may
 * lack a field, or have one, for the first time: it says so before its rows can be seen, and the work is done again.
 */
export async function onTables<T>(
  deps: Pick<ServerDeps, 'absentMask' | 'missingMask' | 'defaultOnly' | 'present'>,
  work: (relations: Relations) => Promise<T>,
): Promise<T> {
  for (;;) {
    const relations = rawRelations(deps);
    const result = await work(relations);
    const now = rawRelations(deps);
    if (
      now.absentMask === relations.absentMask &&
      now.missingMask === relations.missingMask &&
      now.defaultOnly === relations.defaultOnly &&
      now.present?.length === relations.present?.length
    )
      return result;
  }
}
