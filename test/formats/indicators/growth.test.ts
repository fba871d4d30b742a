/** Documents in which many things each name many others: each of these would take minutes where all are walked for each. */
import { expect, it } from 'vitest';
import { read } from './support.ts';

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const address = (i: number): string => `203.0.${(i >> 8) & 255}.${i & 255}`;

it('STIX: indicators of one id, with as many relationships', async () => {
  const count = 30_000;
  const objects = [
    ...many(count, () => ({ type: 'relationship', source_ref: 'indicator--1', target_ref: 'malware--1' })),
    { type: 'relationship', source_ref: 'indicator--1', target_ref: 'campaign--1' },
    { type: 'malware', id: 'malware--1', name: 'family' },
    { type: 'campaign', id: 'campaign--1', name: 'campaign' },
    ...many(count, (i) => ({ type: 'indicator', id: 'indicator--1', pattern: `[ipv4-addr:value = '${address(i)}']` })),
  ];
  const { indicators } = await read(JSON.stringify({ type: 'bundle', objects }));
  expect(indicators).toHaveLength(count);
  expect(indicators.at(-1)).toMatchObject({ value: address(count - 1), malware: ['family'], actors: ['campaign'] });
});

it('STIX: a pattern of many values with many labels', async () => {
  const values = many(6000, () => "'203.0.113.7'").join(',');
  const indicator = { type: 'indicator', id: 'indicator--1', pattern: `[ipv4-addr:value IN (${values})]`, labels: ['type', ...many(200_000, () => '')] };
  const { indicators } = await read(JSON.stringify({ type: 'bundle', objects: [indicator] }));
  expect(indicators).toHaveLength(6000);
  expect(indicators[0]).toMatchObject({ threatType: 'type', labels: ['type'] });
});

it('MISP: an event of many attributes and many tags', async () => {
  const count = 30_000;
  const Tag = [...many(count, (i) => ({ name: `tag ${i % 10}` })), { name: 'misp-galaxy:threat-actor="Actor"' }];
  const Attribute = many(count, (i) => ({ type: 'ip-dst', value: address(i), to_ids: true, Tag: i === 1 ? [{ name: 'own' }] : [] }));
  const { indicators } = await read(JSON.stringify({ Event: { Tag, Attribute } }));
  expect(indicators).toHaveLength(count);
  expect(indicators[1]).toMatchObject({ actors: ['Actor'], labels: ['own', ...many(10, (i) => `tag ${i}`)] });
});

it('OTX: a pulse of many indicators and many tags', async () => {
  const count = 30_000;
  const indicators = many(count, (i) => ({ type: 'IPv4', indicator: address(i) }));
  const found = await read(JSON.stringify({ pulse_key: 1, adversary: 'Actor', tags: many(count, (i) => `tag ${i % 10}`), indicators }));
  expect(found.indicators).toHaveLength(count);
  expect(found.indicators.at(-1)).toMatchObject({ actors: ['Actor'], labels: many(10, (i) => `tag ${i}`) });
});

it('a CSV file of many columns and many short rows', async () => {
  const count = 30_000;
  const header = ['first_seen_utc', 'ioc_id', 'ioc_value', 'ioc_type', ...many(count, (i) => `c${i}`)].join(',');
  const rows = many(count, (i) => `2026-03-10 12:00:00,${i},${address(i)}:80,ip:port`);
  const { indicators } = await read([header, ...rows].join('\n'), { format: 'threatfox' });
  expect(indicators).toHaveLength(count);
  expect(indicators.at(-1)).toMatchObject({ id: String(count - 1), value: address(count - 1) });
});

it('a list of long addresses of pages that are none', async () => {
  const count = 2000;
  const { problems } = await read(many(count, () => `value\n"http://${'a'.repeat(4000)} b"`).join('\n'), { format: 'csv', mapping: { value: '1' } });
  expect(problems.filter(({ reason }) => reason === 'this is no URL')).toHaveLength(count);
});
