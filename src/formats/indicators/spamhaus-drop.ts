/**
 * Networks of Spamhaus DROP: `CIDR ; SBL…` a line, or one JSON object a line with its metadata behind
 * (https://www.spamhaus.org/blocklists/do-not-route-or-peer/).
 */
import { type Entry, entriesOf, get, type IndicatorReader, problem, textOf } from './entry.ts';
import { type Line, lineBatches } from './text.ts';

export const spamhausDrop: IndicatorReader = {
  format: 'spamhaus-drop',
  title: 'Spamhaus DROP, text or JSON',
  recognizes: (start) =>
    /^;\s*Spamhaus/i.test(start) || /^(?:;[^\n]*\n)*[0-9a-f.:]+\/\d{1,3}\s*;\s*SBL/i.test(start) || (/"cidr"\s*:/.test(start) && /"sblid"\s*:/.test(start)),
  async *read(document, { limits }) {
    for await (const lines of lineBatches(document, limits.entryChars)) yield lines.flatMap(readLine);
  },
};

const ABOUT = { confidence: 90, threatType: 'hijacked-network', labels: ['drop'] };

function readLine({ number, text, cut }: Line): Entry[] {
  const place = { line: number };
  if (cut) return [problem(place, 'the line is too long', text)];
  const line = text.replace(/^\uFEFF/, '').trim();
  if (line === '' || line.startsWith(';') || line.startsWith('#')) return [];
  if (line.startsWith('{')) {
    let value: unknown;
    try {
      value = JSON.parse(line) as unknown;
    } catch {
      return [problem(place, 'the line is no JSON', line)];
    }
    if (textOf(value, 'type') === 'metadata') return [];
    return entriesOf('address', get(value, 'cidr'), { ...ABOUT, id: get(value, 'sblid') }, place);
  }
  const [cidr = '', id = ''] = line.split(';', 2);
  return entriesOf('address', cidr, { ...ABOUT, id }, place);
}
