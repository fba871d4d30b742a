/**
 * logreduce and logcompare: texts by their signature, which is the text with `*` in the place of what
 * differs between equal messages: quoted values, addresses and times, and every word with a digit in it.
 * That is the same for every reader and every window, and needs no model.
 */

import { quoted } from '../../model/wording.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import { orderList, type State } from '../state.ts';
import type { Name, Span } from '../tree.ts';
import { asText, isNull, number, type Typed, text } from '../typed.ts';
import { aggregate } from './aggregate.ts';
import type { Of, Operator } from './kinds.ts';
import { byList, printBy } from './window.ts';

const SIGNATURE = '_signature';
/** Characters of a text that are looked at. */
const MAX_TEXT = 65_536;

/** What is replaced, in this order, and by what. */
const REPLACEMENTS: readonly (readonly [pattern: string, by: string])[] = [
  // A quoted value behind : or =, then any other quoted text that is no key of a document.
  ['([:=]\\s*)"[^"]*"', '\\1*'],
  ['"[^"]*"(\\s*[^:\\s"]|\\s*$)', '*\\1'],
  // Addresses of version 6, times and hardware addresses.
  ['[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}', '*'],
  ['[\\w.\\-]*[0-9][\\w.\\-]*', '*'],
];

const DOC =
  'The signature of a text is the text with * in the place of quoted values, addresses, times and every word that has a digit; of long texts the first 65,536 characters.';

function signatureOf(state: State, field: Name | undefined, span: Span): Sql {
  if (state.parts.grouped)
    throw new QueryError('field-not-grouped', span, 'Signatures are made of records, and the query has grouped them.', 'Put this step before the aggregate.');
  const value = state.resolve(field ?? { name: '_raw', span });
  const start: Sql = sql`substring(ifNull(toString(${asText(value)}), ''), 1, ${num(MAX_TEXT)})`;
  return REPLACEMENTS.reduce((made, [pattern, by]) => sql`replaceRegexpAll(${made}, ${param('String', pattern)}, ${param('String', by)})`, start);
}

/** `action=ACCEPT, dstport=443`: fields that have a value. */
function signatureOfValues(state: State, fields: readonly Name[]): Sql {
  const pairs = fields.map((field) => {
    const value = state.resolve(field);
    return sql`if(${isNull(value)}, '', concat(${param('String', field.name)}, '=', ifNull(toString(${asText(value)}), '')))`;
  });
  return sql`arrayStringConcat(arrayFilter(pair -> pair != '', [${join(pairs, ', ')}]), ', ')`;
}

interface Settings {
  limit?: number;
  criteria: Of<'logreduce'>['criteria'];
}

function parseSettings(cursor: Cursor, settings: Settings): void {
  while (!cursor.done && !cursor.is('by')) {
    if (cursor.take(',') || cursor.take('optimize')) continue;
    if (cursor.take('limit')) {
      cursor.expect('=');
      settings.limit = cursor.count('a number of signatures');
    } else if (cursor.take('criteria')) {
      cursor.expect('=');
      const found = (['mostcommon', 'leastcommon'] as const).find((name) => cursor.take(name));
      if (!found) throw cursor.unexpected('“mostcommon” or “leastcommon”');
      settings.criteria = found;
    } else throw cursor.unexpected('“by”, “limit=” or “criteria=”');
  }
}

/** `values on a, b [output_threshold 5]`. */
function parseValues(cursor: Cursor): Name[] {
  cursor.expect('values');
  cursor.expect('on');
  const fields = cursor.names();
  // The number of clusters has no meaning where each combination is one.
  if (cursor.take('output_threshold')) cursor.kind('number', 'a number');
  return fields;
}

