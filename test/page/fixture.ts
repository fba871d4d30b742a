/** The data directory that the files of this folder start from: filled once for a run of tests, copied by each file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { writeFlows } from '../../bench/flows.ts';
import { bartizan } from '../cli/helpers.ts';
import { newData } from '../store/new-store.ts';
import { END } from './browser.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A data directory that no process holds, with an hour of flows on each of four days. Files copy it and leave it as it is. */
    readonly filledData: string;
  }
}

export default async function fill(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-filled-'));
  const [logs, data] = [join(folder, 'logs'), newData(join(folder, 'data'))];
  for (let day = 0; day < 4; day++) writeFlows({ directory: join(logs, `day-${day}`), count: 12_000, files: 12, end: END - day * 86_400, seed: 20 + day });
  const { code, out, err } = await bartizan(['ingest', logs, '--data', data]);
  if (code !== 0) throw new Error(`the fixture of the page's tests was not ingested:\n${out}${err}`);
  await rm(logs, { recursive: true });
  project.provide('filledData', data);
  return () => rm(folder, { recursive: true, force: true });
}
