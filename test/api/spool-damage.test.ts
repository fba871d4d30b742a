/** A spool that the disk damaged: what could be read is stored, and the API, readiness, the metrics and the source tell of the rest. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Spool } from '../../src/ingest/spool.ts';
import { NOTICES } from '../../src/ingest/vitals.ts';
import { lines, openCollection, openPlace } from '../ingest/helpers.ts';
import { startServer } from './helpers.ts';

it('is told of for as long as the damaged bytes lie there, and keeps nothing else from being stored', async () => {
  const place = await openPlace();
  const folder = join(place.directory, 'spool');
  const deps = { store: place.store, sources: place.metadata.sources, clock: Date.now };
  let collection = await openCollection(place);
  let server = await startServer({ deps: { ...deps, collection } });
  const ready = async () => (await (await fetch(`${server.base}/readyz`)).json()) as { ok: boolean; notices: { code: string; message: string }[] };
  const spool = async () => ((await (await server.call('/api/v1/sources')).json()) as { spool: { bytes: number; damaged: object } }).spool;
  try {
    expect(await ready()).toEqual({ ok: true, reasons: [], notices: [] });
    expect((await spool()).damaged).toEqual({ pieces: 0, bytes: 0 });
    const collector = (await (await server.post('/api/v1/collectors', { name: 'edge' })).json()) as { id: string };
    const made = await server.post('/api/v1/sources', { collector: collector.id, kind: 'http', name: 'web', sourceCategory: 'damage' });
    const { source, address } = (await made.json()) as { source: { id: string }; address: { token: string } };

    // What is acknowledged while nothing is stored stays in the spool.
    await collection.close();
    const writing = await Spool.open({ folder, maxBytes: 2 ** 20, minFreeBytes: 0, clock: Date.now });
    const origin = { sourceName: 'web', sourceCategory: 'damage', sourceHost: '', collector: 'edge' };
    const ends: number[] = [];
    for (let n = 0; n < 5; n++) {
      await writing.append(source.id, [
        { header: { id: `http-key:${source.id}:${n}`, name: 'web', origin, received: Date.now() }, body: Buffer.from(lines(10, n)) },
      ]);
      ends.push(writing.status().bytes);
    }
    await writing.close();
    const path = join(folder, source.id, readdirSync(join(folder, source.id))[0] as string);
    const bytes = readFileSync(path);
    bytes.fill('#', (ends[2] as number) - 200, (ends[2] as number) - 100);
    writeFileSync(path, bytes);

    await server.close();
    collection = await openCollection(place, 2 ** 20);
    server = await startServer({ deps: { ...deps, collection } });
    await expect.poll(async () => (await spool()).bytes).toBe(0);
    const damaged = { pieces: 1, bytes: (ends[2] as number) - (ends[1] as number) };
    expect((await spool()).damaged).toEqual(damaged);
    const { ok, notices } = await ready();
    expect([ok, notices.map((n) => n.code)]).toEqual([true, ['spool-damaged']]);
    expect(notices[0]?.message).toBe(`${NOTICES['spool-damaged']} 1 piece, ${damaged.bytes} bytes.`);
    const metrics = await (await fetch(`${server.base}/metrics`)).text();
    expect(metrics).toContain('\nbartizan_spool_damaged_pieces 1\n');
    expect(metrics).toContain(`\nbartizan_spool_damaged_bytes ${damaged.bytes}\n`);
    expect(collection.status(source.id).errors.map(({ code, count }) => [code, count])).toEqual([['spool-damaged', 1]]);
    await expect
      .poll(async () => place.rows("SELECT count(), uniqExact(interface_id) FROM bartizan.vpc_flow WHERE source_category = 'damage'"))
      .toEqual([[40, 28]]);
    // It goes on as if nothing were wrong.
    expect((await fetch(`${server.base}/v1/http/${address.token}`, { method: 'POST', body: lines(7, 9) })).status).toBe(200);
    await expect.poll(async () => (await place.rows("SELECT count() FROM bartizan.vpc_flow WHERE source_category = 'damage'"))[0]?.[0]).toBe(47);
    expect((await spool()).damaged).toEqual(damaged);
  } finally {
    await server.close();
    await collection.close();
    await place.close();
  }
});