export const logreduce: Operator<'logreduce'> = {
  keywords: ['logreduce', 'summarize'],
  syntax: 'logreduce [field=name] [by field, …] [limit=N] [criteria=mostcommon|leastcommon] | logreduce values on field, …',
  doc: `Groups texts (_raw, unless a field is named) by their signature: _signature and _count, the most frequent first. ${DOC} With values on, the signature is the values of these fields: _signature, _count and _cluster_id.`,
  example: 'logreduce by action limit=5, criteria=mostcommon',
  differs:
    'signatures are made by fixed rules and not learned; there is no relevance, no details and no optimize (the word is read and changes nothing). With values on, every combination is a cluster of its own. Without criteria the most common come first.',
  parse: (cursor, start) => {
    const token = cursor.peek();
    const byValues = cursor.is('values') && cursor.is('on', 1);
    if (!byValues && ['keys', 'values'].some((word) => cursor.is(word))) {
      const hint = 'Group by the fields: “count by a, b”.';
      throw new QueryError('not-supported', token, `${quoted(`logreduce ${token.value}`)} is not supported.`, hint);
    }
    if (byValues) return { op: 'logreduce', values: parseValues(cursor), by: [], criteria: 'mostcommon', span: cursor.span(start) };
    let field: Name | undefined;
    if (cursor.take('(')) {
      field = cursor.name();
      cursor.expect(')');
    } else if (cursor.take('field')) {
      cursor.expect('=');
      field = cursor.name();
    }
    const settings: Settings = { criteria: 'mostcommon' };
    parseSettings(cursor, settings);
    const by = byList(cursor);
    parseSettings(cursor, settings);
    return { op: 'logreduce', ...(field ? { field } : {}), by, ...settings, span: cursor.span(start) };
  },
  print: (o) => {
    if (o.values) return `logreduce values on ${o.values.map((n) => printName(n.name)).join(', ')}`;
    const limit = o.limit === undefined ? '' : ` limit=${o.limit}`;
    return `logreduce${o.field ? ` field=${printName(o.field.name)}` : ''}${printBy(o.by)}${limit}${o.criteria === 'mostcommon' ? '' : `${limit ? ',' : ''} criteria=${o.criteria}`}`;
  },
  apply: (o, before, around) => {
    const ready = before.parts.limit === undefined ? before : before.finished();
    const state = ready.assign(SIGNATURE, text(o.values ? signatureOfValues(ready, o.values) : signatureOf(ready, o.field, o.span))).finished();
    const { span } = o;
    const by = [...o.by.map((name) => ({ expr: { node: 'field' as const, ...name } })), { expr: { node: 'field' as const, name: SIGNATURE, span } }];
    const grouped = aggregate.apply({ op: 'aggregate', calls: [{ fn: 'count', args: [], span }], by, span }, state, around);
    const value = (made: State, name: string): Typed => made.resolve({ name, span });
    const order = (made: State) => [
      { value: value(made, '_count'), descending: o.criteria === 'mostcommon' },
      { value: value(made, SIGNATURE), descending: false },
    ];
    const all = grouped.assign('signature', value(grouped, SIGNATURE), true);
    if (o.values) {
      const named = all.assign('_cluster_id', text(sql`hex(sipHash64(${value(all, SIGNATURE).sql}))`));
      return named.with({ order: order(named) });
    }
    if (o.limit === undefined) return all.with({ order: order(all) });
    return limited(all, o, order);
  },
};

/** Rows of the signatures that are the most (or least) frequent in all groups together. */
function limited(grouped: State, o: Of<'logreduce'>, order: (state: State) => readonly { readonly value: Typed; readonly descending: boolean }[]): State {
  const { span } = o;
  const at = (state: State, name: string): Sql => state.resolve({ name, span }).sql;
  const rows = grouped.finished();
  const totals = rows.assign(TOTAL, number(sql`sum(${at(rows, '_count')}) OVER (PARTITION BY ${at(rows, SIGNATURE)})`), true).finished();
  const keys = orderList([
    { value: totals.resolve({ name: TOTAL, span }), descending: o.criteria === 'mostcommon' },
    { value: totals.resolve({ name: SIGNATURE, span }), descending: false },
  ]);
  const ranked = totals.assign(TOTAL, number(sql`dense_rank() OVER (ORDER BY ${keys})`), true).finished();
  const kept = ranked.filter(sql`${at(ranked, TOTAL)} <= ${num(o.limit ?? 1)}`);
  return kept.with({ columns: kept.parts.columns.filter((c) => c.name !== TOTAL), order: order(kept) });
}

