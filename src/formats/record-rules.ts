/**
 * What a source's settings do with the text of each record before it is read: rules, joined lines, and
 * where the record's time is. Semantics: model/source.ts. Patterns are RE2 (re2js): linear in the text,
 * whoever wrote the pattern or the text. https://github.com/google/re2/wiki/Syntax
 *
 * A text is the record's UTF-8 bytes; bytes that are no UTF-8 show to patterns as U+FFFD, and become it
 * when a rule changes the record.
 */
import { RE2JS, RE2JSException } from 're2js';
import { RAW_LIMIT } from '../model/batch.ts';
import { prefixRange } from '../model/network.ts';
import type { RecordRule, RecordSettings } from '../model/source.ts';
import { sha256Hex } from './sha256.ts';

export const MOST_RULES = 100;
/** Characters of one pattern. */
export const LONGEST_PATTERN = 1000;
/** Instructions of all patterns of a source together: what a byte of a record costs at worst. An address is some 30. */
export const MOST_INSTRUCTIONS = 4000;
export const LONGEST_REPLACEMENT = 200;
export const MOST_NETWORKS = 1000;
/** Matches of one rule in one record: looking for the next one may read all of the rest. */
export const MOST_MATCHES = 1000;

/** Hashes of short texts that a rule remembers. */
const MOST_HASHES = 10_000;
const LONGEST_KNOWN = 100;

export interface SettingsProblem {
  /** `rules.0.pattern`, `timestampLocator`, `multiline.pattern`, `internalTraffic.3`. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** Settings that were not checked before they were used. */
export class RecordSettingsError extends Error {
  readonly problems: readonly SettingsProblem[];
  constructor(problems: readonly SettingsProblem[]) {
    super(problems.map(({ path, message }) => `${path}: ${message}`).join('; '));
    this.name = 'RecordSettingsError';
    this.problems = problems;
  }
}

/** `filtered`: not to be stored. `too-much`: more than MOST_MATCHES matches, or longer than allowed with its replacements; nothing of it may be kept. */
export type Ruled = Uint8Array | 'filtered' | 'too-much';

/** Settings, compiled. */
export interface RecordRules {
  /** Some rule hides text: of a record that is not here as a whole nothing may be kept. */
  readonly hides: boolean;
  /** Whether a line goes on the record before; undefined where each line is a record. */
  readonly goesOn: ((line: Uint8Array) => boolean) | undefined;
  /** The record's text after the rules; the same array where none changed it. `longest`: bytes that it may have then; RAW_LIMIT where nothing is said. */
  apply(record: Uint8Array, longest?: number): Ruled;
  /** Epoch milliseconds that the locator finds in a text; undefined where it finds none, or no number of 10 or 13 digits. */
  readonly timeOf: ((record: Uint8Array) => number | undefined) | undefined;
}

/** What is wrong with settings, for the person who wrote them; empty when nothing is. */
export function checkRecordSettings(settings: RecordSettings): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  let instructions = 0;
  const pattern = (path: string, text: string): RE2JS | undefined => {
    const found = readPattern(text);
    if (found instanceof RE2JS) {
      instructions += found.programSize();
      return found;
    }
    problems.push({ path, ...found });
    return undefined;
  };
  if (settings.rules.length > MOST_RULES) problems.push({ path: 'rules', message: `${settings.rules.length} rules are more than ${MOST_RULES}` });
  settings.rules.slice(0, MOST_RULES).forEach((rule, i) => {
    pattern(`rules.${i}.pattern`, rule.pattern);
    const { replacement } = rule;
    if (rule.kind !== 'mask' || replacement === undefined) return;
    const path = `rules.${i}.replacement`;
    if (replacement.length > LONGEST_REPLACEMENT) problems.push({ path, message: `${replacement.length} characters are more than ${LONGEST_REPLACEMENT}` });
    if (/[\x00-\x1f\x7f]/.test(replacement) || !replacement.isWellFormed())
      problems.push({ path, message: 'it holds a control character or is not valid Unicode' });
  });
  if (settings.timestampLocator !== '') {
    const locator = pattern('timestampLocator', settings.timestampLocator);
    if (locator && locator.groupCount() === 0) {
      problems.push({ path: 'timestampLocator', message: 'it has no group', hint: 'Put what matches the time in parentheses: \\s(\\d{10,13})\\s\\d{10,13}' });
    }
  }
  const { multiline } = settings;
  if (multiline.mode === 'boundary') {
    const boundary = pattern('multiline.pattern', multiline.pattern);
    if (boundary?.test(''))
      problems.push({ path: 'multiline.pattern', message: 'it matches every line', hint: 'Let it match what only first lines of records hold: ^\\d{4}-' });
  }
  if (instructions > MOST_INSTRUCTIONS) {
    const hint = 'Repeat less: .* costs less than .{0,1000}.';
    problems.push({ path: 'rules', message: `the patterns compile to ${instructions} steps together, more than ${MOST_INSTRUCTIONS}`, hint });
  }
  problems.push(...checkNetworks(settings.internalTraffic));
  return problems;
}

function checkNetworks(list: readonly string[]): SettingsProblem[] {
  if (list.length > MOST_NETWORKS) return [{ path: 'internalTraffic', message: `${list.length} networks are more than ${MOST_NETWORKS}` }];
  return list.flatMap((text, i) => {
    try {
      prefixRange(text);
      return [];
    } catch (error) {
      return [{ path: `internalTraffic.${i}`, message: error instanceof Error ? error.message : String(error) }];
    }
  });
}

