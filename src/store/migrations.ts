/**
 * The schema's history. Each migration is numbered, idempotent and never edited once released; the
 * store runs the missing ones when it opens. A new field is an ADD COLUMN here.
 */
import { createTable, DATABASE } from './ddl.ts';

export interface Migration {
  readonly version: number;
  readonly why: string;
  readonly statements: readonly string[];
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    why: 'flow records and status records',
    statements: [createTable(`${DATABASE}.vpc_flow`), createTable(`${DATABASE}.vpc_flow_status`)],
  },
];

export const SCHEMA_VERSION = MIGRATIONS[MIGRATIONS.length - 1]?.version ?? 0;
