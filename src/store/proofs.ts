/** What CloudTrail's digests have proven, a row for each source, trail, account and region. The chain itself is its owner's text. */
import type { Kysely } from 'kysely';

export interface ProofKey {
  /** Id; empty for files that somebody named. */
  readonly source: string;
  readonly trail: string;
  /** Region that the trail was made in. */
  readonly home: string;
  readonly account: string;
  readonly region: string;
}

export interface StoredProof extends ProofKey {
  readonly chain: string;
  /** Epoch seconds of the last digest that was looked at. */
  readonly updated: number;
}

export interface Proofs {
  get(key: ProofKey): Promise<string | undefined>;
  save(key: ProofKey, chain: string): Promise<void>;
  of(source: string): Promise<(ProofKey & Pick<StoredProof, 'chain'>)[]>;
  /** At most so many, those that changed last. */
  list(most: number): Promise<StoredProof[]>;
}

export interface ProofTables {
  trail_proof: { source: string; trail: string; home: string; account: string; region: string; chain: string; updated: number };
}

export const PROOFS_SCHEMA = `CREATE TABLE trail_proof (source TEXT NOT NULL, trail TEXT NOT NULL, home TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
     chain TEXT NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY (source, account, region, trail, home)) WITHOUT ROWID;
   CREATE INDEX trail_proof_updated ON trail_proof (updated);`;

/** Of an open metadata database. `now` gives epoch seconds. */
export function openProofs<T extends ProofTables>(database: Kysely<T>, now: () => number): Proofs {
  const db = database as unknown as Kysely<ProofTables>;
  return {
    async get({ source, trail, home, account, region }) {
      const row = await db
        .selectFrom('trail_proof')
        .select('chain')
        .where('source', '=', source)
        .where('account', '=', account)
        .where('region', '=', region)
        .where('trail', '=', trail)
        .where('home', '=', home)
        .executeTakeFirst();
      return row?.chain;
    },
    async save({ source, trail, home, account, region }, chain) {
      const row = { source, trail, home, account, region, chain, updated: now() };
      await db
        .insertInto('trail_proof')
        .values(row)
        .onConflict((c) => c.columns(['source', 'account', 'region', 'trail', 'home']).doUpdateSet({ chain, updated: row.updated }))
        .execute();
    },
    of: (source) => db.selectFrom('trail_proof').select(['source', 'trail', 'home', 'account', 'region', 'chain']).where('source', '=', source).execute(),
    list: (most) => db.selectFrom('trail_proof').selectAll().orderBy('updated', 'desc').limit(most).execute(),
  };
}
