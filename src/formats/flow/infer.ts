/**
 * The layout of lines that come without a header in an order that somebody chose. Evidence decides: the
 * shape of values, where they are absent, and what holds between the fields of real traffic. What the
 * evidence leaves open is not guessed: it is offered to the person, likeliest first. docs/formats.md
 * tells the reasons in the words of those who use them.
 */
import { FLOW_FORMATS, type FlowFormat } from '../../model/log-formats.ts';
import { CANDIDATES, type Inference, inferFormat, nothing } from './infer-format.ts';
import { tableOf } from './infer-table.ts';

export { CANDIDATES, ENOUGH_ROWS, type Inference } from './infer-format.ts';

/**
 * What the lines tell. The first LINE_LIMIT of them are looked at; they should follow one another in the log, so that replies are
 * among them. `formats`: those that they may be of.
 */
export function inferLayout(lines: readonly string[], formats: readonly FlowFormat[] = FLOW_FORMATS): Inference {
  const table = tableOf(lines);
  const found = table && table.traffic.length > 0 ? formats.map((format) => inferFormat(table, format)).filter(({ layout }) => layout.length > 0) : [];
  return found.reduceRight<Inference | undefined>((second, first) => (second ? either(first, second) : first), undefined) ?? nothing(formats[0] as FlowFormat);
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
