/** The choice of flows, events or both, as it is written into a query. */
import { expect, it } from 'vitest';
import { choiceOf, withIndex } from '../../src/web/search/index-choice.ts';

const BOTH = ['vpc_flow', 'cloudtrail'] as const;

it.each([
  ['', '_index=cloudtrail'],
  ['*', '_index=cloudtrail'],
  ['| count', '_index=cloudtrail | count'],
  ['action=REJECT | count', '_index=cloudtrail action=REJECT | count'],
  ['_index=vpc_flow action=REJECT\n| count by x', '_index=cloudtrail action=REJECT\n| count by x'],
  ['_index=vpc_flow\n| count', '_index=cloudtrail\n| count'],
  ['a or b | count', '_index=cloudtrail (a or b) | count'],
  ['_index=cloudtrail', '_index=cloudtrail'],
  ['_index in (vpc_flow, cloudtrail) root | count', '_index=cloudtrail root | count'],
  ['(_index=vpc_flow or _index=cloudtrail) and foo', '_index=cloudtrail foo'],
  ['foo and _index=cloudtrail bar', '_index=cloudtrail foo bar'],
  ['!_view=vpc_flow x', '_index=cloudtrail x'],
  ['not _index=vpc_flow and x', '_index=cloudtrail x'],
  ['_index=vpc_flow or _index=tgw_flow', '_index=cloudtrail'],
  ['_index=vpc_flow or dog', '_index=cloudtrail (_index=vpc_flow or dog)'],
  ['_index=(vpc_flow or tgw_flow) x', '_index=cloudtrail x'],
  ['x "_index=vpc_flow"', '_index=cloudtrail x "_index=vpc_flow"'],
])('%j searched in events is %j', (query, expected) => {
  expect(withIndex(query, 'events', BOTH)).toBe(expected);
  // The same choice once more changes nothing.
  expect(withIndex(expected, 'events', BOTH)).toBe(expected);
});

it('names both, and the flows that there are', () => {
  expect(withIndex('_index=cloudtrail root', 'both', BOTH)).toBe('_index in (vpc_flow, cloudtrail) root');
  expect(withIndex('_index in (vpc_flow, cloudtrail) root', 'flows', BOTH)).toBe('_index=vpc_flow root');
  expect(withIndex('root', 'flows', ['tgw_flow', 'cloudtrail'])).toBe('_index=tgw_flow root');
  expect(withIndex('root', 'flows', [])).toBe('_index=vpc_flow root');
});

it('tells what datasets come to', () => {
  expect([choiceOf(['vpc_flow', 'vpc_flow_status']), choiceOf(['cloudtrail']), choiceOf(['tgw_flow', 'cloudtrail']), choiceOf([])]).toEqual([
    'flows',
    'events',
    'both',
    undefined,
  ]);
});
