/** What a reader makes of a document: entries, each an indicator, a problem, or something that is no indicator. */
import type { EntryProblem, IndicatorFormat } from '../../model/feed.ts';
import type { Indicator, IndicatorType, Severity } from '../../model/indicator.ts';
import { type Values, valuesOf } from './value.ts';

export type Entry =
  | { readonly indicator: Indicator }
  /** It could not be read and is left out. */
  | { readonly problem: EntryProblem }
  /** It is right and nothing for matching: why. */
  | { readonly skipped: string }
  /** The document itself is wrong, and nothing follows: what was read of it is not the whole. */
  | { readonly broken: string };

/** A document that can be read from its beginning more than once. */
export interface FeedDocument {
  open(): AsyncIterable<Uint8Array>;
}

export interface ReadLimits {
  /** Of one entry: a line, or an object of JSON. Characters. */
  readonly entryChars: number;
  readonly entries: number;
}

export const READ_LIMITS: ReadLimits = { entryChars: 2 ** 20, entries: 5_000_000 };

export interface ReadOptions {
  readonly limits: ReadLimits;
  /** Of CSV: part → column by name or number from 1. */
  readonly mapping: Readonly<Record<string, string | undefined>> | undefined;
}

/** One format of documents. */
export interface IndicatorReader {
  readonly format: IndicatorFormat;
  readonly title: string;
  /** Whether a document that begins so (some thousand characters) is of this format. */
  recognizes(start: string): boolean;
  /** Entries in batches; it never throws for what is in the document. */
  read(document: FeedDocument, options: ReadOptions): AsyncIterable<readonly Entry[]>;
}

/** Parts of an indicator as a document has them; texts and times are cleaned here. */
export interface Parts {
  readonly id?: unknown;
  readonly confidence?: number | undefined;
  readonly severity?: Severity;
  readonly threatType?: unknown;
  readonly actors?: readonly unknown[];
  readonly malware?: readonly unknown[];
  readonly killChain?: readonly unknown[];
  readonly labels?: readonly unknown[];
  readonly firstSeen?: unknown;
  readonly updated?: unknown;
  readonly validFrom?: unknown;
  readonly validUntil?: unknown;
}

/** Where an entry is in its document. */
export type Place = { readonly line: number } | { readonly index: number };

const MAX_LABEL = 200;
const MAX_LABELS = 64;
const EXCERPT = 200;

/** The entries of a text that a document has as a value of a type. */
export function entriesOf(type: IndicatorType, value: unknown, parts: Parts, place: Place): Entry[] {
  return indicators(typeof value === 'string' ? valuesOf(type, value) : 'the value is no text', parts, place, value);
}

/** The same where the values are read already; `original`: what the document has. */
export function indicators(values: Values, parts: Parts, place: Place, original: unknown): Entry[] {
  if (typeof values === 'string') return [problem(place, values, original)];
  return values.map(({ type, value }) => ({
    indicator: {
      type,
      value,
      id: label(parts.id),
      confidence: clampConfidence(parts.confidence),
      severity: parts.severity ?? '',
      threatType: label(parts.threatType).toLowerCase(),
      actors: labels(parts.actors),
      malware: labels(parts.malware),
      killChain: labels(parts.killChain),
      labels: labels(parts.labels),
      firstSeen: timeOf(parts.firstSeen),
      updated: timeOf(parts.updated),
      validFrom: timeOf(parts.validFrom),
      validUntil: timeOf(parts.validUntil),
    },
  }));
}

export function problem(place: Place, reason: string, original: unknown): Entry {
  return { problem: { ...place, reason, excerpt: excerpt(original) } };
}

/** The beginning of an entry, on one line. */
export function excerpt(original: unknown): string {
  let text: string;
  if (typeof original === 'string') text = original.slice(0, EXCERPT * 4);
  else text = original === undefined ? '' : (JSON.stringify(original) ?? String(original)).slice(0, EXCERPT * 4);
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT - 1)}…` : line;
}

function label(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return String(value)
    .slice(0, MAX_LABEL * 2)
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, MAX_LABEL);
}

/** Distinct texts that are not empty, in their order, as an indicator has them. What many indicators share is cleaned once. */
export function labels(values: readonly unknown[] | undefined): string[] {
  const found = new Set<string>();
  for (const value of values ?? []) {
    const text = label(value);
    if (text !== '') found.add(text);
    if (found.size === MAX_LABELS) break;
  }
  return [...found];
}

function clampConfidence(value: number | undefined): number {
  return value === undefined || !Number.isFinite(value) ? 0 : Math.round(Math.min(100, Math.max(0, value)));
}

/** The last instant that the store's times can say. */
const END_OF_TIME = 2 ** 32 - 1;

/**
 * Epoch seconds of a time as feeds write it: ISO 8601, `2026-03-10 12:00:00` with or without `UTC` (always UTC), a
 * date, epoch seconds or milliseconds. 0 where there is none, and for what lies beyond the year 2106: without end.
 */
export function timeOf(value: unknown): number {
  let seconds = Number.NaN;
  if (typeof value === 'number') seconds = value > 1e11 ? value / 1000 : value;
  else if (typeof value === 'string' && value.length <= 64) {
    const text = value.trim();
    if (/^\d{9,13}(?:\.\d+)?$/.test(text)) return timeOf(Number(text));
    const parts = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
    if (parts) {
      const [, date, clock = '00:00:00', zone = 'Z'] = parts;
      const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(-2)}` : 'Z';
      seconds = Date.parse(`${date}T${clock.replace(/(\.\d{3})\d+$/, '$1')}${offset}`) / 1000;
    }
  }
  return seconds > 0 && seconds < END_OF_TIME ? Math.floor(seconds) : 0;
}

/** An object out of JSON. */
export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that the document itself has; nothing inherited. */
export function get(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  const found = get(value, name);
  return Array.isArray(found) ? (found as unknown[]) : [];
}

export function textOf(value: unknown, name: string): string {
  const found = get(value, name);
  return typeof found === 'string' ? found : typeof found === 'number' ? String(found) : '';
}
