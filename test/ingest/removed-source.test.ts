/** What a removed source has left in the spool is stored by the rules under which it was acknowledged, and counted as nobody's. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Spool } from '../../src/ingest/spool.ts';
import { DEFAULT_RECORD_SETTINGS, type RecordSettings } from '../../src/model/source.ts';
import { HEADER, openCollection, openPlace } from './helpers.ts';

const line = (address: string) => `2 123456789012 eni-1 ${address} 10.0.0.1 5000 443 6 1 40 1700000000 1700000030 ACCEPT OK`;

it('masks and leaves out what it did, also after a restart, and forgets the rules when nothing is left', async () => {
  const place = await openPlace();
  const { sources } = place.metadata;
  try {
    const collector = await sources.createCollector({ name: 'edge', description: '' });
    const common = { collector: collector.id, kind: 'http', sourceName: '', sourceCategory: '', sourceHost: '', connection: {}, secrets: {} } as const;
    const records: RecordSettings = {
      ...DEFAULT_RECORD_SETTINGS,
      rules: [
        { kind: 'mask', name: 'm', pattern: '198\\.51\\.100\\.7', replacement: '0.0.0.0' },
        { kind: 'exclude', name: 'x', pattern: ' 203\\.0\\.113\\.9 ' },
      ],
    };
    const ruled = await sources.create({ ...common, name: 'ruled', records });
    const plain = await sources.create({ ...common, name: 'plain', records: DEFAULT_RECORD_SETTINGS });

    // Acknowledged while nothing is stored.
    const spool = await Spool.open({ folder: join(place.directory, 'spool'), maxBytes: 2 ** 20, minFreeBytes: 0, clock: Date.now });
    for (const { id, name } of [ruled, plain]) {
      const origin = { sourceName: name, sourceCategory: '', sourceHost: '', collector: 'edge' };
      const body = Buffer.from(`${[HEADER, line('198.51.100.7'), line('203.0.113.9'), line('192.0.2.1')].join('\n')}\n`);
      await spool.append(id, [{ header: { id: `http-key:${id}:1`, name, origin, received: Date.now() }, body }]);
    }
    await spool.close();
    for (const { id } of [ruled, plain]) await sources.remove(id);

    const stored = () => place.rows("SELECT source_name, replace(toString(srcaddr), '::ffff:', '') FROM bartizan.vpc_flow ORDER BY ALL");
    const collection = await openCollection(place);
    await expect.poll(stored).toEqual([
      ['plain', '192.0.2.1'],
      ['plain', '198.51.100.7'],
      ['plain', '203.0.113.9'],
      ['ruled', '0.0.0.0'],
      ['ruled', '192.0.2.1'],
    ]);
    await expect.poll(() => collection.spool.sources.size).toBe(0);
    expect((await sources.removed()).get(ruled.id)).toEqual(records);
    await collection.close();
    await (await openCollection(place)).close();
    expect(await sources.removed()).toEqual(new Map());
  } finally {
    await place.close();
  }
});

it('does not come back in what is counted, whatever of it is still stored; another source is counted on', async () => {
  const place = await openPlace();
  const { sources } = place.metadata;
  try {
    const collector = await sources.createCollector({ name: 'edge', description: '' });
    const common = { collector: collector.id, kind: 'http', sourceName: '', sourceCategory: '', sourceHost: '', connection: {}, secrets: {} } as const;
    const create = (name: string) => sources.create({ ...common, name, records: DEFAULT_RECORD_SETTINGS });
    const [gone, kept] = [await create('gone'), await create('kept')];
    const collection = await openCollection(place);
    const lags: string[] = [];
    collection.traffic.onLag = (source) => lags.push(source);
    let deliveries = 0;
    const receive = async ({ id, name }: { id: string; name: string }) => {
      const origin = { sourceName: name, sourceCategory: '', sourceHost: '', collector: 'edge' };
      const body = Buffer.from(`${HEADER}\n${line('192.0.2.1')}\n`);
      const header = { id: `http-key:${id}:${++deliveries}`, name, origin, received: Date.now() };
      await collection.receive({ id, kind: 'http', name, paused: false, origin }, body.length, [{ header, body }]);
    };
    const stored = async () => Number((await place.rows('SELECT count() FROM bartizan.vpc_flow'))[0]?.[0]);
    const counted = (id: string) => {
      const { deliveries: n, counts, errors, lastStored } = collection.status(id);
      return [n, counts.records, errors.length, lastStored === null];
    };
    for (const source of [gone, kept]) await receive(source);
    await expect
      .poll(() => [counted(gone.id), counted(kept.id)])
      .toEqual([
        [1, 1, 0, false],
        [1, 1, 0, false],
      ]);

    await sources.remove(gone.id);
    await collection.reload();
    expect(counted(gone.id)).toEqual([0, 0, 0, true]);
    // A request that was under way when it was removed.
    for (const source of [gone, kept]) await receive(source);
    collection.traffic.failed(gone.id, 'not-stored', 'late');
    collection.traffic.failed(kept.id, 'not-stored', 'late');
    await expect.poll(() => stored()).toBe(4);
    await expect.poll(() => collection.spool.sources.size).toBe(0);
    expect([counted(gone.id), counted(kept.id)]).toEqual([
      [0, 0, 0, true],
      [2, 2, 1, false],
    ]);
    expect(lags.sort()).toEqual([gone.id, kept.id, kept.id].sort());
    await collection.close();
  } finally {
    await place.close();
  }
});
