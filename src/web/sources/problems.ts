/**
 * What the server refused of a form, by field. Its message names each wrong place as `connection.region: …` or
 * `body.records.rules.0.pattern: …`, several joined by `; `. Pure.
 */
const PLACE = /(?:^|; )(?:body\.)?((?:name|collector|kind|sourceCategory|sourceName|sourceHost|connection|records|parameters|settings|allowList)(?:\.\w+)*): /g;

/** Path → message; under the empty path what names no place. */
export function fieldProblems(message: string): Map<string, string> {
  const found = [...message.matchAll(PLACE)];
  const problems = new Map<string, string>();
  const first = found[0]?.index ?? message.length;
  if (first > 0) problems.set('', message.slice(0, first));
  found.forEach((match, i) => {
    const path = match[1] as string;
    const text = message.slice(match.index + match[0].length, found[i + 1]?.index ?? message.length);
    const before = problems.get(path);
    problems.set(path, before === undefined ? text : `${before}; ${text}`);
  });
  return problems;
}
