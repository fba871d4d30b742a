/** The hour of the demo with its last incident in it, stored by the real pipeline. */
import { expect } from 'vitest';
import { demoNetworks, startDemo } from '../../src/cli/demo.ts';
import { loadIncident } from '../../src/cli/demo-estate.ts';
import { openWorkspace, type Workspace } from '../../src/cli/workspace.ts';
import { loadConfig } from '../../src/config.ts';
import { openInterfaceHistory } from '../../src/ingest/interface-history.ts';
import { newData } from '../store/new-store.ts';

const { cycle } = loadIncident();
const NOW = Math.floor(Date.now() / 60_000) - 5;
/** Of the last incident that is over, in minutes since the epoch. */
export const BEGIN = Math.floor((NOW - 50 - cycle.at) / cycle.every) * cycle.every + cycle.at;
export const END = BEGIN + 50;

/** Fills a new data directory and leaves it open. */
export async function openIncident(dataDir: string): Promise<Workspace> {
  const workspace = await openWorkspace(loadConfig({ env: {}, flags: { data: newData(dataDir), internalNetworks: demoNetworks(), workers: 1 } }));
  await feedDemo(workspace, dataDir);
  return workspace;
}

/** What `serve --demo` does at its start. The clock stands still a moment after the incident's end, so that the history is all of it and little more. */
export async function feedDemo(workspace: Workspace, dataDir: string): Promise<void> {
  const controller = new AbortController();
  const { finished } = await startDemo({
    dataDir,
    pipeline: workspace.pipeline,
    interfaces: openInterfaceHistory(workspace.store, workspace.metadata),
    threats: workspace,
    signal: controller.signal,
    say: (text) => expect(text).toBe(''),
    now: () => END * 60_000,
    historyMinutes: 60,
  });
  controller.abort();
  await finished;
}
