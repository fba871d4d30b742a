/** The records that the page opens behind a value of a panel, through the HTTP API. */
import type { RecordsResponse } from '../../src/api/contract.ts';
import { recordsSearch } from '../../src/web/dashboard/records-search.ts';
import { decodeChip } from '../../src/web/filters/filter.ts';
import type { Drill } from '../../src/web/panels/props.ts';
import type { TestServer } from '../api/helpers.ts';

/** How many there are. `window`: the panel's, epoch seconds. */
export async function recordsBehind(server: TestServer, query: string, drill: Omit<Drill, 'shift'>, window: { from: number; to: number }): Promise<number> {
  const { q, from, to, f = [] } = recordsSearch(query, { ...drill, shift: false }, [], window, undefined);
  const filters = f.map((chip) => {
    const { field, values, negate } = decodeChip(chip) ?? {};
    return { field, values, negate };
  });
  const response = await server.post('/api/v1/records', { query: q, from, to, filters, limit: 1 });
  if (response.status !== 200) throw new Error(`${q} ${f.join(' ')}: ${await response.text()}`);
  return ((await response.json()) as RecordsResponse).total;
}
