/** What clicks do to the text of a query: conditions in the scope, steps behind the matches, nothing else touched. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/query/parser.ts';
import type { Scope } from '../../src/query/tree.ts';
import {
  bytesBy,
  countBy,
  drilled,
  isGrouped,
  matchesOf,
  oldestFirst,
  topOverTime,
  withCondition,
  withValue,
  withWhere,
} from '../../src/web/search/results/edit.ts';

describe('a condition in the scope', () => {
  it.each([
    ['', 'dest_port', '22', false, 'dest_port="22"'],
    ['*', 'dest_port', '22', false, 'dest_port="22"'],
    ['  * | count', 'dest_port', '22', true, '  !dest_port="22" | count'],
    ['| count by src_ip', 'action', 'REJECT', false, 'action="REJECT" | count by src_ip'],
    ['_index=vpc_flow action=REJECT', 'src_ip', '203.0.113.9', false, '_index=vpc_flow action=REJECT src_ip="203.0.113.9"'],
    ['action=REJECT | count by src_ip', 'src_ip', '::1', true, 'action=REJECT !src_ip="::1" | count by src_ip'],
    // Behind OR the new condition would belong to the last alternative alone.
    ['a OR b | count', 'x.y', 'z', false, '(a OR b) x.y="z" | count'],
    ['(a OR b) c', 'x.y', 'z', false, '(a OR b) c x.y="z"'],
    // A comment behind the scope must not swallow what is added, and stays.
    ['action=REJECT // refused\n| count', 'dest_port', '22', false, 'action=REJECT dest_port="22" // refused\n| count'],
    ['json "a" | where a = 1', 'dest_port', '22', false, 'dest_port="22" | json "a" | where a = 1'],
    ['', 'Interface ID', 'a "b" \\ c', false, '%"Interface ID"="a \\"b\\" \\\\ c"'],
    ['x', 'not', 'v', false, 'x %"not"="v"'],
    ['x', 'dest_port', '', false, 'x dest_port=""'],
  ])('%j with %s=%j (not: %s)', (query, field, value, negate, expected) => {
    expect(withCondition(query, field, value, negate)).toBe(expected);
  });

  it('does not come twice, under whichever name of the field and however it is quoted', () => {
    for (const query of ['dest_port="22" x | count', 'dstport=22', 'x destination.port="22"'])
      expect(withCondition(query, 'dest_port', '22', false)).toBe(query);
    for (const query of ['!dest_port=22', 'NOT dstport="22" x', 'dest_port != 22']) expect(withCondition(query, 'dest_port', '22', true)).toBe(query);
  });

  it('turns its opposite round in its place', () => {
    expect(withCondition('a !dest_port=22 b | count', 'dest_port', '22', false)).toBe('a dest_port="22" b | count');
    expect(withCondition('a and not dest_port=22 and b', 'dest_port', '22', false)).toBe('a and dest_port="22" and b');
    expect(withCondition('dest_port=22', 'dest_port', '22', true)).toBe('!dest_port="22"');
    expect(withCondition('dest_port!=22 b', 'dest_port', '22', false)).toBe('dest_port="22" b');
  });

  it('leaves a condition below OR alone, and other values', () => {
    expect(withCondition('dest_port=22 OR b', 'dest_port', '22', false)).toBe('(dest_port=22 OR b) dest_port="22"');
    expect(withCondition('dest_port=22', 'dest_port', '2', true)).toBe('dest_port=22 !dest_port="2"');
  });

  it('reads back as exactly that field and value, whatever they hold', () => {
    const scopes = fc.constantFrom('', '*', 'a b', 'a OR b', '!x=1', '"a | b"', '| count', 'x // y\n| count');
    const printable = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(scopes, printable, fc.string({ unit: 'grapheme', maxLength: 30 }), fc.boolean(), (scope, field, value, negate) => {
        const { query, diagnostics } = parse(withCondition(scope, field, value, negate));
        expect(diagnostics).toEqual([]);
        const all: Scope[] = query.scope.node === 'and' ? [...query.scope.items] : [query.scope];
        const added = all.at(-1)!;
        const inner = added.node === 'not' ? added.item : added;
        expect([added.node === 'not', inner]).toMatchObject([negate, { node: 'condition', op: '=', field, value }]);
        expect(query.operations.length).toBe(parse(scope).query.operations.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the matches of a query', () => {
  it.each([
    ['action=REJECT | where bytes > 5 | count by src_ip | sort by _count', 'action=REJECT | where bytes > 5', true],
    ['action=REJECT\n| timeslice 5m // note\n| count by _timeslice', 'action=REJECT\n| timeslice 5m', true],
    ['x | top 10 src_ip', 'x', true],
    ['x | transaction on src_ip with states a, b in action', 'x', true],
    ['x | transactionize src_ip (merge action join with ",")', 'x', true],
    ['x | transactionize src_ip', 'x | transactionize src_ip', false],
    ['| count', '', true],
    ['"a | count" | where x = "| sum(y)"', '"a | count" | where x = "| sum(y)"', false],
    ['x |', 'x |', false],
  ])('of %j', (query, expected, grouped) => {
    expect([matchesOf(query), isGrouped(query)]).toEqual([expected, grouped]);
  });

  it('turns to oldest first, unless the query sorts', () => {
    expect(oldestFirst('x | count')).toBe('x\n| sort by _messageTime asc');
    expect(oldestFirst('x | sort by bytes')).toBe('x | sort by bytes');
    expect(oldestFirst('')).toBe('| sort by _messageTime asc');
  });
});

describe('a condition on a made column', () => {
  const column = { name: 'mb', kind: 'number' } as const;
  it('is a step behind those that make it', () => {
    const query = 'x | bytes / 1Mi as mb | count by src_ip';
    expect(withWhere(query, column, 3, false)).toBe('x | bytes / 1Mi as mb | where mb = 3 | count by src_ip');
    expect(withWhere('x | parse "a *" as user // why', { name: 'user', kind: 'text' }, 'a"b', true)).toBe(
      'x | parse "a *" as user | where user != "a\\"b" // why',
    );
    expect(withWhere('x', { name: 'The User', kind: 'text' }, null, false)).toBe('x | where isNull(%"The User")');
  });

  it('does not come twice', () => {
    const once = withWhere('x | bytes / 1Mi as mb', column, 3, false);
    expect(withWhere(once, column, 3, false)).toBe(once);
  });

  it('is told from one on a field', () => {
    expect(withValue('x', { name: 'dest_port', kind: 'number', field: 'destination.port' }, 22, false)).toBe('x destination.port="22"');
    expect(withValue('x | parse "*" as u', { name: 'u', kind: 'text' }, 'v', false)).toBe('x | parse "*" as u | where u = "v"');
  });

  it('takes a star in a value for a star', () => {
    const arn = { name: 'resources[0].ARN', kind: 'text', field: 'resources[0].ARN' } as const;
    expect(withValue('x', arn, 'arn:aws:s3:::bucket/*', false)).toBe('x | where %"resources[0].ARN" = "arn:aws:s3:::bucket/*"');
    expect(withValue('x', arn, '*', true)).toBe('x | where %"resources[0].ARN" != "*"');
    expect(withValue('x', arn, 'arn:aws:s3:::bucket', false)).toBe('x %"resources[0].ARN"="arn:aws:s3:::bucket"');
  });
});

describe('from a result to its messages', () => {
  const port = { name: 'dest_port', kind: 'number', field: 'destination.port' } as const;
  it('adds the keys and leaves the aggregate out', () => {
    const cells = [
      { column: port, value: 22 },
      { column: { name: 'action', kind: 'text', field: 'event.action' } as const, value: 'REJECT' },
    ];
    expect(drilled('_index=vpc_flow | count by dest_port, action | sort by _count', cells)).toBe('_index=vpc_flow destination.port="22" event.action="REJECT"');
  });

  it('computes a computed key before', () => {
    const cells = [{ column: { name: 'size', kind: 'text' } as const, value: 'big' }];
    expect(drilled('x | count by if(bytes > 1000, "big", "small") as size', cells)).toBe('x | if(bytes > 1000, "big", "small") as size | where size = "big"');
  });

  it('narrows a made column where it is made', () => {
    const cells = [{ column: { name: 'user', kind: 'text' } as const, value: 'eve' }];
    expect(drilled('x | parse "u=*" as user | top 5 user', cells)).toBe('x | parse "u=*" as user | where user = "eve"');
  });

  it('asks a looked-up place of the field that holds it, and passes over what no field holds', () => {
    const place = { column: { name: 'country_code', kind: 'text' } as const, value: 'US' };
    expect(drilled('x | count by src_ip | geoip src_ip', [place])).toBe('x source.geo.country_iso_code="US"');
    expect(drilled('x | count as n by src_ip | n * 2 as double', [{ column: { name: 'double', kind: 'number' }, value: 4 }])).toBe('x');
  });

  it('leaves a last timeslice out: nothing counts by it any more', () => {
    expect(drilled('x // why\n| timeslice 5m | count by _timeslice, dest_port', [{ column: port, value: 22 }])).toBe('x destination.port="22"');
    expect(drilled('| timeslice 5m | count by _timeslice', [])).toBe('');
    expect(drilled('x | timeslice 5m | where bytes > 1 | count by _timeslice', [])).toBe('x | timeslice 5m | where bytes > 1');
  });

  it('takes the name of a transposed column for a value', () => {
    const query = 'x | timeslice 1m | count by _timeslice, action | transpose row _timeslice column action';
    const reject = { column: { name: 'REJECT', kind: 'number' } as const, value: 7 };
    expect(drilled(query, [reject])).toBe('x event.action="REJECT"');
    expect(drilled('x | count by src_ip', [{ ...reject, column: { ...reject.column, name: '_count' } }])).toBe('x');
  });

  it('narrows the rows of a table themselves', () => {
    const cells = [{ column: { name: 'port', kind: 'text' } as const, value: '22' }];
    expect(drilled('cat bartizan://ports', cells)).toBe('cat bartizan://ports\n| where port = "22"');
    expect(isGrouped('cat bartizan://ports | where port = 22')).toBe(true);
  });

  it('asks for what is not there', () => {
    expect(drilled('x | count by dest_port', [{ column: port, value: null }])).toBe('x destination.port=""');
  });
});

it('counts by a field, and shows its top values over time', () => {
  expect(countBy('x | where bytes > 1 | count', 'log-status')).toBe('x | where bytes > 1\n| count by %"log-status"');
  expect(bytesBy('x | count by y', 'dstaddr')).toBe('x\n| sum(bytes) as bytes by dstaddr\n| sort by bytes');
  const asked = topOverTime('x', { name: 'dest_port', kind: 'number' }, ['22', '443'], 300);
  expect(asked).toBe('x\n| where dest_port in (22, 443)\n| timeslice 5m\n| count by _timeslice, dest_port\n| transpose row _timeslice column dest_port');
  for (const query of [asked, countBy('', 'src_ip'), bytesBy('', 'log-status'), topOverTime('x', { name: 'a b', kind: 'text' }, ['"'], 90)])
    expect(parse(query).diagnostics).toEqual([]);
});
