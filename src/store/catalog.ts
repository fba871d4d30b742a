/**
 * What people made, as the compiler sees it: lookup tables, extraction rules, and the fields that rules
 * have ever stored (records keep theirs when a rule goes). Held in memory, read anew after a change.
 */
import { type Catalog, EMPTY_CATALOG, type LookupTable } from '../query/index.ts';
import { ident, join, param, sql } from '../query/sql.ts';
import type { Item, Library } from './library.ts';
import type { Metadata } from './metadata.ts';

/** Body of an item of kind `rule`. */
export interface RuleBody {
  readonly scope: string;
  readonly expression: string;
  /** When its fields are made: as records are stored, or when a query asks. */
  readonly at: 'ingest' | 'query';
  readonly enabled: boolean;
  /** Names that the expression makes, as it spells them. */
  readonly fields: readonly string[];
  /** Records that it was tried on. */
  readonly samples: readonly string[];
}

/** Body of an item of kind `lookup`; its rows are in `bartizan.lookup_row`. */
export interface LookupBody {
  /** Names the rows: a new upload gets a new one, so that running queries keep theirs. */
  readonly version: string;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

/** Setting that holds the names of all fields that rules have stored, as a JSON list. */
export const EXTRACTED_FIELDS = 'extracted-fields';

export interface Catalogs {
  current(): Catalog;
  /** After a change of rules, lookups or extracted fields. */
  reload(): Promise<void>;
}

export async function openCatalogs(metadata: Pick<Metadata, 'library' | 'setting'>): Promise<Catalogs> {
  let catalog = EMPTY_CATALOG;
  const reload = async () => {
    catalog = await readCatalog(metadata.library, JSON.parse((await metadata.setting(EXTRACTED_FIELDS)) ?? '[]') as string[]);
  };
  await reload();
  return { current: () => catalog, reload };
}

async function readCatalog(library: Library, extractedNames: readonly string[]): Promise<Catalog> {
  const lookups = new Map((await library.list('lookup')).map((item) => [item.name.toLowerCase(), lookupTable(item)]));
  const extracted = new Map(extractedNames.map((name) => [name.toLowerCase(), name]));
  const rules = (await library.list('rule')).flatMap(({ name, body }) => {
    const { scope, expression, at, enabled, fields } = body as RuleBody;
    return enabled && at === 'query' ? [{ name, scope, expression, fields }] : [];
  });
  return {
    extracted: (name) => extracted.get(name.toLowerCase()),
    extractedNames,
    rules,
    lookup: (source) => lookups.get(source.toLowerCase()),
    lookupNames: [...lookups.values()].map((l) => l.name),
  };
}

function lookupTable({ name, body }: Item): LookupTable {
  const { version, columns } = body as LookupBody;
  const cells = columns.map((column) => sql`cells[${param('String', column)}] AS ${ident(column)}`);
  const relation = sql`(SELECT ${join([sql`row`, ...cells], ', ')} FROM bartizan.lookup_row WHERE lookup = ${param('String', version)})`;
  return { name, columns, relation };
}
