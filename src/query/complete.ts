/** What the editor offers at a place in a text: its tokens tell what can stand there, offers.ts what there is. */
import { findField } from '../model/fields.ts';
import type { CompileOptions } from './contract.ts';
import { isExtractionRule, lex, type Token } from './lexer.ts';
import {
  AGGREGATE_ITEMS,
  type Completion,
  columnsBefore,
  DATASET_ITEMS,
  FUNCTION_ITEMS,
  fieldChoices,
  fieldOf,
  OPERATOR_ITEMS,
  SCOPE_WORDS,
  STEP_ITEMS,
  sources,
  stepWords,
  tableColumns,
} from './offers.ts';
import { OPERATORS } from './operators/index.ts';
import { printValue } from './print.ts';
import { printName, printString } from './print-expression.ts';
import { rank } from './rank.ts';
import { DURATIONS, WORDS } from './words.ts';

/** A value is being written: the data knows which there are. */
export interface ValuesWanted {
  /** Canonical name of a stored field. */
  readonly field: string;
  readonly prefix: string;
  /** A search's bare word, an expression's value, or what stands behind an opened quotation mark. */
  readonly form: 'word' | 'value' | 'quoted';
}

export interface Completions {
  /** What an accepted completion replaces. */
  readonly start: number;
  readonly end: number;
  /** Best first. */
  readonly items: readonly Completion[];
  readonly values?: ValuesWanted;
}

const MOST = 100;
const COMPARISONS = new Set(['=', '==', '!=', '<>', '<', '<=', '>', '>=']);
/** Behind these words an operand stands. */
const BEFORE_OPERAND = new Set(['by', 'and', 'or', 'not', 'in', 'matches', 'row', 'column', 'on', 'with', 'over']);

/** Completions for a place in a text. Without options the columns of earlier steps are not known. */
export function complete(text: string, at: number, options?: CompileOptions): Completions {
  const nothing: Completions = { start: at, end: at, items: [] };
  const before = lex(text.slice(0, at)).filter((t) => t.kind !== 'end');
  const last = before.at(-1);
  if (inComment(text.slice(last?.end ?? 0, at))) return nothing;
  const inner = innerQuery(text, at, before);
  if (inner) {
    const found = complete(inner.text, inner.text.length, options);
    return { ...found, start: found.start + inner.shift, end: found.end + inner.shift };
  }
  const pipe = before.findLastIndex((t) => t.kind === 'pipe');
  const step = before.slice(pipe + 1);
  const inScope = pipe < 0 && !isExtractionRule(text);
  if (last?.kind === 'error') return last.error === 'unclosed-quote' ? inString(text, at, last, step.slice(0, -1), options) : nothing;
  const isWord = last !== undefined && last.end === at && (last.kind === 'name' || last.kind === 'word');
  const word = isWord ? last.value : '';
  const start = isWord ? last.start : at;
  const done = isWord ? step.slice(0, -1) : step;
  // What the cursor touches is not yet left.
  if (last?.end === at && last.kind === 'number') {
    const of = storedName(comparedField(step.slice(0, -1)), options);
    return of ? { ...nothing, start: last.start, values: { field: of, prefix: last.value, form: 'value' } } : nothing;
  }
  if (last?.end === at && TOUCHED.has(last.kind)) return nothing;
  const compared = comparedField(done);
  const field = storedName(compared, options);
  if (inScope) {
    if (compared?.toLowerCase() === '_index') return { ...nothing, start, items: rank(word, DATASET_ITEMS, textOf) };
    if (compared !== undefined) return field ? { ...nothing, start, values: { field, prefix: word, form: 'word' } } : nothing;
    return { start, end: at, items: rank(word, [...fieldChoices(word, options), ...(done.length ? SCOPE_WORDS : [])], textOf).slice(0, MOST) };
  }
  const items = inStep({ text, word, done, pipeAt: pipe < 0 ? 0 : before[pipe]!.start, options });
  return {
    start,
    end: at,
    items: items.slice(0, MOST),
    ...(field !== undefined && word === '' ? { values: { field, prefix: '', form: 'value' as const } } : {}),
  };
}

const textOf = (item: Completion): string => item.text;

const TOUCHED: ReadonlySet<Token['kind']> = new Set(['string', 'quoted-name', 'regex', 'template']);

