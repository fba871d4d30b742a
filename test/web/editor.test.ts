/** What the editor knows of a text: colours, problems, completions, history. All of it pure. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { CatalogueResponse } from '../../src/api/contract/catalogue.ts';
import { complete, describe as describeWord, writeValue } from '../../src/query/complete.ts';
import { suggestion } from '../../src/query/diagnostics.ts';
import { optionsOf, problemsOf, type Surroundings } from '../../src/web/search/editor/language.ts';
import { paint } from '../../src/web/search/editor/paint.ts';
import { examplesFor } from '../../src/web/search/examples.tsx';
import { findRuns, type Run } from '../../src/web/search/history.ts';
import { readSpec } from '../query/spec.ts';

const catalogue: CatalogueResponse = {
  extracted: ['sessionId'],
  rules: [{ name: 'users', scope: '*', expression: 'parse "user=*" as user', fields: ['user'] }],
  lookups: [{ name: 'owners', columns: ['account', 'team'] }],
  indicators: false,
};
const around: Surroundings = { catalogue, window: { from: 0, to: 3600 }, zone: 'UTC' };

/** `‸` is the cursor. */
const at = (text: string) => {
  const [left = '', right = ''] = text.split('‸');
  return complete(left + right, left.length, optionsOf(around));
};
const names = (text: string) => at(text).items.map((i) => i.text);

describe('colours', () => {
  const painted = (text: string) => paint(text).map((p) => [text.slice(p.start, p.end), p.paint]);

  it('tells every kind of piece', () => {
    expect(painted('ssh action=REJECT // all\n| where if(isNull(srcaddr), 1, 2k) = 1 and x matches /a|b/')).toEqual([
      ['action', 'field'],
      ['=', 'symbol'],
      ['REJECT', 'string'],
      ['// all', 'comment'],
      ['|', 'pipe'],
      ['where', 'operator'],
      ['if', 'function'],
      ['(', 'symbol'],
      ['isNull', 'function'],
      ['(', 'symbol'],
      ['srcaddr', 'field'],
      [')', 'symbol'],
      [',', 'symbol'],
      ['1', 'number'],
      [',', 'symbol'],
      ['2k', 'number'],
      [')', 'symbol'],
      ['=', 'symbol'],
      ['1', 'number'],
      ['and', 'keyword'],
      ['x', 'field'],
      ['matches', 'keyword'],
      ['/a|b/', 'regex'],
    ]);
  });

  it('a column may be called as an operator', () => {
    expect(painted('* | count by action | count / 2 as half | sort count').filter(([text]) => text === 'count')).toEqual([
      ['count', 'operator'],
      ['count', 'operator'],
      ['count', 'field'],
    ]);
  });

  it('an opened quotation mark is marked to the end', () => {
    expect(painted('* | where a = "x').at(-1)).toEqual(['"x', 'error']);
  });
});

describe('problems', () => {
  it('underlines what the parser and the compiler find, and what can be mended', () => {
    const text = '* | where dstprot = 22 | cuont by srcaddr | limit x';
    const found = problemsOf(text, around);
    expect(found.map((p) => [p.code, text.slice(p.span.start, p.span.end), suggestion(p)])).toEqual([
      ['unknown-field', 'dstprot', 'dstport'],
      ['unknown-operator', 'cuont', 'count'],
      ['unexpected-token', 'x', undefined],
    ]);
  });

  it('mends every mistake that it has a word for', () => {
    const bad = parseYaml(readFileSync(join(import.meta.dirname, '../query/bad-queries.yaml'), 'utf8')) as { query: string }[];
    let mended = 0;
    for (const { query } of bad) {
      for (const problem of problemsOf(query, around)) {
        const word = suggestion(problem);
        if (word === undefined) continue;
        mended++;
        const after = problemsOf(query.slice(0, problem.span.start) + word + query.slice(problem.span.end), around);
        expect(
          after.map((p) => [p.code, p.span.start]),
          query,
        ).not.toContainEqual([problem.code, problem.span.start]);
      }
    }
    expect(mended).toBeGreaterThan(5);
  });

  it('does not blame a step for what a broken one before it would have made', () => {
    expect(problemsOf('* | bytes / as kb | where kb > 1', around).map((p) => p.code)).toEqual(['unexpected-token']);
  });

  it('knows fields that people made; an empty text is fine', () => {
    expect(problemsOf('* | where sessionId = "1"', around)).toEqual([]);
    expect(problemsOf('* | where sessionId = "1"', { ...around, catalogue: undefined }).map((p) => p.code)).toEqual(['unknown-field']);
    expect(problemsOf(' \n', around)).toEqual([]);
  });

  it('tells warnings from mistakes', () => {
    expect(problemsOf('* | threatip srcaddr', around).map((p) => [p.code, p.severity])).toEqual([['no-indicators', 'warning']]);
    expect(problemsOf('* | threatip srcaddr', { ...around, catalogue: { ...catalogue, indicators: true } })).toEqual([]);
  });
});

