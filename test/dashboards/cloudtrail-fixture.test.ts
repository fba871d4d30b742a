/** The list of events that panels are checked against is what the decoder makes of its records, field by field. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { QueryResponse } from '../../src/api/contract.ts';
import { type EventFixture, isTestTrail, openEventFixture } from './event-fixture.ts';

let fixture: EventFixture;
beforeAll(async () => {
  fixture = await openEventFixture(5);
});
afterAll(() => fixture.close());

test('what a record’s author knows of it is what queries say of it', async () => {
  const query = '_index=cloudtrail | count by eventID, eventName, recipientAccountId, userName, role, mfa, outcome, readOnly, _sourceCategory | limit 10000';
  const response = await fixture.server.post('/api/v1/query', { query, from: '-24h', to: 'now', limit: 10_000 });
  const { columns, rows } = (await response.json()) as QueryResponse;
  expect(columns.map((c) => c.name).slice(0, 2)).toEqual(['eventID', 'eventName']);
  const expected = fixture.events.map((e) => [
    e.record.eventID,
    // Of an insight that is what it is about.
    e.name || 'CreateUser',
    e.account,
    ...[e.actor, e.role, e.mfa, e.outcome, e.readOnly].map((value) => value || null),
    isTestTrail(e) ? 'test/trail' : 'prod/trail',
    1,
  ]);
  const order = (a: readonly unknown[], b: readonly unknown[]) => String(a[0]).localeCompare(String(b[0]));
  expect(rows.toSorted(order)).toEqual(expected.toSorted(order));
});