/** A value as it is written at a place where values are wanted. */
export function writeValue({ field, form }: ValuesWanted, value: string): string {
  if (form === 'quoted') return `${printString(value).slice(1)}`;
  if (form === 'word') return printValue(value);
  return findField(field)?.type === 'number' ? value : printString(value);
}

/** Canonical name of a field whose values the data can list. */
function storedName(name: string | undefined, options: CompileOptions | undefined): string | undefined {
  return name === undefined ? undefined : (findField(name)?.name ?? options?.catalog?.extracted(name));
}

/**
 * The query that a place lies in where it is inside another: `[subquery: …`, or the steps in parentheses of
 * join and filter, which go on from what stands before. A text that ends at the place; `shift` leads back.
 */
function innerQuery(text: string, at: number, before: readonly Token[]): { readonly text: string; readonly shift: number } | undefined {
  const open: { readonly start: number; readonly lead: string | undefined }[] = [];
  let pipe = 0;
  let word = '';
  before.forEach((token, i) => {
    const previous = before[i - 1];
    if (token.kind === 'pipe' && open.length === 0) pipe = token.start;
    else if (previous?.kind === 'pipe' && open.length === 0) word = token.value.toLowerCase();
    if (token.kind !== 'symbol') return;
    const last = before[i + 2];
    if (token.value === '[' && before[i + 1]?.value === 'subquery') open.push({ start: last?.value === ':' ? last.end : at, lead: '' });
    else if (token.value === '(' || token.value === '[') {
      const holdsSteps = open.length === 0 && (word === 'join' || (word === 'filter' && previous?.value.toLowerCase() === 'in'));
      open.push({ start: token.end, lead: holdsSteps ? `${text.slice(0, pipe)}| ` : undefined });
    } else if (token.value === ')' || token.value === ']') open.pop();
  });
  const found = open.findLast((o) => o.lead !== undefined);
  if (found?.lead === undefined) return undefined;
  return { text: found.lead + text.slice(found.start, at), shift: found.start - found.lead.length };
}

/** `//` to the end of the line, with the place in that line. */
function inComment(gap: string): boolean {
  const slashes = gap.lastIndexOf('//');
  return slashes >= 0 && !gap.slice(slashes).includes('\n');
}

/** Behind an opened quotation mark only values stand, and a name behind `%`. */
function inString(text: string, at: number, quote: Token, done: readonly Token[], options: CompileOptions | undefined): Completions {
  const start = quote.start + 1;
  const field = text[quote.start] === '"' ? storedName(comparedField(done), options) : undefined;
  return { start, end: at, items: [], ...(field === undefined ? {} : { values: { field, prefix: text.slice(start, at), form: 'quoted' as const } }) };
}

/** The field of `field =` or `field in ("a",` at the end of a step's tokens. */
function comparedField(tokens: readonly Token[]): string | undefined {
  const last = tokens.at(-1);
  const isName = (t: Token | undefined): t is Token => t !== undefined && ['word', 'name', 'quoted-name'].includes(t.kind);
  if (last?.kind === 'symbol' && COMPARISONS.has(last.value)) {
    const name = tokens.at(-2);
    // `parse field=msg`: what follows is a name, not a value.
    return isName(name) && !(name.value.toLowerCase() === 'field' && tokens[0]?.kind === 'name') ? name.value : undefined;
  }
  if (last?.kind === 'name' && last.value.toLowerCase() === 'matches') return isName(tokens.at(-2)) ? tokens.at(-2)?.value : undefined;
  let i = tokens.length - 1;
  while (i > 0 && (tokens[i]!.kind === 'string' || (tokens[i]!.kind === 'symbol' && tokens[i]!.value === ','))) i--;
  const opened = tokens[i]?.kind === 'symbol' && tokens[i]?.value === '(' && tokens[i - 1]?.value.toLowerCase() === 'in';
  if (!opened || (last?.kind === 'string' && i < tokens.length - 1)) return undefined;
  const name = tokens[i - 2]?.value.toLowerCase() === 'not' ? tokens[i - 3] : tokens[i - 2];
  return isName(name) ? name.value : undefined;
}

interface Place {
  readonly text: string;
  readonly word: string;
  /** Tokens of the step before the word. */
  readonly done: readonly Token[];
  readonly pipeAt: number;
  readonly options: CompileOptions | undefined;
}

