/** Queries that a grammar makes are read, printed, compiled and run by the engine; no text of theirs is SQL. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, parse, print } from '../../src/query/index.ts';
import { type Engine, openEngine, options } from './engine.ts';

/** Names that a step can use, by what they hold. */
interface Scene {
  numbers: string[];
  texts: string[];
  grouped: boolean;
  made: number;
}

/** A choice among things: the next number of the input decides. */
type Choose = <T>(things: readonly T[]) => T;

const CONSTANTS = ['"ACCEPT"', '"eni-*"', '"x y"', '"%_\\\\"', '"\'"', '"{{port}}"', '""'];

function number(choose: Choose, scene: Scene, depth = 0): string {
  const field = choose(scene.numbers);
  if (depth > 2) return field;
  const inner = () => number(choose, scene, depth + 1);
  return choose([
    () => field,
    () => choose(['0', '1', '-3', '2.5', '1k', '2Ki', '5m']),
    () => `(${inner()} ${choose(['+', '-', '*', '/', '%'])} ${inner()})`,
    () => `${choose(['abs', 'round', 'toInt', 'toDouble', 'floor'])}(${inner()})`,
    () => `length(${text(choose, scene, depth + 1)})`,
    () => `if(${condition(choose, scene, depth + 1)}, ${inner()}, ${inner()})`,
  ])();
}

function text(choose: Choose, scene: Scene, depth = 0): string {
  const field = choose(scene.texts);
  if (depth > 2) return field;
  const inner = () => text(choose, scene, depth + 1);
  return choose([
    () => field,
    () => choose(CONSTANTS),
    () => `concat(${inner()}, ${inner()})`,
    () => `${choose(['toLowerCase', 'toUpperCase', 'trim', 'urldecode'])}(${inner()})`,
    () => `replace(${inner()}, ${choose(['"e"', '/[a-e]+/'])}, "$")`,
    () => `substring(${inner()}, 1, 3)`,
    () => `(${condition(choose, scene, depth + 1)} ? ${inner()} : ${inner()})`,
  ])();
}

function condition(choose: Choose, scene: Scene, depth = 0): string {
  const n = () => number(choose, scene, depth + 1);
  const t = () => text(choose, scene, depth + 1);
  const c = () => condition(choose, scene, depth + 1);
  const simple = [
    () => `${n()} ${choose(['=', '!=', '<', '>=', '<>', '=='])} ${n()}`,
    () => `${t()} ${choose(['=', '!='])} ${t()}`,
    () => `${t()} ${choose(['', 'not '])}matches ${choose(['"*e*"', '/^e.+[0-9]?$/', '*'])}`,
    () => `${t()} ${choose(['', 'not '])}in (${choose(CONSTANTS)}, "ACCEPT")`,
    () => `${n()} in (1, 22, 443)`,
    () => `${choose(['isNull', 'isEmpty', 'isBlank', 'isNumeric'])}(${t()})`,
    () => `isNull ${choose(scene.texts)}`,
    () => `${t()} contains "e"`,
  ];
  if (depth > 2) return choose(simple)();
  return choose([...simple, () => `(${c()} ${choose(['and', 'or', '&&', '||', 'AND'])} ${c()})`, () => `!(${c()})`, () => `not (${c()})`])();
}

function fresh(scene: Scene, kind: 'numbers' | 'texts'): string {
  const name = `m${++scene.made}`;
  scene[kind].push(name);
  return name;
}

/** One step, and what the scene is behind it. */
function step(choose: Choose, scene: Scene): string {
  const always = [
    () => `where ${condition(choose, scene)}`,
    () => `${number(choose, scene)} as ${fresh(scene, 'numbers')}`,
    () => `${text(choose, scene)} as ${fresh(scene, 'texts')}`,
    () => `sort ${choose(['', '+', '- ', 'by '])}${choose(scene.numbers)}, ${choose(scene.texts)} ${choose(['asc', 'desc'])}`,
    () => `limit ${choose([1, 5, 100])}`,
    () => `parse field=${choose(scene.texts)} ${choose(['"*-*"', '"*.*"'])} as ${fresh(scene, 'texts')}, ${fresh(scene, 'texts')} nodrop`,
    () => `parse regex field=${choose(scene.texts)} "(?<${fresh(scene, 'texts')}>[a-z]+)" nodrop${choose(['', ' multi'])}`,
    () => `json field=${choose(scene.texts)} ${choose(['"a.b"', '"a[*].c"', '"[0]"', '"..x"', '"a[0:1]"'])} as ${fresh(scene, 'texts')} nodrop`,
    () => `keyvalue field=${choose(scene.texts)} "k" as ${fresh(scene, 'texts')} nodrop`,
    () => `split ${choose(scene.texts)} delim="${choose(['-', '.', '::'])}" extract ${fresh(scene, 'texts')}, _, ${fresh(scene, 'texts')}`,
    () => `parse xml field=${choose(scene.texts)} "/a/b[1]/@c" as ${fresh(scene, 'texts')} nodrop`,
  ];
  const records = [
    () => 'json auto',
    () => 'kv auto',
    () => 'timeslice 5m',
    () => `parse "* * *" as ${fresh(scene, 'texts')}, ${fresh(scene, 'texts')}, ${fresh(scene, 'texts')}`,
    () => aggregate(choose, scene),
    () => aggregate(choose, scene),
  ];
  const groups = [
    () => aggregate(choose, scene),
    () => `${choose(['total', 'accum', 'diff', 'smooth', 'backshift'])} ${choose(scene.numbers)} as ${fresh(scene, 'numbers')}`,
    () => `top ${choose([1, 3])} ${choose(scene.texts)} by ${choose(scene.numbers)}, ${choose(scene.numbers)} asc`,
  ];
  const made = choose([...always, ...(scene.grouped ? groups : records)])();
  if (made.startsWith('top ')) {
    const [, key = '', measure = ''] = /^top \d (\S+) by (\S+),/.exec(made) ?? [];
    Object.assign(scene, { texts: [key], numbers: [measure] });
  }
  return made;
}

