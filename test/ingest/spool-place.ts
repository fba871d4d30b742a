/** Spools in a folder of their own for each test, and a disk that does not do what it is asked. */
import { readlinkSync } from 'node:fs';
import { mkdtemp, open as openFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Delivery, Outcome } from '../../src/collect/delivery.ts';
import { Spool } from '../../src/ingest/spool.ts';
import type { Entry } from '../../src/ingest/spool-file.ts';
import { NO_COUNTS } from '../../src/model/counts.ts';

export const ORIGIN = { sourceName: 'n', sourceCategory: 'c', sourceHost: '', collector: '' };

export interface SpoolPlace {
  /** Of the spool; that of the source `s` is in it. */
  readonly folder: string;
  /** What was told of damage, by this test's spools. */
  readonly told: string[];
  open(): Promise<Spool>;
  /** Names of the files of `s`, in order. */
  names(): Promise<string[]>;
}

/** Called once for a file of tests. `fileBytes`: a file is closed at this size. */
export function spoolPlace(fileBytes?: number): SpoolPlace {
  const place = { folder: '', told: [] as string[] };
  beforeEach(async () => {
    place.folder = join(await mkdtemp(join(tmpdir(), 'bartizan-spool-')), 'spool');
    place.told.length = 0;
  });
  afterEach(() => rm(join(place.folder, '..'), { recursive: true, force: true }));
  return Object.assign(place, {
    async open(): Promise<Spool> {
      const spool = await Spool.open({ folder: place.folder, maxBytes: 2 ** 24, minFreeBytes: 0, clock: Date.now, ...(fileBytes ? { fileBytes } : {}) });
      spool.onDamage = (source, message) => place.told.push(`${source}: ${message}`);
      return spool;
    },
    names: async () => (await readdir(join(place.folder, 's'))).sort(),
  });
}

/** An entry of `s`. Named entries are never joined: one frame each. */
export const append = (spool: Spool, body: string | Uint8Array, id: string) =>
  spool.append('s', [{ header: { id, name: 'x', origin: ORIGIN, received: 1 }, body: Buffer.from(body) }]);

export const ids = (entries: readonly Entry[]) => entries.map((entry) => entry.header.id);

/** Takes all that a drain brings; `taken`: ids. */
export function intakeOf(taken: string[]): { take(delivery: Delivery): Promise<Outcome> } {
  return {
    async take({ id }) {
      taken.push(id);
      return { counts: NO_COUNTS, known: false };
    },
  };
}

type Call = 'read' | 'sync' | 'datasync' | 'truncate';
type Handle = Record<Call, (this: { fd: number }, ...given: never[]) => Promise<unknown>>;

/** Runs with calls of open files and folders failing. `how` answers with which error; the path is the real one, `given` what the call is given. */
export async function disk(how: (call: Call, path: string, given: readonly unknown[]) => string | undefined, work: () => Promise<void>): Promise<void> {
  const probe = await openFile(tmpdir(), 'r');
  const handle = Object.getPrototypeOf(probe) as Handle;
  await probe.close();
  const { read, sync, datasync, truncate } = handle;
  const real: Handle = { read, sync, datasync, truncate };
  for (const call of Object.keys(real) as Call[])
    handle[call] = async function (...given) {
      const code = how(call, readlinkSync(`/proc/self/fd/${this.fd}`), given);
      if (code !== undefined) throw Object.assign(new Error(`${code}: i/o error, ${call}`), { code });
      return real[call].apply(this, given);
    };
  try {
    await work();
  } finally {
    Object.assign(handle, real);
  }
}
