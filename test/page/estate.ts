/** The demo's estate, stored: an hour of its flows and a day of its events, its interfaces, threats and administrators. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { addAdministrator } from '../../src/api/administrators.ts';
import { demoNetworks, startDemo } from '../../src/cli/demo.ts';
import { loadActivity, loadEstate } from '../../src/cli/demo-estate.ts';
import { trailKeysOf } from '../../src/cli/demo-trail.ts';
import { openWorkspace } from '../../src/cli/workspace.ts';
import { loadConfig } from '../../src/config.ts';
import { createDemoEvents } from '../../src/demo/events.ts';
import { openInterfaceHistory } from '../../src/ingest/interface-history.ts';
import { newData } from '../store/new-store.ts';

const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
const SEED = 1;
/** Of digests: three accounts in three regions. */
const CHAINS = 9;
/** A role and a pattern of names, of the demo's people. */
const ADMINISTRATORS = ['PlatformEngineer', 'engineer*', 'root'];

/** Fills a data directory below a folder with what lies before `end` (epoch seconds, a full hour), and answers it. */
export async function fillEstate(folder: string, end: number): Promise<string> {
  const [data, logs] = [newData(join(folder, 'data')), join(folder, 'logs')];
  const last = end / 60;
  const workspace = await openWorkspace(loadConfig({ env: {}, flags: { data, internalNetworks: demoNetworks(), workers: 1, logLevel: 'error' } }), {
    fileKeys: () => trailKeysOf(data),
  });
  try {
    for (const entry of ADMINISTRATORS) await addAdministrator({ library: workspace.metadata.library, catalogs: workspace.catalogs }, { entry, note: '' });
    const stop = new AbortController();
    const { finished } = await startDemo({
      dataDir: data,
      pipeline: workspace.pipeline,
      interfaces: openInterfaceHistory(workspace.store, workspace.metadata),
      threats: workspace,
      signal: stop.signal,
      say: (text) => {
        throw new Error(text);
      },
      now: () => end * 1000,
      historyMinutes: HOUR_MINUTES,
    });
    // The digests come last, all accounts and regions of the hour together.
    for (let tries = 0; (await workspace.metadata.proofs.list(CHAINS)).length < CHAINS; tries++) {
      if (tries > 2400) throw new Error('the digests of the demo did not come');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    stop.abort();
    await finished;
    for (const { name, text } of createDemoEvents(loadEstate(), loadActivity(), SEED).files(last - DAY_MINUTES, last - HOUR_MINUTES)) {
      const path = join(logs, `${name}.gz`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, gzipSync(text, { level: 1 }));
    }
    const { failures } = await workspace.pipeline.ingest([logs], {});
    if (failures[0]) throw new Error(`${failures[0].path}: ${failures[0].message}`);
  } finally {
    await workspace.close();
  }
  return data;
}
