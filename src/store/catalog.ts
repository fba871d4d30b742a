/**
 * What people made, as the compiler sees it: lookup tables, extraction rules, and the fields that rules
 * have ever stored (records keep theirs when a rule goes). Held in memory, read anew after a change.
 */
import { DATASETS, formatOf } from '../model/log-formats.ts';
import { checkRule, type StagedSelect, stagedExtraction } from '../query/extraction.ts';
import { type Catalog, EMPTY_CATALOG, type ExtractionRule, isFor, type LookupTable, type Threats } from '../query/index.ts';
import { ident, join, num, param, sql } from '../query/sql.ts';
import type { Item, Library } from './library.ts';
import type { Metadata, StagedBlock } from './metadata.ts';

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
  /** After a change of rules, lookups, administrators or extracted fields. */
  reload(): Promise<void>;
  /**
   * What today's rules make of a block as it is stored, at an instant (epoch seconds); undefined when there
   * is none. `absentMask`: OR of the masks of its flows. `only`: names of the rules that take part; all when absent. The names of their fields are on record before it answers.
   */
  extraction(block: StagedBlock, absentMask: bigint, now: number, only?: readonly string[]): Promise<StagedSelect | undefined>;
  /** Names of the rules that run as records are stored. */
  atIngest(): readonly string[];
  /** What is stored of threat indicators from now on; undefined: none are. */
  knowThreats(threats: Omit<Threats, 'retro'> | undefined): void;
  /** How flows of the past are told that an indicator was found for them later; undefined: none was. */
  knowRetro(retro: Threats['retro'] | undefined): void;
}

interface Read {
  readonly catalog: Catalog;
  /** Rules that run as records are stored. */
  readonly atIngest: readonly ExtractionRule[];
  /** Names that are not on record as stored yet. */
  readonly unrecorded: boolean;
}

/** Reads what is there; `reload` reads it anew after a change. */
export async function openCatalogs(metadata: Pick<Metadata, 'library' | 'setting' | 'saveSetting'>): Promise<Catalogs> {
  let read: Read = { catalog: EMPTY_CATALOG, atIngest: [], unrecorded: false };
  const reload = async () => {
    read = await readCatalog(metadata.library, JSON.parse((await metadata.setting(EXTRACTED_FIELDS)) ?? '[]') as string[]);
  };
  await reload();
  let threats: Omit<Threats, 'retro'> | undefined;
  let retro: Threats['retro'] | undefined;
  let current: { readonly of: Catalog; readonly catalog: Catalog } | undefined;
  return {
    current() {
      if (current?.of !== read.catalog) {
        const known = threats && { threats: { ...threats, ...(retro ? { retro } : {}) } };
        current = { of: read.catalog, catalog: { ...read.catalog, ...known } };
      }
      return current.catalog;
    },
    knowThreats(known) {
      threats = known;
      current = undefined;
    },
    knowRetro(known) {
      retro = known;
      current = undefined;
    },
    reload,
    atIngest: () => read.atIngest.map((rule) => rule.name),
    async extraction({ table, columns, layouts }, absentMask, now, only) {
      const dataset = DATASETS.find((name) => name === table);
      const { catalog, atIngest, unrecorded } = read;
      if (!dataset || atIngest.length === 0) return undefined;
      if (unrecorded) {
        await metadata.saveSetting(EXTRACTED_FIELDS, JSON.stringify(catalog.extractedNames));
        read = { ...read, unrecorded: read.catalog !== catalog && read.unrecorded };
      }
      const block = { dataset, columns: columns.map((c) => c.name), layouts, absentMask };
      const rules = atIngest.filter((rule) => isFor(rule, formatOf(dataset)) && (!only || only.includes(rule.name)));
      return stagedExtraction(rules, block, now, (name) => catalog.extracted(name) ?? name);
    },
  };
}

/** A rule that does not compile any more is left out; the list of rules says so. */
async function readCatalog(library: Library, recorded: readonly string[]): Promise<Read> {
  const lookups = new Map((await library.list('lookup')).map((item) => [item.name.toLowerCase(), lookupTable(item)]));
  const rules = (await library.list('rule')).flatMap(({ name, body }) => {
    const { scope, expression, at, enabled, fields } = body as RuleBody;
    return enabled ? [{ at, rule: { name, scope, expression, fields } }] : [];
  });
  const checked = (when: RuleBody['at'], others: Catalog): ExtractionRule[] =>
    rules.flatMap(({ at, rule }) => {
      const check = at === when ? checkRule(rule, others) : undefined;
      return check?.ok ? [{ ...rule, formats: check.formats.map((format) => format.name) }] : [];
    });
  const atIngest = checked('ingest', EMPTY_CATALOG);
  const extracted = new Map(recorded.map((name) => [name.toLowerCase(), name]));
  for (const name of atIngest.flatMap((rule) => rule.fields)) if (!extracted.has(name.toLowerCase())) extracted.set(name.toLowerCase(), name);
  const administrators = (await library.list('administrator')).map((item) => item.name);
  const catalog: Catalog = {
    extracted: (name) => extracted.get(name.toLowerCase()),
    extractedNames: [...extracted.values()],
    rules: [],
    lookup: (source) => lookups.get(source.toLowerCase()),
    lookupNames: [...lookups.values()].map((l) => l.name),
    ...(administrators.length ? { administrators } : {}),
  };
  return { catalog: { ...catalog, rules: checked('query', catalog) }, atIngest, unrecorded: extracted.size > recorded.length };
}

function lookupTable({ name, body }: Item): LookupTable {
  const { version, columns, rows } = body as LookupBody;
  const own = sql`FROM bartizan.lookup_row WHERE lookup = ${param('String', version)}`;
  // Rows of a replaced version are dropped some time after: who comes later fails, and does not see an empty table.
  const there = rows ? sql` AND (SELECT throwIf(count() = 0, 'bartizan-lookup-replaced') ${own}) = 0` : sql``;
  const cells = columns.map((_, i) => sql`cells[${num(i + 1)}] AS ${ident(`v${i}`)}`);
  const relation = sql`(SELECT ${join([sql`row`, ...cells], ', ')} ${own}${there})`;
  return { name, columns, relation };
}
