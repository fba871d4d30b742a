/**
 * An interface lookup: every interval it asks each region of an account for its interfaces and hands each whole answer to the
 * history. A region that fails is tried again at the next interval, and changes nothing meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Ec2Clients } from './clients.ts';
import { describeRegion, RETRIES, type Retries } from './describe.ts';
import type { InterfaceHistory } from './history.ts';
import { Ec2Failure, type Ec2Problem, explainEc2 } from './problems.ts';
import type { Ec2Settings } from './settings.ts';

export interface Ec2Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface Ec2SourceOptions {
  readonly name: string;
  readonly settings: Ec2Settings;
  readonly history: InterfaceHistory;
  readonly log: Ec2Log;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** A region's answer was taken. */
  readonly onSnapshot?: () => void;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly retries?: Retries;
}

export interface RegionStatus {
  /** Epoch milliseconds at which the region's last whole answer was taken. */
  readonly lastTaken: number | undefined;
  readonly interfaces: number;
  /** Since the start. */
  readonly changes: number;
  /** Why the last try failed. */
  readonly problem: Ec2Problem | undefined;
}

export interface Ec2Status {
  /** Account that is asked; undefined before it is known. */
  readonly scope: string | undefined;
  readonly regions: ReadonlyMap<string, RegionStatus>;
  /** One a code and region, the latest first. */
  readonly problems: readonly (Ec2Problem & { readonly count: number; readonly lastAt: number })[];
  /** Requests that were asked again. */
  readonly retries: number;
}

export interface Ec2Source {
  status(): Ec2Status;
  /** Resolves when it has stopped. Never throws. */
  stop(): Promise<void>;
}

/** A change of the clock below this is the work of other lookups of the same account, or of NTP. */
const CLOCK_SECONDS = 60;
const NOTHING: RegionStatus = { lastTaken: undefined, interfaces: 0, changes: 0, problem: undefined };

/** Returns at once; what goes wrong is in the status and tried again until the source is stopped. */
export function startEc2Source(options: Ec2SourceOptions): Ec2Source {
  const { name, settings, history, log, clock } = options;
  const clients = new Ec2Clients(settings, options.environment);
  const stopping = new AbortController();
  const { signal } = stopping;
  const regions = new Map<string, RegionStatus>(settings.regions.map((region) => [region, NOTHING]));
  const problems = new Map<string, Ec2Problem & { count: number; lastAt: number }>();
  let scope: string | undefined;
  let retries = 0;

  const report = (region: string, problem: Ec2Problem): void => {
    const key = `${region} ${problem.code}`;
    const known = problems.get(key);
    problems.set(key, { ...problem, count: (known?.count ?? 0) + 1, lastAt: clock() });
    if (!known) log.warn({ source: name, region, code: problem.code }, `${problem.message} ${problem.hint}`);
  };

  const take = async (region: string): Promise<void> => {
    let action = 'sts:GetCallerIdentity';
    try {
      scope ??= await clients.scope(signal);
      const at = Math.floor(clock() / 1000);
      const interfaces = await describeRegion({
        client: clients.in(region),
        region,
        retries: options.retries ?? RETRIES,
        signal,
        onAction: (next) => {
          action = next;
        },
        onRetry: () => {
          retries += 1;
        },
      });
      if (signal.aborted) return;
      const changes = await history.take({ scope, region, at, interfaces }).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw new Ec2Failure('not-stored', `What ${region} answered could not be stored: ${why}`, 'It is tried again at the next interval.');
      });
      const before = regions.get(region) ?? NOTHING;
      const changed = changes.added + changes.changed + changes.gone;
      regions.set(region, { lastTaken: clock(), interfaces: interfaces.length, changes: before.changes + changed, problem: undefined });
      options.onSnapshot?.();
      if (changes.clockBack > CLOCK_SECONDS)
        report(
          region,
          new Ec2Failure(
            'clock-went-back',
            `This machine’s clock is ${changes.clockBack} s before what ${region} said last.`,
            'Let the machine set its clock by NTP. Changes are placed after those that are known until it has caught up.',
          ).problem,
        );
    } catch (error) {
      if (signal.aborted) return;
      const problem = explainEc2(error, clients.doing({ action, resource: action.startsWith('sts:') ? 'the credentials' : region, region }));
      regions.set(region, { ...(regions.get(region) ?? NOTHING), problem });
      report(region, problem);
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      for (const region of settings.regions) if (!signal.aborted) await take(region);
      // Many lookups that were started together do not ask together.
      const pause = settings.intervalMinutes * 60_000 * (0.95 + Math.random() / 20);
      await delay(pause, undefined, { signal, ref: false }).catch(() => {});
    }
    clients.close();
  };

  log.info({ source: name, regions: settings.regions }, 'The interface lookup starts.');
  const ended = run();
  return {
    status: () => ({
      scope,
      regions: new Map(regions),
      problems: [...problems.values()].sort((a, b) => b.lastAt - a.lastAt),
      retries,
    }),
    stop() {
      stopping.abort(new Error('the lookup stops'));
      return ended;
    },
  };
}
