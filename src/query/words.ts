/** Words inside steps, as completion and colouring know them. An operator takes those that its syntax mentions. */

export interface StepWord {
  readonly doc: string;
  /** How a syntax mentions it, where the word alone may be a placeholder. */
  readonly mention?: string;
}

export const WORDS: Readonly<Record<string, StepWord>> = {
  by: { doc: 'What rows are grouped or ordered by.' },
  as: { doc: 'Gives the value a name.', mention: 'as ' },
  from: { doc: 'The table that columns are looked up in.' },
  on: { doc: 'Which field is equal to the table’s key.', mention: ' on ' },
  row: { doc: 'What the rows of the result stand for.' },
  column: { doc: 'What becomes columns.', mention: 'column field' },
  asc: { doc: 'Smallest first.' },
  desc: { doc: 'Largest first.' },
  nodrop: { doc: 'Keeps rows that do not match, with empty columns.' },
  multi: { doc: 'One row for every match.' },
  regex: { doc: 'Takes a regular expression with named groups.' },
  'field=': { doc: 'Reads that field in place of _raw.' },
  auto: { doc: 'Takes every key of the document.' },
  anchor: { doc: 'Takes what stands at each * of a text, as without the word.' },
  xml: { doc: 'Takes values out of XML by path.' },
  maxdepth: { doc: 'How deep it looks for keys.' },
  extractarrays: { doc: 'Takes the parts of lists as well.' },
  refonly: { doc: 'Makes only the columns that later steps ask for.' },
  consecutive: { doc: 'Only rows that follow each other.', mention: '[consecutive]' },
  append: { doc: 'Adds to what the table holds.' },
  takeFirst: { doc: 'The first value of the rows that become one.' },
  takeLast: { doc: 'The last value.' },
  takeDistinct: { doc: 'The different values.' },
  timewindow: { doc: 'How far apart rows may be that belong together.' },
  infer: { doc: 'Finds the keys by itself.' },
  keys: { doc: 'The keys to take.' },
  extract: { doc: 'Which parts to take.' },
  timeshift: { doc: 'How far back the earlier windows lie.' },
  with: { doc: 'Belongs to compare and fillmissing.' },
  buckets: { doc: 'Divides the time window into that many slices.' },
  values: { doc: 'All values, or those that are listed.', mention: 'values(' },
  in: { doc: 'Is one of a list: in ("a", "b").', mention: ' in ' },
  and: { doc: 'Both hold.', mention: ' and ' },
  or: { doc: 'One of them holds, or both.', mention: ' or ' },
  not: { doc: 'Does not hold.' },
  matches: { doc: 'Fits a pattern with *, or a /regular expression/.' },
  singleIndicator: { doc: 'The indicator of the greatest confidence only.' },
};

/** Words that join and negate conditions. */
export const CONDITION_WORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'matches']);

/** Steps by how often queries that are public use them; what is not here comes later. */
export const FREQUENT_STEPS: readonly string[] = [
  'where',
  'count',
  'json',
  'sort',
  'parse',
  'timeslice',
  'fields',
  'transpose',
  'sum',
  'limit',
  'lookup',
  'top',
  'count_distinct',
  'geoip',
  'avg',
  'max',
  'min',
  'fillmissing',
  'outlier',
  'compare',
  'topk',
];

/** Fields that flows are mostly asked for, by canonical name; the others follow in the order of the table. */
export const FREQUENT_FIELDS: readonly string[] = [
  'event.action',
  'source.ip',
  'destination.ip',
  'destination.port',
  'source.port',
  'network.iana_number',
  'source.bytes',
  'source.packets',
  'observer.ingress.interface.name',
  'cloud.account.id',
  'network.direction',
];

/** Widths of slices. */
export const DURATIONS = ['1m', '5m', '15m', '1h', '6h', '1d', '1w'].map((text) => ({
  kind: 'duration' as const,
  text,
  detail: '',
  doc: `Slices of ${text}. Hours, days and weeks follow the time zone.`,
}));

/** `_index` and its older spelling. */
export function isIndexName(name: string): boolean {
  return ['_index', '_view'].includes(name.toLowerCase());
}
