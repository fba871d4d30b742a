/** How many records a delivery, a batch or an ingest had, and what became of them. */

/** Disjoint counts of records; `records` is their sum. */
export interface Counts {
  records: number;
  stored: number;
  nodata: number;
  skipdata: number;
  duplicates: number;
  filtered: number;
  quarantined: number;
}

export const NO_COUNTS: Readonly<Counts> = { records: 0, stored: 0, nodata: 0, skipdata: 0, duplicates: 0, filtered: 0, quarantined: 0 };

/** Adds `more` to `total`, field by field. */
export function addCounts(total: Counts, more: Readonly<Counts>): Counts {
  for (const key of Object.keys(NO_COUNTS) as (keyof Counts)[]) total[key] += more[key];
  return total;
}
