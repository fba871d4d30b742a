/**
 * Which layout is in force, and with it the format of the records. A header line sets it, whatever was in
 * force before. Without one, and unless the person named a layout, a line is tried in the presets that have
 * as many fields as it has values; the first that reads it stays in force until a line needs another.
 */
import { FLOW_FORMATS, type FlowFormat } from '../../model/log-formats.ts';
import type { RecordFormat } from '../../model/source.ts';
import { type Source, sourceOf } from '../intern.ts';
import { type Diagnosis, diagnose, type Failure } from './diagnose.ts';
import { formatOfLayout, formatsOf, type Layout, layoutText, parseLayout, readHeader, readingOf, unknownHeaderNames } from './layout.ts';
import { compilePlan, type Plan } from './plan.ts';
import { type Preset, presetOf, presetsOfCount } from './presets.ts';
import type { RowReader } from './row.ts';
import { utf8 } from './spellings.ts';

/** Of a line for which no layout is known. */
export const NO_LAYOUT: Failure = { code: 'too-few-fields', at: -1 };

type Mode = 'auto' | 'header' | 'named' | 'unreadable' | 'held';

/** State in which lines without a header are held back. `message`: why. */
export function heldState(message: string): string {
  return `held|${message}`;
}

/** State in which lines are read in a layout (layoutText), whatever came before. */
export function namedState(layout: string): string {
  return `named|${layout}`;
}

export class Detector {
  plan: Plan | undefined;
  /** Why the lines under a header with unknown names cannot be read. */
  unreadable: Diagnosis | undefined;
  /** The first preset that was guessed for the line, and why it does not read it. */
  private guessed: { readonly plan: Plan; readonly failure: Failure } | undefined;
  private mode: Mode = 'auto';
  private readonly named: Plan | undefined;
  /** By the preset itself: for lines that change layout all the time. */
  private readonly presets = new Map<Layout, Plan>();
  private readonly plans = new Map<string, Plan>();

  /** Formats that records may have, in the order in which they are tried. */
  readonly formats: readonly FlowFormat[];

  /** `layout`: `auto` or what parseLayout takes. */
  constructor(layout: string, format: RecordFormat = 'auto') {
    this.formats = formatsOf(format);
    this.named = layout.trim().toLowerCase() === 'auto' ? undefined : this.planOf(parseLayout(layout, this.formats));
  }

  /** Throws for names that are together no format's. `formats`: those that it may be of. */
  planOf(layout: Layout, extra: readonly number[] = [], formats = this.formats): Plan {
    const known = extra.length === 0 ? this.presets.get(layout) : undefined;
    if (known) return known;
    const preset = presetOf(layout);
    const format = preset?.format ?? formatOfLayout(layout, formats);
    if (!format) throw new Error(`no format has all fields of the layout ${layout.join(' ')}`);
    const key = `${format.name}|${layout.join(' ')}|${extra.join(' ')}`;
    let plan = this.plans.get(key);
    if (!plan) {
      plan = compilePlan(format, layout, extra);
      // Every header of a hostile input could be another layout.
      if (this.plans.size >= 256) this.plans.clear();
      this.plans.set(key, plan);
    }
    if (extra.length === 0 && preset) this.presets.set(layout, plan);
    return plan;
  }

  /** The layout in force as a bad record keeps it. Without one it is the format alone where a setting names another than the first. */
  get layoutText(): string {
    const [format] = this.formats;
    if (this.formats.length > 1 || this.plan) return this.planText;
    return format === FLOW_FORMATS[0] ? '' : `${format?.name}:`;
  }

  private get planText(): string {
    return this.plan ? layoutText(this.plan.layout, this.plan.format) : '';
  }

  /** What `reset` takes to go on from here. */
  get state(): string {
    return `${this.mode}|${this.unreadable?.message ?? this.planText}`;
  }

  reset(state?: string): void {
    this.mode = this.named ? 'named' : 'auto';
    this.plan = this.named;
    this.unreadable = undefined;
    if (state === undefined) return;
    const bar = state.indexOf('|');
    const mode = state.slice(0, bar);
    const rest = state.slice(bar + 1);
    if (mode === 'unreadable') this.refuse(rest);
    else if (mode === 'held') {
      this.mode = mode;
      this.plan = undefined;
      this.unreadable = { code: 'layout-unknown', message: rest };
    } else if (mode === 'auto' || mode === 'header' || mode === 'named') {
      this.mode = mode;
      const { format, layout } = readingOf(rest);
      this.plan = rest === '' ? undefined : this.planOf(layout.split(' '), [], format === 'auto' ? this.formats : formatsOf(format));
    } else throw new Error(`not a decoder state: ${state}`);
  }