function aggregate(choose: Choose, scene: Scene): string {
  const keys = [...new Set([choose(scene.texts), choose(scene.texts)])];
  const of = choose(scene.numbers);
  const names = [`a${++scene.made}`, `a${++scene.made}`];
  const calls = [`count as ${names[0]}`, `${choose(['sum', 'avg', 'min', 'max', 'stddev', 'count_distinct', 'first', 'last'])}(${of}) as ${names[1]}`];
  Object.assign(scene, { texts: keys, numbers: names, grouped: true });
  return `${calls.join(', ')} by ${keys.join(', ')}`;
}

const SCOPES = [
  '',
  '*',
  'ACCEPT',
  'srcport>0 !eni-zz',
  '(action=ACCEPT OR dstport in (22, 53))',
  '"eni-a 10" or 443 or x*y',
  'NOT (bytes=7 "q\\"")',
  '_sourceCategory=*',
];

/** A query of up to eight steps, decided by numbers. */
function queryOf(numbers: readonly number[]): string {
  let at = 0;
  const choose: Choose = (things) => things[(numbers[at++ % numbers.length] as number) % things.length] as (typeof things)[number];
  const scene: Scene = {
    numbers: ['bytes', 'packets', 'dstport'],
    texts: ['action', 'interface_id', 'account_id'],
    grouped: false,
    made: 0,
  };
  const scope = choose(SCOPES);
  const steps = Array.from({ length: 1 + (choose([0, 1, 2, 3, 4, 5, 6, 7]) as number) }, () => `| ${step(choose, scene)}`);
  return [scope, ...steps].join('\n');
}

const query = fc.array(fc.nat(9973), { minLength: 40, maxLength: 80 }).map(queryOf);

describe('a query that a grammar made', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine();
    await engine.load([
      { line: '2 123456789012 eni-a 10.0.0.1 8.8.8.8 1 443 6 1 10 $0 $1 ACCEPT OK' },
      { line: '2 123456789012 eni-b 2001:db8::1 8.8.8.8 2 22 6 - 20 $60 $61 REJECT OK' },
      { line: '2 123456789012 eni-c - - - - - - - $60 $61 - NODATA' },
      { line: '2 1 eni-a 10.0.0.1 8.8.8.8 1 443 6 1 30 $90 $91 ACCEPT OK', columns: { raw_exact: '{"a":{"b":1},"k":"v=2 w"}' } },
    ]);
  });
  afterAll(() => engine.close());

  it('is printed stably, compiled and run', async () => {
    const variables = { port: '443' };
    await fc.assert(
      fc.asyncProperty(query, async (text) => {
        const { query: tree, diagnostics } = parse(text, variables);
        expect(diagnostics, text).toEqual([]);
        const printed = print(tree);
        expect(print(parse(printed, variables).query), text).toBe(printed);
        const result = compile(text, options(engine, { variables }));
        if (!result.ok) expect.fail(`${text}\n${JSON.stringify(result.diagnostics)}`);
        await engine.rows(result.compiled.statement).catch((error: Error) => expect.fail(`${text}\n${error.message}\n${result.compiled.statement.text}`));
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it('has no word of people in its statement', () => {
    const evil = 'zq9`\'"); DROP TABLE x; --';
    const inText = evil.replace(/["\\]/g, '\\$&');
    const places = [
      `"${inText}" | count`,
      `_sourceCategory="${inText}" | count`,
      `| where action = "${inText}" or action matches "${inText}*" or action in ("${inText}")`,
      `| "${inText}" as %"${inText}" | count by %"${inText}"`,
      `| parse "${inText}*" as %"${inText}" nodrop`,
      '| parse regex "(?<zq9>zq9`;)" nodrop | count by zq9',
      `| json "['zq9 DROP']", "a.zq9[*].b", "..zq9", "a[?(@.zq9=='zq9')]" as zq9, b, c, d nodrop`,
      `| json auto | where %"${inText}" = "1"`,
      `| kv "${inText}" as zq9 nodrop | kv regex "zq9=(.*)" "zq9" as b nodrop | kv auto | where zq9z = "1"`,
      `| split _raw delim="zq9" extract zq9 | csv _raw quote="'" extract b`,
      `| parse xml "/zq9/b[@zq9='zq9']/@zq9" as zq9 nodrop`,
      `| replace(action, /zq9/, "zq9") as zq9 | concat(zq9, "${inText}") as b`,
      `| count as %"${inText}" by action as %"b${inText}" | sort by %"${inText}" | top 3 %"b${inText}" by %"${inText}"`,
      '{{zq9}} | where action = {{zq9}} and action matches "{{zq9}}"',
    ];
    for (const text of places) {
      const result = compile(text, { ...options(engine), variables: { zq9: evil } });
      if (!result.ok) expect.fail(`${text}\n${JSON.stringify(result.diagnostics)}`);
      expect(result.compiled.statement.text, text).not.toContain('zq9');
    }
  });
});
