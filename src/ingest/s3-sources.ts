/** The S3 sources that run: started, restarted after a change, and stopped, as the settings say. */
import type { Intake } from '../collect/delivery.ts';
import { Limiter } from '../collect/s3/limiter.ts';
import { joinSecrets, type S3Settings } from '../collect/s3/settings.ts';
import { type S3Log, type S3Source, startS3Source } from '../collect/s3/source.ts';
import type { S3Status } from '../collect/s3/status.ts';
import { AskedTrailKeys, joinKeys, type TrailKeys } from '../collect/trail-keys.ts';
import type { Origin } from '../model/batch.ts';
import type { Source, Sources } from '../store/sources.ts';
import { type Chains, TrailProofs } from './trails/proofs.ts';

/** Where what CloudTrail's digests prove is kept, and public keys that every source may use. */
export interface Trails {
  readonly chains: Chains;
  readonly keys: TrailKeys | undefined;
}

export interface S3SourcesOptions {
  readonly sources: Sources;
  readonly intake: Intake;
  /** Undefined: digests are passed over. */
  readonly trails: Trails | undefined;
  /** Folder of downloads. */
  readonly folder: string;
  readonly log: S3Log;
  /** The outbound proxy of all that name none. */
  readonly proxy: string | undefined;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

interface Running {
  /** What it was started with. */
  readonly fingerprint: string;
  readonly source: S3Source;
}

export class S3Sources {
  readonly #options: S3SourcesOptions;
  readonly #limiter = new Limiter();
  readonly #running = new Map<string, Running>();
  /** Why a source could not be started. */
  readonly #troubles = new Map<string, string>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: S3SourcesOptions) {
    this.#options = options;
  }

  /** Makes what runs what should run: the sources that are not paused, each with the origin of its records. */
  apply(wanted: readonly { readonly source: Source; readonly origin: Origin }[]): Promise<void> {
    const turn = this.#turn.then(() => this.#apply(wanted));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  status(id: string): { readonly running: S3Status | undefined; readonly trouble: string | undefined } {
    return { running: this.#running.get(id)?.source.status(), trouble: this.#troubles.get(id) };
  }

  async close(): Promise<void> {
    await this.#turn;
    await Promise.all([...this.#running.values()].map(({ source }) => stopped(source)));
  }

  async #apply(wanted: readonly { readonly source: Source; readonly origin: Origin }[]): Promise<void> {
    const prints = new Map(wanted.map(({ source, origin }) => [source.id, JSON.stringify([source.revision, origin])]));
    const ending = [...this.#running].filter(([id, { fingerprint }]) => prints.get(id) !== fingerprint);
    await Promise.all(
      ending.map(async ([id, { source }]) => {
        await stopped(source);
        this.#running.delete(id);
      }),
    );
    this.#troubles.clear();
    for (const { source, origin } of wanted) if (!this.#running.has(source.id)) await this.#start(source, origin, prints.get(source.id) ?? '');
  }

  async #start(source: Source, origin: Origin, fingerprint: string): Promise<void> {
    const { sources, intake, trails, folder, log, proxy, clock } = this.#options;
    let settings: S3Settings;
    try {
      settings = joinSecrets(source.connection, await sources.secrets(source.id));
    } catch (error) {
      this.#troubles.set(source.id, error instanceof Error ? error.message : String(error));
      return;
    }
    const connection = settings.proxy === undefined && proxy !== undefined ? { ...settings, proxy } : settings;
    const asked =
      trails && settings.digests === 'signatures' ? new AskedTrailKeys({ access: connection, endpoint: settings.cloudtrailEndpoint, clock }) : undefined;
    const keys = joinKeys([trails?.keys, asked].filter((from) => from !== undefined));
    const started = startS3Source({
      id: source.id,
      name: source.name,
      settings: connection,
      records: source.records,
      origin,
      intake,
      digests: trails && new TrailProofs({ chains: trails.chains, keys, onUnnamed: (message) => log.warn({ source: source.name }, message) }),
      checkpoints: {
        get: (id, name) => sources.checkpoint(id, name),
        set: (id, name, value) => sources.saveCheckpoint(id, name, value ?? null),
        list: async (id) => [...(await sources.checkpoints(id, '')).keys()],
      },
      limiter: this.#limiter,
      folder,
      log,
      clock,
    });
    this.#running.set(source.id, { fingerprint, source: started });
    void started.ended
      .catch((error: unknown) => {
        // The next change starts it again.
        if (this.#running.get(source.id)?.source === started) this.#running.delete(source.id);
        const message = `The source ended: ${error instanceof Error ? error.message : String(error)}`;
        this.#troubles.set(source.id, message);
        log.warn({ source: source.name }, message);
      })
      .catch(() => undefined)
      .finally(() => asked?.close());
  }
}

/** Why one ended is told where it was started. */
function stopped(source: S3Source): Promise<void> {
  return source.stop().catch(() => undefined);
}