  private refuse(message: string): void {
    this.mode = 'unreadable';
    this.plan = undefined;
    this.unreadable = { code: 'unknown-field', message };
  }

  /** Whether the line at `p` is a header: for layouts in which one could pass for a record. */
  isHeader(buf: Uint8Array, p: number): boolean {
    const text = utf8(buf.subarray(p, buf.indexOf(10, p)));
    return text !== undefined && readHeader(text, this.formats) !== undefined;
  }

  /** Takes the line's layout when it is a header. A header with unknown names makes the lines under it unreadable; the reason says them when it may (`named`). */
  takeHeader(line: Uint8Array, named = true): boolean {
    const first = line[0]! | 32;
    if (first < 97 || first > 122) return false;
    const text = utf8(line);
    if (text === undefined) return false;
    const header = readHeader(text, this.formats);
    if (header) {
      this.mode = 'header';
      this.plan = this.planOf(header.layout);
      this.unreadable = undefined;
      return true;
    }
    const unknown = unknownHeaderNames(text, this.formats);
    if (unknown) this.refuse(`the header line names fields ${this.whatUnknown(unknown)}${named ? `: ${unknown.slice(0, 5).join(', ')}` : ''}`);
    return false;
  }

  private whatUnknown(names: readonly string[]): string {
    const isKnown = names.every((name) => readHeader(name) !== undefined);
    if (!isKnown) return 'that this version does not know';
    return this.formats.length > 1 ? 'of more than one format' : `that ${this.formats[0]?.title} do not have`;
  }

  /** Tries the presets for a line without header. When one reads it into the reader's row it is in force from here on. */
  guess(reader: RowReader, source: Source, p: number, line: Uint8Array, extra: readonly number[] = []): Plan | undefined {
    this.guessed = undefined;
    if (this.mode !== 'auto') return undefined;
    for (const preset of presetsOfCount(countOf(line))) {
      const { layout } = preset;
      if (!this.formats.includes(preset.format) || !isMarked(line, preset)) continue;
      const plan = this.planOf(layout, extra);
      if (reader.read(source, p, plan) >= 0) {
        this.plan = this.planOf(layout);
        return plan;
      }
      this.guessed ??= { plan, failure: { code: reader.failCode, at: reader.failAt } };
    }
    return undefined;
  }

  /**
   * Reads a line that came by itself (a forwarder's message) into the reader's row, in the layout in
   * force or a preset. `extra`: slots that are filled beside it, where the layout lacks them.
   */
  readLoose(reader: RowReader, line: Uint8Array, extra: readonly number[]): Plan | Diagnosis {
    const buf = new Uint8Array(line.length + 1);
    buf.set(line);
    buf[line.length] = 10;
    const source = sourceOf(buf);
    let failure: Failure = NO_LAYOUT;
    if (this.plan) {
      const plan = this.planOf(this.plan.layout, extra, [this.plan.format]);
      if (reader.read(source, 0, plan) === buf.length) return plan;
      failure = { code: reader.failCode, at: reader.failAt };
    }
    const guessed = this.guess(reader, source, 0, line, extra);
    if (guessed) return guessed;
    const blame = this.blame(line, failure);
    return this.unreadable ?? diagnose(line, line.length, blame.plan, blame.failure);
  }

  /** The layout and the failure to name as the reason why a line is bad. `failure`: that of the layout in force. */
  blame(line: Uint8Array, failure: Failure): { readonly plan: Plan | undefined; readonly failure: Failure } {
    const { plan, guessed } = this;
    return guessed && plan?.layout.length !== countOf(line) ? guessed : { plan, failure };
  }
}

/** Whether a line has one of the values that tell its preset; some need none. */
function isMarked(line: Uint8Array, { marks }: Preset): boolean {
  if (marks.length === 0) return true;
  const values = (utf8(line) ?? '').split(' ');
  return marks.some(([place, prefix]) => values[place]?.startsWith(prefix));
}

function countOf(line: Uint8Array): number {
  let count = 1;
  for (let i = 0; i < line.length; i++) if (line[i] === 32) count++;
  return count;
}