describe('completion', () => {
  it('offers steps behind a pipe, words and letters in order', () => {
    expect(names('* | ‸')).toContain('timeslice');
    expect(names('* | ‸')).not.toContain('srcaddr');
    expect(names('* | co‸')[0]).toBe('count');
    expect(names('* | where ‸')[0]).toBe('action');
    expect(names('* | tslc‸')[0]).toBe('timeslice');
    expect(names('* | timeslice ‸')[0]).toBe('1m');
  });

  it('offers what earlier steps made, and only that behind an aggregate', () => {
    expect(names('* | bytes / 1024 as kb | where ‸')[0]).toBe('kb');
    expect(names('* | bytes / 1024 as kb | where ‸')).toContain('srcaddr');
    expect(names('* | count as flows by dest_port | where ‸').slice(0, 2)).toEqual(['dest_port', 'flows']);
    expect(names('* | count as flows by dest_port | where ‸')).not.toContain('srcaddr');
  });

  it('goes on behind steps with mistakes', () => {
    expect(names('* | bytes / 1024 as kb | wher x | where nosuch = 1 | sort ‸')).toContain('kb');
  });

  it('offers the words of the step', () => {
    expect(names('* | count ‸')).toEqual(expect.arrayContaining(['by', 'as']));
    expect(names('* | count by action | sort _count ‸')).toEqual(expect.arrayContaining(['asc', 'desc']));
    expect(names('* | where action ‸')).toEqual(expect.arrayContaining(['in', 'matches', 'and']));
    expect(names('* | bytes as ‸')).toEqual([]);
  });

  it('offers tables and fields that people made', () => {
    expect(names('* | lookup team from ‸')).toEqual(expect.arrayContaining(['owners', 'geo://location']));
    expect(names('* | lookup te‸')).toEqual(['team']);
    expect(names('* | lookup asn, org‸')[0]).toBe('organization');
    expect(names('* | lookup team ‸')).toEqual(expect.arrayContaining(['as', 'from', 'on']));
    expect(names('| cat ow‸')).toEqual(['owners']);
    expect(names('* | where sess‸')).toContain('sessionId');
    expect(names('* | where use‸')).toContain('user');
  });

  it('each field once, under the name that fits, in any letter case', () => {
    expect(names('srcD‸')).toEqual(['srcDevice_ip']);
    expect(names('SRCA‸')[0]).toBe('srcaddr');
    expect(names('dest_po‸')[0]).toBe('dest_port');
  });

  it('asks the data for values of a field', () => {
    expect(at('action=RE‸').values).toEqual({ field: 'event.action', prefix: 'RE', form: 'word' });
    expect(at('* | where dest_port = ‸').values).toEqual({ field: 'destination.port', prefix: '', form: 'value' });
    expect(at('* | where dest_port = 44‸').values).toEqual({ field: 'destination.port', prefix: '44', form: 'value' });
    expect(at('* | where action in ("ACCEPT", "R‸').values).toEqual({ field: 'event.action', prefix: 'R', form: 'quoted' });
    expect(at('* | where action = "R‸E" | count').values).toEqual({ field: 'event.action', prefix: 'R', form: 'quoted' });
    expect(at('sessionid=‸').values).toEqual({ field: 'sessionId', prefix: '', form: 'word' });
    expect(at('* | where dest_port > 1 and action ‸').values).toBeUndefined();
    expect(at('* | parse field=action‸').values).toBeUndefined();
  });

  it('writes values as the place needs them', () => {
    expect(writeValue({ field: 'event.action', prefix: '', form: 'value' }, 'REJECT')).toBe('"REJECT"');
    expect(writeValue({ field: 'destination.port', prefix: '', form: 'value' }, '443')).toBe('443');
    expect(writeValue({ field: 'event.action', prefix: '', form: 'quoted' }, 'a"b')).toBe('a\\"b"');
    expect(writeValue({ field: 'event.action', prefix: '', form: 'word' }, 'Amazon.com, Inc.')).toBe('"Amazon.com, Inc."');
  });

  it('knows queries inside queries', () => {
    expect(at('* | where srcaddr in [subquery: action=RE‸').values).toEqual({ field: 'event.action', prefix: 'RE', form: 'word' });
    expect(at('* | where [subquery: action=REJECT | count by srcaddr | so‸')).toMatchObject({ start: 56, end: 58, items: [{ text: 'sort' }] });
    expect(names('* | bytes as b | join (where b > 1 | b * 2 as twice | sort tw‸')).toEqual(['twice']);
    expect(names('* | where (srcaddr = "a" | so‸')[0]).toBe('sort');
  });

  it('offers the options of a step', () => {
    expect(names('* | timeslice 1m | count by _timeslice | outlier _count ‸')).toEqual(expect.arrayContaining(['window=', 'threshold=', 'by']));
  });

  it('is silent in comments, patterns and names', () => {
    for (const text of ['* // wh‸', '* | where a matches /x‸', '* | parse "a‸']) expect(at(text)).toMatchObject({ items: [] });
  });

  it('tells of the word under the pointer', () => {
    const told = (text: string) => describeWord(text.replace('‸', ''), text.indexOf('‸'), optionsOf(around));
    expect(told('* | ti‸meslice 5m')).toMatchObject({ kind: 'operator', text: 'timeslice', start: 4, end: 13 });
    expect(told('* | where is‸Null(srcaddr)')).toMatchObject({ kind: 'function', text: 'isNull' });
    expect(told('* | where src‸addr = "x"')).toMatchObject({ kind: 'field', text: 'srcaddr' });
    expect(told('* | bytes / 2 as kb | where k‸b > 1')).toMatchObject({ kind: 'column', text: 'kb', detail: 'number' });
    expect(told('* | where nos‸uch = 1')).toBeUndefined();
  });
});