function readPattern(text: string): RE2JS | Omit<SettingsProblem, 'path'> {
  if (text === '') return { message: 'the pattern is empty' };
  if (text.length > LONGEST_PATTERN) return { message: `${text.length} characters are more than ${LONGEST_PATTERN}` };
  try {
    return RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const lacks = /\(\?[=!<]|\\\d/.test(text);
    const hint = lacks ? { hint: 'RE2 has no lookaround and no back references; put what is to change in a group.' } : {};
    return { message: error.message.replace(/^error parsing regexp: /, ''), ...hint };
  }
}

/**
 * Undefined when the settings leave records as they are. Throws RecordSettingsError for settings that checkRecordSettings finds fault with.
 * `again`: the texts may be what rules made before (quarantine keeps those). Then 64 hexadecimal digits are taken for a hash that is there
 * already, so that a value is not hashed twice and stays equal to itself in other records.
 */
export function compileRecordRules(settings: RecordSettings, again = false): RecordRules | undefined {
  const { rules, timestampLocator, multiline } = settings;
  if (rules.length === 0 && timestampLocator === '' && multiline.mode === 'off') return undefined;
  const problems = checkRecordSettings(settings);
  if (problems.length > 0) throw new RecordSettingsError(problems);
  return {
    hides: rules.some(({ kind }) => kind === 'mask' || kind === 'hash'),
    goesOn: multiline.mode === 'boundary' ? without(RE2JS.compile(multiline.pattern)) : multiline.mode === 'automatic' ? beginsBlank : undefined,
    apply: applier(rules, again),
    timeOf: timestampLocator === '' ? undefined : locator(RE2JS.compile(timestampLocator)),
  };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

function beginsBlank(line: Uint8Array): boolean {
  return line[0] === 32 || line[0] === 9;
}

function without(boundary: RE2JS): (line: Uint8Array) => boolean {
  return (line) => !boundary.test(decoder.decode(line));
}

function applier(rules: readonly RecordRule[], again: boolean): RecordRules['apply'] {
  const steps = rules.map((rule) => ({
    kind: rule.kind,
    pattern: RE2JS.compile(rule.pattern),
    instead: insteadOf(rule),
    keeps: again && rule.kind === 'hash' ? withinHash : undefined,
  }));
  const includes = rules.some(({ kind }) => kind === 'include');
  if (steps.length === 0) return (record) => record;
  return (record, longest = RAW_LIMIT) => {
    const original = decoder.decode(record);
    let text = original;
    let included = !includes;
    for (const { kind, pattern, instead, keeps } of steps) {
      if (kind === 'exclude') {
        if (pattern.test(text)) return 'filtered';
      } else if (kind === 'include') {
        included ||= pattern.test(text);
      } else {
        const changed = replaceAll(text, pattern, instead, longest, keeps);
        if (changed === undefined) return 'too-much';
        text = changed;
      }
    }
    if (!included) return 'filtered';
    if (text === original) return record;
    const bytes = encoder.encode(text);
    return bytes.length > longest ? 'too-much' : bytes;
  };
}

function insteadOf({ kind, replacement = '#' }: RecordRule): (found: string) => string {
  if (kind !== 'hash') return () => replacement;
  // Records repeat what is worth hiding: accounts, interfaces, addresses.
  const known = new Map<string, string>();
  return (found) => {
    let hash = known.get(found);
    if (hash === undefined) {
      hash = sha256Hex(found);
      if (known.size >= MOST_HASHES) known.clear();
      if (found.length <= LONGEST_KNOWN) known.set(found, hash);
    }
    return hash;
  };
}

/** Each match's first group, or the whole match of a pattern without groups, becomes `instead` of it; undefined for too much (see Ruled). */
function replaceAll(
  text: string,
  pattern: RE2JS,
  instead: (found: string) => string,
  longest: number,
  keeps?: (text: string, start: number, end: number) => boolean,
): string | undefined {
  if (!pattern.test(text)) return text;
  const group = pattern.groupCount() > 0 ? 1 : 0;
  const matcher = pattern.matcher(text);
  let out = '';
  let at = 0;
  for (let matches = 1; matcher.find(); matches++) {
    if (matches > MOST_MATCHES || out.length > longest) return undefined;
    const [start, end] = [matcher.start(group), matcher.end(group)];
    // A group that took no part, or nothing at all.
    if (start < 0 || start === end || keeps?.(text, start, end)) continue;
    out += text.slice(at, start) + instead(text.slice(start, end));
    at = end;
  }
  return out + text.slice(at);
}

const HASH_LENGTH = 64;
const isHex = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 97 && code <= 102);

/** Whether a part of a text lies in exactly as many hexadecimal digits as a hash has. */
function withinHash(text: string, start: number, end: number): boolean {
  let [from, to] = [start, start];
  while (to - from <= HASH_LENGTH && isHex(text.charCodeAt(to))) to++;
  while (to - from <= HASH_LENGTH && isHex(text.charCodeAt(from - 1))) from--;
  return to - from === HASH_LENGTH && to >= end;
}

function locator(pattern: RE2JS): (record: Uint8Array) => number | undefined {
  return (record) => {
    const matcher = pattern.matcher(decoder.decode(record));
    if (!matcher.find() || matcher.start(1) < 0) return undefined;
    const digits = matcher.group(1) ?? '';
    if (!/^\d+$/.test(digits)) return undefined;
    if (digits.length === 10) return Number(digits) * 1000;
    return digits.length === 13 ? Number(digits) : undefined;
  };
}
