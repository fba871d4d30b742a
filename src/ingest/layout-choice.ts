/**
 * In which layout lines without a header are read, where nobody said it: as their stream was learned or
 * answered for, in a preset that nothing in them speaks against, or in what the evidence proves. Where
 * it proves nothing the records are held: a guess that reads them wrongly would be worse than a question.
 */
import { type Contradiction, contradicts } from '../formats/flow/contradicts.ts';
import { ENOUGH_ROWS, FEW_STEPS, inferLayout, STEPS } from '../formats/flow/infer.ts';
import { layoutText, readHeader, unknownHeaderNames } from '../formats/flow/layout.ts';
import { presetsOfCount } from '../formats/flow/presets.ts';
import { FLOW_FORMATS, type FlowFormat } from '../model/log-formats.ts';

/**
 * - `detect`: line by line, as the decoder does;
 * - `layout`: these names in this order (layoutText); `learned` where the evidence is new and holds for the stream;
 * - `hold`: the records wait in quarantine for an answer.
 */
export type LayoutChoice =
  | { readonly kind: 'detect'; readonly settled: boolean }
  | { readonly kind: 'layout'; readonly layout: string; readonly learned: boolean }
  | { readonly kind: 'hold'; readonly message: string };

const DETECT: LayoutChoice = { kind: 'detect', settled: false };
/** Bytes and lines that are looked at. */
const HEAD = 128 * 1024;
export const LINES = 2000;
/** Lines after which a preset that nothing speaks against is no longer doubted. */
const SETTLED = 500;
/** Rows, and the share of them that is against a layout which could read them, from which it is not believed. */
const MANY = 20;
const NEARLY_ALL = 0.95;
/** Fewer show nothing. */
const FEWEST = 3;
/** Words can be tags; only with one of these it is a flow record. */
const TELLING: ReadonlySet<string> = new Set([
  'srcaddr',
  'dstaddr',
  'pkt-srcaddr',
  'pkt-dstaddr',
  'start',
  'end',
  'interface-id',
  'log-status',
  'tgw-id',
  'tgw-attachment-id',
]);
const LINE_FEED = 10;
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;

/** What a search for a layout told: that of the lines, where it is told, and whether they are of a flow log at all. */
export interface Found {
  readonly layout?: Extract<LayoutChoice, { readonly kind: 'layout' }>;
  readonly flow: boolean;
}

export function searchLayout(lines: readonly string[], formats: readonly FlowFormat[]): Found {
  // Fewer lines prove nothing: that they could be a flow log is enough.
  const steps = { left: lines.length < ENOUGH_ROWS ? FEW_STEPS : STEPS };
  const { format, layout, certain, sufficient } = inferLayout(lines, formats, steps);
  const flow = layout.some((name) => TELLING.has(name));
  return flow && (certain || sufficient) ? { layout: { kind: 'layout', layout: layoutText(layout, format), learned: certain }, flow } : { flow };
}

/** Looks at the first bytes of a segment. `formats`: those that its records may be of. `search`: asked where no preset will do. */
export function chooseLayout(head: Uint8Array, formats: readonly FlowFormat[] = FLOW_FORMATS, search = searchLayout): LayoutChoice {
  const first = head.find((c) => c > 32);
  if (first === undefined || first === OPEN_BRACE || first === OPEN_BRACKET) return DETECT;
  const lines = linesOf(head);
  const [line] = lines;
  if (line === undefined || readHeader(line, formats) || unknownHeaderNames(line, formats)) return DETECT;
  const count = line.split(' ').length;
  const same = lines.filter((l) => l.split(' ').length === count);
  const presets = presetsOfCount(count).filter(({ format }) => formats.includes(format));
  const doubts = presets.map((preset) => contradicts(preset.layout, same, preset.format));
  if (doubts.some((found) => found.length === 0)) return { kind: 'detect', settled: same.length >= SETTLED };
  const readable = doubts.some((found) => found.every((doubt) => !doubt.form));
  if (same.length < FEWEST && presets.length > 0) return DETECT;
  const { layout, flow } = search(same, formats);
  // Nothing that it could be: the decoder says line by line what is wrong.
  if (!flow) return DETECT;
  if (layout) return layout;
  // Logs that somebody made up are unlikely too: only what hardly any line can be is held.
  if (readable && !doubts.every((found) => found.some(isStrong))) return DETECT;
  const [doubt] = doubts.flat();
  return {
    kind: 'hold',
    message: doubt
      ? `the lines have ${count} values, and are not in the usual order: ${doubt.message}`
      : `the lines have ${count} values without a header, in an order that is not known`,
  };
}

function isStrong({ count, rows }: Contradiction): boolean {
  return rows >= MANY && count >= NEARLY_ALL * rows;
}

/** Whole lines at the beginning. */
function linesOf(head: Uint8Array): string[] {
  const part = head.subarray(0, HEAD);
  const end = part.length < head.length || part.at(-1) !== LINE_FEED ? part.lastIndexOf(LINE_FEED) : part.length - 1;
  const text = new TextDecoder().decode(end < 0 ? part : part.subarray(0, end));
  return text
    .split('\n', LINES)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}
