/** What is stored beside an address: the ids of its place and of its autonomous system, the number of its indicator. */
import { findField } from '../model/fields.ts';
import { type Sql, sql } from './sql.ts';
import type { State } from './state.ts';
import { storedField } from './stored.ts';
import { asAddress, type Typed } from './typed.ts';

export type Beside = 'place' | 'as' | 'indicator';

const ENDS = ['srcaddr', 'dstaddr'] as const;

/**
 * SQL of the id beside an address; undefined where nothing can be known. An address that was taken out of a
 * record's text is usually one of the record's own two.
 */
export function besideId(address: Typed, which: Beside, state: State): (() => Sql) | undefined {
  const own = address[which] ?? (address.textOf && !address.textOf.when ? address.textOf.value[which] : undefined);
  if (own) return own;
  if (!state.parts.stored || address.kind !== 'text' || address.field || address.literal) return undefined;
  return () => {
    const wanted = asAddress(address).sql;
    const ends = ENDS.map((name) => {
      const field = findField(name);
      return field && storedField(state.ctx, field);
    });
    const [source, destination] = ends;
    const [sourceId, destinationId] = [source?.[which]?.(), destination?.[which]?.()];
    if (!source || !destination || !sourceId || !destinationId) return sql`0`;
    return sql`multiIf(ifNull(${wanted} = ${source.sql}, false), ${sourceId}, ifNull(${wanted} = ${destination.sql}, false), ${destinationId}, 0)`;
  };
}