function inStep({ text, word, done, pipeAt, options }: Place): Completion[] {
  const previous = done.at(-1);
  const columns = columnsBefore(text.slice(0, pipeAt), options);
  const names = [...columns.items, ...(columns.stored ? fieldChoices(word, options) : [])];
  const ranked = (...lists: (readonly Completion[])[]): Completion[] => rank(word, lists.flat(), textOf);
  if (!previous) return word === '' ? [...STEP_ITEMS] : ranked(STEP_ITEMS, names, FUNCTION_ITEMS);
  const operator = operatorOf(done[0]);
  const was = previous.kind === 'name' ? previous.value.toLowerCase() : '';
  if (was === 'as') return [];
  if (was === 'from' || was === 'cat') return ranked(sources(options));
  const isKeyword = done.length === 1 && operator !== undefined;
  if (isKeyword && operator === OPERATORS.timeslice) return ranked(DURATIONS);
  const words = stepWords(operator?.syntax ?? OPERATORS.assign.syntax, operator === undefined || operator === OPERATORS.where || insideIf(done));
  if (operator === OPERATORS.lookup && !done.some((t) => t.value.toLowerCase() === 'from'))
    return ranked(isKeyword || previous.value === ',' ? tableColumns(options) : words);
  const isAggregate = operator === OPERATORS.aggregate;
  if (isKeyword ? isAggregate : endsOperand(previous, words)) return ranked(words);
  const takesAggregate = operator === OPERATORS.top ? was === 'by' : isAggregate && previous.value === ',' && !done.some((t) => t.value.toLowerCase() === 'by');
  const calls = takesAggregate ? AGGREGATE_ITEMS : FUNCTION_ITEMS;
  if (isKeyword && operator !== OPERATORS.where)
    return ranked(
      words.filter((w) => w.text !== 'as'),
      names,
      calls,
    );
  const not = isKeyword || word !== '' ? words.filter((w) => w.text === 'not') : [];
  return takesAggregate ? ranked(calls, names) : ranked(names, calls, not);
}

function operatorOf(token: Token | undefined): (typeof OPERATORS)[keyof typeof OPERATORS] | undefined {
  const word = token?.kind === 'name' ? token.value.toLowerCase() : '';
  return Object.values(OPERATORS).find((o) => o.keywords.includes(word));
}

/** Whether a value ends with this token, so that only words can follow. */
function endsOperand({ kind, value }: Token, words: readonly Completion[]): boolean {
  if (kind === 'symbol') return value === ')' || value === ']';
  const word = value.toLowerCase();
  return kind !== 'name' || !(BEFORE_OPERAND.has(word) || words.some((w) => w.text.toLowerCase() === word));
}

function insideIf(done: readonly Token[]): boolean {
  return done.some((t, i) => t.value.toLowerCase() === 'if' && done[i + 1]?.value === '(');
}

/** What is known of the word at a place: an operator, a function, a column, a field. */
export function describe(text: string, at: number, options?: CompileOptions): (Completion & { readonly start: number; readonly end: number }) | undefined {
  const tokens = lex(text);
  const i = tokens.findIndex((t) => t.start <= at && at < t.end && (t.kind === 'name' || t.kind === 'word' || t.kind === 'quoted-name'));
  const token = tokens[i];
  if (!token) return undefined;
  const pipe = tokens.slice(0, i).findLast((t) => t.kind === 'pipe');
  const begins = i === 0 ? isExtractionRule(text) : tokens[i - 1] === pipe;
  const named = (items: readonly Completion[]) => items.find((c) => c.text.toLowerCase() === token.value.toLowerCase() || c.text === printName(token.value));
  const calls = tokens[i + 1]?.value === '(';
  const found =
    (begins || calls || tokens[i - 1]?.value.toLowerCase() === 'by'
      ? named([...(begins ? OPERATOR_ITEMS : []), ...(calls ? FUNCTION_ITEMS : []), ...AGGREGATE_ITEMS])
      : undefined) ??
    (pipe ? named(columnsBefore(text.slice(0, pipe.start), options).items) : undefined) ??
    fieldOf(token.value) ??
    named(fieldChoices('', options)) ??
    (pipe ? named(Object.entries(WORDS).map(([word, { doc }]): Completion => ({ kind: 'keyword', text: word, detail: '', doc }))) : undefined);
  return found && { ...found, start: token.start, end: token.end };
}
