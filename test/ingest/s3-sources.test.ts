/** An S3 source that ends in a way that nobody foresaw is in trouble, and the process goes on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { S3Sources } from '../../src/ingest/s3-sources.ts';
import { storedChains } from '../../src/ingest/trails/proofs.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { openMetadata } from '../../src/store/metadata.ts';
import { KEYS, REGION } from '../collect/s3/aws.ts';

it('says why a source ended, and starts it again with the next change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-s3-sources-'));
  const metadata = await openMetadata(join(folder, 'metadata.db'), () => 1);
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => void unhandled.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen);
  try {
    const { sources, proofs } = metadata;
    const collector = await sources.createCollector({ name: 'c', description: '' });
    const { secretAccessKey, ...key } = KEYS;
    const connection = { mode: 'list', bucket: 'bucket', region: REGION, endpoint: 'http://127.0.0.1:1', digests: 'signatures', credentials: key };
    const body = { description: '', sourceCategory: '', sourceName: '', sourceHost: '', records: DEFAULT_RECORD_SETTINGS, connection };
    const secrets = { 'credentials.secretAccessKey': secretAccessKey };
    const source = await sources.create({ ...body, collector: collector.id, kind: 's3', name: 's', secrets });
    const said: string[] = [];
    let broken = true;
    const running = new S3Sources({
      sources,
      intake: { take: () => Promise.reject(new Error('nothing is delivered here')) },
      trails: { chains: storedChains(proofs), keys: undefined },
      folder,
      log: {
        info: () => undefined,
        // As where the log is a pipe whose reader has gone.
        warn(_, message) {
          said.push(message);
          if (broken) throw new Error('EPIPE');
        },
      },
      proxy: undefined,
      clock: Date.now,
    });
    const origin = { sourceName: '', sourceCategory: '', sourceHost: '', collector: '' };
    await running.apply([{ source, origin }]);
    await expect.poll(() => running.status(source.id).trouble).toContain('EPIPE');
    expect(running.status(source.id).running).toBeUndefined();
    broken = false;
    const before = said.length;
    await running.apply([{ source, origin }]);
    await expect.poll(() => [running.status(source.id).running?.state, said.length > before]).toEqual(['failing', true]);
    expect(running.status(source.id).trouble).toBeUndefined();
    await running.close();
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', listen);
    for (const other of others) process.on('unhandledRejection', other as NodeJS.UnhandledRejectionListener);
    await metadata.close();
    await rm(folder, { recursive: true, force: true });
  }
});
