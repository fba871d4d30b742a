/** A data directory for benches, as the product opens it. */
import { rmSync } from 'node:fs';
import { openWorkspace, type Workspace } from '../src/cli/workspace.ts';
import { loadConfig } from '../src/config.ts';
import type { Value } from '../src/store/store.ts';

export const BENCH_DIR = process.env.BENCH_DIR ?? '.cache/bench';

export interface Bench extends Workspace {
  rows(sql: string, threads?: number): Promise<readonly (readonly Value[])[]>;
  command(sql: string, settings?: { threads?: number }): Promise<void>;
}

export async function openBench(name: string, fresh = true): Promise<Bench> {
  const data = `${BENCH_DIR}/${name}`;
  if (fresh) rmSync(data, { recursive: true, force: true });
  const workspace = await openWorkspace(loadConfig({ env: process.env, flags: { data } }));
  return {
    ...workspace,
    rows: async (text, threads = 2) => (await workspace.store.rows({ text, params: {} }, { maxSeconds: 600, threads })).rows,
    command: (text, { threads = 2 } = {}) => workspace.store.command({ text, params: {} }, { maxSeconds: 600, threads, lane: 'background' }),
  };
}