const TOTAL = '__total';

export const logcompare: Operator<'logcompare'> = {
  keywords: ['logcompare'],
  syntax: 'logcompare [timeshift [-]duration]',
  doc: `Compares the signatures of records with those of an earlier window (24 hours before, unless written): _count, _deltaPercentage (change of its share of all records, in percent), _anomalyScore (symmetric Kullback-Leibler divergence), _isNew (1 where the earlier window has none). ${DOC}`,
  example: 'logcompare timeshift -24h | where _isNew = 1',
  differs:
    'a new signature has no _deltaPercentage. The baseline is the same query: baseline(…), start_time and end_time are not supported. For the score every signature counts once more than it occurs.',
  parse: (cursor, start) => {
    let seconds = 86_400;
    let written = '24h';
    if (cursor.take('timeshift')) {
      cursor.take('-');
      ({ seconds, text: written } = cursor.duration());
    }
    if (['baseline', 'start_time', 'end_time'].some((word) => cursor.is(word))) {
      const token = cursor.peek();
      throw new QueryError(
        'not-supported',
        token,
        `${quoted(token.value)} is not supported.`,
        'Write “logcompare timeshift -24h”: the same query over an earlier window.',
      );
    }
    return { op: 'logcompare', seconds, text: written, span: cursor.span(start) };
  },
  print: (o) => `logcompare timeshift -${o.text}`,
  apply: (o, current, around) => {
    const { ctx } = current;
    const counted = (state: State, window: Sql): Sql => {
      const from = sql`(${state.select([sql`${signatureOf(state, undefined, o.span)} AS signature`])})`;
      return sql`SELECT signature, ${window} AS w, count() AS records FROM ${from} GROUP BY signature`;
    };
    const both = sql`${counted(current, sql`0`)} UNION ALL ${counted(around.before({ shift: o.seconds }), sql`1`)}`;
    const counts = sql`SELECT signature, sumIf(records, w = 0) AS target, sumIf(records, w = 1) AS baseline FROM (${both}) GROUP BY signature`;
    const totals = sql`SELECT *, sum(target) OVER () AS targets, sum(baseline) OVER () AS baselines, count() OVER () AS signatures FROM (${counts})`;
    const share = (records: Sql, all: Sql): Sql => sql`((${records} + 1) / (${all} + signatures))`;
    const [p, q] = [share(sql`target`, sql`targets`), share(sql`baseline`, sql`baselines`)];
    const before = sql`(baseline / baselines)`;
    const made: readonly (readonly [name: string, value: Typed])[] = [
      [SIGNATURE, text(sql`signature`)],
      ['_count', number(sql`target`)],
      ['_deltaPercentage', number(sql`if(baseline = 0, NULL, (if(targets = 0, 0, target / targets) - ${before}) / ${before} * 100)`)],
      ['_anomalyScore', number(sql`((${p} - ${q}) * log(${p} / ${q}))`)],
      ['_isNew', number(sql`toUInt8(baseline = 0)`)],
    ];
    const ids = made.map(() => ctx.fresh());
    const columns = made.map(([name, value], i) => ({ name, value: { ...value, sql: ids[i] as Sql }, ...(name === SIGNATURE ? { key: true as const } : {}) }));
    const list = made.map(([, value], i) => sql`${value.sql} AS ${ids[i] as Sql}`).reduce((a, b) => sql`${a}, ${b}`);
    const score = columns[3]?.value as Typed;
    return current.with({
      from: sql`(SELECT ${list} FROM (${totals}))`,
      stored: false,
      grouped: true,
      where: [],
      columns,
      order: [
        { value: score, descending: true },
        { value: columns[0]?.value as Typed, descending: false },
      ],
      limit: undefined,
    });
  },
};
