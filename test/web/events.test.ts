/** What the page makes of events: values by any name and path, the list of fields, links, drill-downs, words. */
import { describe, expect, it } from 'vitest';
import { EVENT_COLUMNS } from '../../src/web/app/search.ts';
import { recordsSearch } from '../../src/web/dashboard/records-search.ts';
import { canonical } from '../../src/web/filters/filter.ts';
import { display, explained, HIDDEN } from '../../src/web/format/values.ts';
import { kindOfActor, pathBelow, queryPath, valueAt } from '../../src/web/records/event.ts';
import type { Rec } from '../../src/web/records/flow.ts';
import { readsEvents } from '../../src/web/search/index-choice.ts';
import { recordSearch, surroundingSearch, waysFrom } from '../../src/web/search/results/around.ts';
import { withValue } from '../../src/web/search/results/edit.ts';
import { fieldGroups } from '../../src/web/search/results/field-list.ts';
import { columnOf, valueIn } from '../../src/web/search/results/values.ts';
import { eventsOf, recordsOf } from '../../src/web/threats/search-of.ts';

const T = Date.UTC(2026, 10, 18, 14);
const RAW = {
  eventName: 'AuthorizeSecurityGroupIngress',
  requestParameters: { groupId: 'sg-1', 'a.b': 'dotted', list: [{ port: 22 }, { port: 23 }], none: null },
  tlsDetails: { tlsVersion: 'TLSv1.3' },
  unknownKey: { x: 1 },
};
const EVENT: Rec = {
  time: T,
  dataset: 'cloudtrail',
  raw: JSON.stringify(RAW),
  document: {
    event: { action: RAW.eventName },
    source: { ip: '203.0.113.9', geo: { city_name: 'Lisbon' } },
    aws: { cloudtrail: { json: { requestParameters: RAW.requestParameters } } },
  },
  fields: {
    eventTime: '2026-11-18T14:00:00Z',
    eventName: RAW.eventName,
    eventID: 'one',
    userName: 'Deploy/ci',
    'userIdentity.arn': 'arn:x',
    'userIdentity.principalId': 'AROA:ci',
    recipientAccountId: '123456789012',
    'source.ip': '203.0.113.9',
    team: 'red',
  },
  origin: { sourceName: 'events.json', sourceCategory: '' },
  values: {},
};
const FLOW: Rec = {
  ...EVENT,
  dataset: 'vpc_flow',
  raw: '2 x',
  document: {},
  fields: { srcaddr: '203.0.113.9', dstaddr: '10.0.0.5', action: 'REJECT', 'network.direction': 'inbound', 'account-id': '1' },
};

