/** Raw CloudTrail events through the real pipeline into a real store, with a server over it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openWorkspace, type Workspace } from '../../src/cli/workspace.ts';
import { loadConfig } from '../../src/config.ts';
import { startServer, type TestServer } from '../api/helpers.ts';
import { type MmdbContent, writeMmdb } from '../enrich/write-mmdb.ts';
import { newData } from '../store/new-store.ts';

export interface TrailServer {
  readonly server: TestServer;
  readonly workspace: Workspace;
  /** Stores records of trails: objects become one `{"Records": […]}`, texts a file each as they are. All are events and are stored. */
  ingest(...records: readonly (object | string)[]): Promise<void>;
  ingestAs(sourceCategory: string | undefined, records: readonly (object | string)[]): Promise<void>;
  close(): Promise<void>;
}

/** `places`: all that is known of where IPv4 addresses are. */
export async function startTrailServer(places: MmdbContent['networks'] = []): Promise<TrailServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-trail-'));
  const placeV4 = join(folder, 'places.mmdb');
  await writeFile(placeV4, writeMmdb({ recordSize: 24, ipVersion: 4, networks: places }));
  const workspace = await openWorkspace(loadConfig({ env: {}, flags: { data: newData(join(folder, 'data')), workers: 1, placeV4 } }));
  const { store, catalogs, lookups, pipeline, metadata } = workspace;
  const server = await startServer({
    deps: { store, catalogs, lookups, library: metadata.library, absentMask: () => metadata.absentMask(), present: () => metadata.present() },
  });
  let files = 0;
  const ingestAs: TrailServer['ingestAs'] = async (sourceCategory, records) => {
    const objects = records.filter((record) => typeof record === 'object');
    const texts = [...(objects.length ? [JSON.stringify({ Records: objects })] : []), ...records.filter((record) => typeof record === 'string')];
    const paths = await Promise.all(
      texts.map(async (text) => {
        const path = join(folder, `${files++}.json`);
        await writeFile(path, text);
        return path;
      }),
    );
    const summary = await pipeline.ingest(paths, sourceCategory === undefined ? {} : { sourceCategory });
    expect(summary).toMatchObject({ records: records.length, stored: records.length, quarantined: 0 });
  };
  return {
    server,
    workspace,
    ingestAs,
    ingest: (...records) => ingestAs(undefined, records),
    async close() {
      await server.close();
      await workspace.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