it('answers at any place of any text', () => {
  const folder = join(import.meta.dirname, '../query/spec');
  const texts = readdirSync(folder).flatMap((name) => readSpec(join(folder, name)).evals.map((e) => e.query));
  const options = optionsOf(around);
  for (const text of texts) {
    for (let place = 0; place <= text.length; place += 13) {
      const { start, end, items } = complete(text, place, options);
      expect(start <= place && end === place && items.length <= 100, `${text} at ${place}`).toBe(true);
      describeWord(text, place, options);
    }
    // Pieces do not overlap: together with what lies between they are the text.
    paint(text).reduce((before, piece) => {
      expect(piece.start, text).toBeGreaterThanOrEqual(before);
      return piece.end;
    }, 0);
  }
});

it('the examples are right, whatever the data holds', () => {
  for (const found of [
    { ports: [], addresses: [], interfaces: [] },
    { ports: ['22'], addresses: ['2001:db8::1'], interfaces: ['eni-1'] },
  ]) {
    const examples = examplesFor(found);
    expect(examples).toHaveLength(6);
    for (const { query } of examples) expect(problemsOf(query, around), query).toEqual([]);
  }
});

it('the history is searched by words in any order', () => {
  const run = (query: string): Run => ({ query, range: { from: '-60m', to: 'now' }, at: 0 });
  const runs = [run('action=REJECT | count by dest_port'), run('* | count')];
  expect(findRuns(runs, 'COUNT reject')).toEqual([runs[0]]);
  expect(findRuns(runs, ' ')).toEqual(runs);
});