describe('a value of an event', () => {
  it('has its digits as they are written', () => {
    const raw = '{"requestParameters":{"count":18446744073709551616,"share":0.1,"list":[{"most":-9223372036854775809}]},"noise":"18446744073709551616"}';
    const record = { ...EVENT, raw };
    expect(['requestParameters.count', 'requestParameters.share', 'requestParameters.list[0].most', 'noise'].map((path) => valueAt(record, path))).toEqual([
      '18446744073709551616',
      0.1,
      '-9223372036854775809',
      '18446744073709551616',
    ]);
    expect(valueAt(record, 'requestParameters.list')).toBe('[{"most":"-9223372036854775809"}]');
  });

  it('is found by the names of events, and not by what flows call the same', () => {
    expect(
      ['eventName', 'event.action', 'action', 'actor', 'user.id', 'accountID', 'src_ip', 'source.geo.city_name', 'team'].map((name) => valueIn(EVENT, name)),
    ).toEqual([...Array(3).fill(RAW.eventName), ...['Deploy/ci', 'AROA:ci', '123456789012', '203.0.113.9', 'Lisbon', 'red']]);
    expect([valueIn(FLOW, 'action'), valueIn(FLOW, 'eventName'), valueIn(FLOW, 'requestParameters.groupId')]).toEqual(['REJECT', undefined, undefined]);
  });

  it('is found by its path', () => {
    const below = pathBelow('requestParameters', 'a.b');
    expect(below).toBe('requestParameters["a.b"]');
    const paths = ['requestParameters.groupId', below, 'requestParameters.list[1].port', 'requestParameters.list', 'requestParameters.nothing', 'unknownKey.x'];
    expect(paths.map((path) => valueAt(EVENT, path))).toEqual(['sg-1', 'dotted', 23, '[{"port":22},{"port":23}]', undefined, 1]);
    expect(valueIn(EVENT, 'requestParameters.groupId')).toBe('sg-1');
    expect(valueAt({ ...EVENT, raw: '{"broken' }, 'a')).toBeUndefined();
  });

  it('is asked for by what a query can reach', () => {
    expect(
      [
        'requestParameters.groupId',
        'aws.cloudtrail.json.requestParameters.groupId',
        'aws.cloudtrail.json.rest.tlsDetails.tlsVersion',
        'unknownKey.x',
        'source.ip',
      ].map(queryPath),
    ).toEqual(['requestParameters.groupId', 'requestParameters.groupId', 'tlsDetails.tlsVersion', undefined, undefined]);
    const column = (name: string) => columnOf(name, [], [EVENT]);
    expect(withValue('error', column('eventName'), 'X', false)).toBe('error eventName="X"');
    expect(withValue('error', column('requestParameters.groupId'), 'sg-1', true)).toBe('error !requestParameters.groupId="sg-1"');
    expect(columnOf('action', [], [FLOW, EVENT]).field).toBe('event.action');
    expect([canonical('user.id'), canonical('recipientAccountId'), canonical('eventName')]).toEqual(['user.id', 'cloud.account.id', 'event.action']);
  });
});

it('lists fields of events by what they tell, and paths of their JSON', () => {
  const groups = fieldGroups([], [EVENT]);
  const names = (title: string) => groups.find((g) => g.title === title)?.fields.map((f) => f.name);
  expect(groups.map((g) => g.title)).toEqual(['Event', 'Actor', 'Client', 'Request', 'Extracted', 'Metadata', 'Not in these events']);
  expect(names('Event')).toEqual(['recipientAccountId', 'eventName', 'eventID']);
  expect(names('Actor')).toEqual(['userName', 'userIdentity.principalId', 'userIdentity.arn']);
  expect(names('Request')).toEqual(['requestParameters.groupId', 'requestParameters["a.b"]', 'requestParameters.list[0].port']);
  expect(names('Extracted')).toEqual(['team']);
  expect(names('Not in these events')).toContain('errorCode');
  // Of flows nothing has changed, and both have both.
  expect(fieldGroups([], [FLOW]).map((g) => g.title)).toEqual(['In these messages', 'Record', 'Enrichment', 'Metadata']);
  expect(fieldGroups([], [FLOW, EVENT]).map((g) => g.title)).toEqual(expect.arrayContaining(['Event', 'In these messages', 'Record']));
});

