/**
 * The layout of lines that come without a header in an order that somebody chose. Evidence decides: the
 * shape of values, where they are absent, and what holds between the fields of real traffic. What the
 * evidence leaves open is not guessed: it is offered to the person, likeliest first. docs/formats.md
 * tells the reasons in the words of those who use them.
 */
import { FLOW_FORMATS, type FlowFormat } from '../../model/log-formats.ts';
import { CANDIDATES, type Inference, inferFormat, nothing } from './infer-format.ts';
import type { Steps } from './infer-numbers.ts';
import { tableOf } from './infer-table.ts';

export { CANDIDATES, ENOUGH_ROWS, type Inference } from './infer-format.ts';

/** Names that are tried for all formats together: some 50 ms. Logs of real traffic need far fewer. */
export const STEPS = 100_000;
/** The same where the lines are too few to tell, and one way is as good as another. */
export const FEW_STEPS = 2000;
/** Rows with traffic below which a name costs less than noise does, so that none is out. */
const TELLING_ROWS = 5;

/**
 * What the lines tell. The first LINE_LIMIT of them are looked at; they should follow one another in the log, so that replies are
 * among them. `formats`: those that they may be of. `steps`: what the search may take; what it leaves is left in it.
 */
export function inferLayout(lines: readonly string[], formats: readonly FlowFormat[] = FLOW_FORMATS, steps: Steps = { left: STEPS }): Inference {
  const none = nothing(formats[0] as FlowFormat);
  const table = tableOf(lines);
  if (!table || table.traffic.length === 0) return none;
  const withheld = table.traffic.length < TELLING_ROWS ? Math.max(0, steps.left - FEW_STEPS) : 0;
  steps.left -= withheld;
  let unseen = false;
  const found: Inference[] = [];
  for (const [i, format] of formats.entries()) {
    // Each has its share; what one leaves is for the next.
    const others = Math.floor((steps.left * (formats.length - i - 1)) / (formats.length - i));
    steps.left -= others;
    const inferred = inferFormat(table, format, steps);
    if (inferred.layout.length > 0) found.push(inferred);
    else if (steps.left === 0) unseen = true;
    steps.left += others;
  }
  steps.left += withheld;
  const result = found.reduceRight<Inference | undefined>((second, first) => (second ? either(first, second) : first), undefined) ?? none;
  // A format whose ways were not all looked at, and none of those that were is one, may still be it.
  return unseen ? { ...result, confidence: result.confidence / 2, certain: false, sufficient: false } : result;
}

/** Of lines that two formats could have. Where both read them under the same names, they are of the first. */
function either(first: Inference, second: Inference): Inference {
  if (first.ambiguous.length === 0 && second.ambiguous.length === 0 && first.layout.join() === second.layout.join()) return first;
  const [likelier, other] = second.confidence > first.confidence ? [second, first] : [first, second];
  const names = ({ ambiguous, layout }: Inference, position: number): readonly string[] =>
    ambiguous.find((one) => one.position === position)?.names ?? [layout[position] as string];
  const ambiguous = first.layout.flatMap((_, position) => {
    const could = [...new Set([...names(likelier, position), ...names(other, position)])];
    return could.length < 2 ? [] : [{ position, names: could }];
  });
  const texts = new Set(likelier.candidates.map((layout) => layout.join()));
  const candidates = [...likelier.candidates, ...other.candidates.filter((layout) => !texts.has(layout.join()))].slice(0, CANDIDATES);
  const confidence = 1 / (1 / first.confidence + 1 / second.confidence);
  return { ...likelier, confidence, certain: false, sufficient: false, candidates, ambiguous };
}
