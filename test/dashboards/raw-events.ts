/** Raw CloudTrail events through the real pipeline into a real store, with a server over it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openWorkspace, type Workspace } from '../../src/cli/workspace.ts';
import { loadConfig } from '../../src/config.ts';
import { startServer, type TestServer } from '../api/helpers.ts';

export interface TrailServer {
  readonly server: TestServer;
  readonly workspace: Workspace;
  /** Stores records of trails: objects become one `{"Records": […]}`, texts a file each as they are. All are events and are stored. */
  ingest(...records: readonly (object | string)[]): Promise<void>;
  close(): Promise<void>;
}

export async function startTrailServer(): Promise<TrailServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-trail-'));
  const workspace = await openWorkspace(loadConfig({ env: {}, flags: { data: join(folder, 'data'), workers: 1 } }));
  const { store, catalogs, lookups, pipeline, metadata } = workspace;
  const server = await startServer({
    deps: { store, catalogs, lookups, library: metadata.library, absentMask: () => metadata.absentMask(), present: () => metadata.present() },
  });
  let files = 0;
  return {
    server,
    workspace,
    async ingest(...records) {
      const objects = records.filter((record) => typeof record === 'object');
      const texts = [...(objects.length ? [JSON.stringify({ Records: objects })] : []), ...records.filter((record) => typeof record === 'string')];
      const paths = await Promise.all(
        texts.map(async (text) => {
          const path = join(folder, `${files++}.json`);
          await writeFile(path, text);
          return path;
        }),
      );
      expect(await pipeline.ingest(paths)).toMatchObject({ records: records.length, stored: records.length, quarantined: 0 });
    },
    async close() {
      await server.close();
      await workspace.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