it('leads to the event alone, to what its actor did, and to flows of its address and back', () => {
  const second = { from: '2026-11-18T14:00:00Z', to: '2026-11-18T14:00:01Z' };
  expect(recordSearch(EVENT)).toEqual({ ...second, q: '_index=cloudtrail eventID="one"' });
  expect(surroundingSearch(EVENT)).toMatchObject({ from: '2026-11-18T13:45:00Z', q: '_index=cloudtrail userIdentity.arn="arn:x"' });
  const both = ['vpc_flow', 'cloudtrail'] as const;
  expect(waysFrom(EVENT, both).map(({ search }) => search.q)).toEqual(['_index=vpc_flow (srcaddr="203.0.113.9" or dstaddr="203.0.113.9")']);
  expect(waysFrom(FLOW, both).map(({ title, search }) => [title, search.q])).toEqual([['Events of 203.0.113.9', '_index=cloudtrail src_ip="203.0.113.9"']]);
  // Interfaces and groups that the request or the answer names, each once; other ids and texts with such words in them are none.
  const named = {
    requestParameters: { groupId: 'sg-0a1b2c3d4e5f60718', items: [{ networkInterfaceId: 'eni-0a1b2c3d' }, { note: 'about eni-0a1b2c3e and sg-1' }] },
    responseElements: { groupId: 'sg-0a1b2c3d4e5f60718', instanceId: 'i-0a1b2c3d4e5f60718' },
    additionalEventData: { networkInterfaceId: 'eni-0ffffffff' },
  };
  const ways = waysFrom({ ...EVENT, raw: JSON.stringify(named) }, both).slice(1);
  expect(ways.map(({ title, search }) => [title, search.q])).toEqual([
    ['Flows of sg-0a1b2c3d4e5f60718', '_index=vpc_flow interface.security_group.ids="sg-0a1b2c3d4e5f60718"'],
    ['Flows of eni-0a1b2c3d', '_index=vpc_flow interface-id="eni-0a1b2c3d"'],
  ]);
  const ofInterface = waysFrom({ ...FLOW, fields: { ...FLOW.fields, 'interface-id': 'eni-1' } }, both);
  expect(ofInterface.map(({ title }) => title)).toEqual(['Flows of this interface', 'Events of 203.0.113.9']);
  expect(ofInterface[0]?.search).toMatchObject({ q: '_index=vpc_flow interface-id="eni-1"', from: '2026-11-18T13:00:00Z' });
  // Only where there is something to lead to.
  expect([waysFrom(EVENT, ['cloudtrail']), waysFrom(FLOW, ['vpc_flow'])]).toEqual([[], []]);
  expect(waysFrom({ ...FLOW, fields: { ...FLOW.fields, 'network.direction': 'internal' } }, both)).toEqual([]);
});

it('a row of a panel of events leads to its record, through the steps that made it', () => {
  const query = '_index=cloudtrail readOnly=false | json field=_raw "a.b" as b nodrop | where b != "x" | fields _messageTime, userName, b';
  const cells = [
    { column: { name: '_messageTime', kind: 'time' as const, field: '_messageTime' }, value: T + 250 },
    { column: { name: 'userName', kind: 'text' as const, field: 'user.name' }, value: 'ann' },
    { column: { name: 'b', kind: 'text' as const }, value: 'y' },
  ];
  expect(recordsSearch(query, { cells, shift: false }, [], { from: 0, to: 3600 }, undefined)).toEqual({
    from: '2026-11-18T14:00:00Z',
    to: '2026-11-18T14:00:01Z',
    q: `${query} | where b = "y"`,
    cols: EVENT_COLUMNS,
    f: ['user.name:ann'],
  });
  expect(['_index=cloudtrail x', 'eventName=X', 'requestParameters.groupId=x', '_index=vpc_flow', 'action=X', '!_index=vpc_flow', ''].map(readsEvents)).toEqual(
    [...[true, true, true], ...[false, false, false, false]],
  );
});

it('says what AWS hides, and who acted', () => {
  expect([display(HIDDEN, 'text'), display('ann', 'text'), explained('ann')]).toEqual(['hidden by AWS', 'ann', undefined]);
  expect(explained(HIDDEN)).toContain('AWS does not log');
  expect(['Root', 'AssumedRole', 'NewKind', undefined].map(kindOfActor)).toEqual(['root user', 'session of a role', 'NewKind', '']);
});

it('leads from findings and indicators to events', () => {
  expect(recordsOf('203.0.113.9', 'cloudtrail')).toBe('_index=cloudtrail src_ip="203.0.113.9"');
  expect(eventsOf({ type: 'user-agent', value: 'A "b" \\c' })).toBe('_index=cloudtrail userAgent="A \\"b\\" \\\\c"');
  expect(eventsOf({ type: 'user-agent', value: 'A*' })).toBe('_index=cloudtrail | where userAgent = "A*"');
  expect(eventsOf({ type: 'domain', value: 'evil.example' })).toBe('_index=cloudtrail "evil.example"');
});
