/**
 * parse xml: values of XML by a path of elements from the root, an index or an attribute's value in
 * brackets, an attribute or the text at the end. ClickHouse reads no XML: elements are found by their
 * tags, so an element inside one of the same name is not told from it.
 */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { printString } from '../print-expression.ts';
import { num, param, type Sql, sql } from '../sql.ts';
import { text } from '../typed.ts';
import { hold, printFieldOf, printNames, printTail, readNamed, readTail, release, subject, type Tail } from './extraction.ts';
import type { Operator } from './kinds.ts';

interface ElementStep {
  readonly tag: string;
  /** From 1; -1 is the last. */
  readonly index?: number;
  readonly attribute?: { readonly name: string; readonly value: string };
}

interface XmlPath {
  readonly elements: readonly ElementStep[];
  /** An attribute of the last element, or its text; the element itself when absent. */
  readonly end?: { readonly attribute: string } | 'text';
}

/** Elements that a path may go through. */
const MAX_STEPS = 20;
/** Characters that a path may have. */
const MAX_LENGTH = 2000;

const STEP = /^([\w.:-]+)((?:\[[^\]]*\])*)$/;

/** undefined when it is no path that is understood. */
function xmlPath(path: string): XmlPath | undefined {
  if (path.length > MAX_LENGTH) return undefined;
  const parts = path
    .trim()
    .replace(/^\//, '')
    .split(/\/(?![^[]*\])/);
  const elements: ElementStep[] = [];
  if (parts.length > MAX_STEPS) return undefined;
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    if (isLast && part === 'text()') return elements.length ? { elements, end: 'text' } : undefined;
    const attribute = /^@([\w.:-]+)$/.exec(part)?.[1];
    if (isLast && attribute !== undefined) return elements.length ? { elements, end: { attribute } } : undefined;
    const m = STEP.exec(part);
    const step = m && elementStep(m[1] as string, m[2] ?? '');
    if (!step) return undefined;
    elements.push(step);
  }
  return { elements };
}

function elementStep(tag: string, brackets: string): ElementStep | undefined {
  let step: ElementStep = { tag };
  for (const [, inner = ''] of brackets.matchAll(/\[([^\]]*)\]/g)) {
    const equal = /^\s*@([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))\s*$/.exec(inner);
    if (/^\s*\d+\s*$/.test(inner)) step = { ...step, index: Number(inner) };
    else if (/^\s*last\(\)\s*$/.test(inner)) step = { ...step, index: -1 };
    else if (equal) step = { ...step, attribute: { name: equal[1] as string, value: equal[2] ?? equal[3] ?? equal[4] ?? '' } };
    else return undefined;
  }
  return step.index === 0 ? undefined : step;
}

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The text of the element, attribute or content that a path finds; '' when it finds nothing. */
function findXml(document: Sql, path: XmlPath): Sql {
  let element = document;
  for (const [i, { tag, index, attribute }] of path.elements.entries()) {
    const name = escaped(tag);
    const inside = i === 0 ? element : content(element);
    const all = sql`extractAll(${inside}, ${param('String', `(?s)(?:<${name}(?:\\s[^>]*)?/>|<${name}(?:\\s[^>]*)?>.*?</${name}\\s*>)`)})`;
    const own = attribute ? sql`arrayFilter(e -> ${attributeOf(sql`e`, attribute.name)} = ${param('String', attribute.value)}, ${all})` : all;
    element = sql`arrayElement(${own}, ${num(index ?? 1)})`;
  }
  if (path.end === 'text') return sql`decodeXMLComponent(trimBoth(replaceRegexpAll(${content(element)}, '(?s)<[^>]*>', '')))`;
  return path.end ? sql`decodeXMLComponent(${attributeOf(element, path.end.attribute)})` : element;
}

/** What stands between the tags of an element. */
function content(element: Sql): Sql {
  return sql`extract(${element}, '(?s)^<[^>]*>(.*)<[^<]*>$')`;
}

function attributeOf(element: Sql, name: string): Sql {
  const groups = sql`extractGroups(${element}, ${param('String', `^<[^>]*?\\s${escaped(name)}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`)})`;
  return sql`arrayStringConcat(${groups})`;
}

export const xml: Operator<'xml'> = {
  keywords: ['xml'],
  syntax: 'parse xml [field=name] "path", … [as name, …] [nodrop]',
  doc: 'Takes values out of XML by path from the root: /a/b, /a/b[2], /a/b[last()], /a/b[@id=456], with /text() or /@attribute at the end. An element is given with its tags.',
  example: 'parse xml "/users/user/@id" as id nodrop | count by id',
  differs: 'Elements are found by their tags: an element inside one of the same name is not told from it.',
  parse: (cursor, start) => {
    const tail: Tail = { nodrop: false };
    readTail(cursor, tail);
    const { taken, names } = readNamed(cursor, 'a path in quotation marks', (token) => token.value.replace(/^\//, ''));
    for (const token of taken)
      if (!xmlPath(token.value))
        throw new QueryError('bad-path', token, `${quoted(token.value)} is not a path.`, 'For example “/Event/System/EventID/text()” or “/users/user[2]/@id”.');
    readTail(cursor, tail);
    return { op: 'xml', paths: taken.map((t) => t.value), names, ...tail, span: cursor.span(start) };
  },
  print: (o) => `parse xml${printFieldOf(o)} ${o.paths.map(printString).join(', ')} as ${printNames(o.names)}${printTail(o)}`,
  apply: (o, before) => {
    const { state: ready, source } = subject(o, before, o.span);
    const { state, held } = hold(ready, sql`ifNull(${source}, '')`, 'text');
    const found = o.paths.map((path) => findXml(held, xmlPath(path) ?? { elements: [] }));
    const filtered = o.nodrop ? state : found.reduce((next, value) => next.filter(sql`notEmpty(${value})`), state);
    return release(
      filtered,
      found.map((value, i) => ({ name: o.names[i]?.name ?? '', value: text(sql`nullIf(${value}, '')`) })),
    );
  },
};
