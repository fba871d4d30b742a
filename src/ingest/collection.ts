/**
 * All that collects while the server runs: what is pushed (into the spool, from there into the pipeline)
 * and what is pulled. One home for what a source is doing: running, paused, its traffic and its troubles.
 */
import { createHash } from 'node:crypto';
import type { Intake } from '../collect/delivery.ts';
import type { InterfaceHistory } from '../collect/ec2/history.ts';
import type { Ec2Status } from '../collect/ec2/source.ts';
import type { S3Log } from '../collect/s3/source.ts';
import type { S3Status } from '../collect/s3/status.ts';
import type { Origin } from '../model/batch.ts';
import type { RecordSettings, SourceKind } from '../model/source.ts';
import type { Metadata } from '../store/metadata.ts';
import type { Source } from '../store/sources.ts';
import { Ec2Sources } from './ec2-sources.ts';
import { S3Sources, type Trails } from './s3-sources.ts';
import { type Append, PLACE_PREFIX, Spool, SpoolError, type SpoolOptions, type SpoolStatus } from './spool.ts';
import { SpoolDrain } from './spool-drain.ts';
import { Traffic, type TrafficStatus } from './traffic.ts';

export interface CollectionOptions {
  readonly metadata: Pick<Metadata, 'sources' | 'forget' | 'forgetExcept'>;
  readonly intake: Intake;
  readonly trails?: Trails;
  /** What interface lookups find out. */
  readonly interfaces: InterfaceHistory;
  readonly spool: SpoolOptions;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Folder of objects that are downloaded. */
  readonly downloads: string;
  /** The outbound proxy of sources that name none. */
  readonly proxy: string | undefined;
  readonly log: S3Log;
}

/** A source that something was pushed to. */
export interface Receiving {
  readonly id: string;
  readonly kind: SourceKind;
  readonly name: string;
  readonly paused: boolean;
  /** Of its records, where a request says nothing else. */
  readonly origin: Origin;
}

export interface CollectingStatus extends TrafficStatus {
  /** Bytes that wait in the spool. */
  readonly spooled: number;
  /** Why nothing of it is stored or fetched at the moment. */
  readonly trouble: string | undefined;
  /** Of an S3 source that runs. */
  readonly s3: S3Status | undefined;
  /** Of an interface lookup that runs. */
  readonly ec2: Ec2Status | undefined;
}

/** How long a token that was right is not looked up again, milliseconds. */
const TOKEN_MS = 5000;

/** What is known of a source beside its settings. */
interface Known {
  readonly receiving: Receiving;
  readonly records: RecordSettings;
}

export class Collection {
  readonly #options: CollectionOptions;
  readonly #spool: Spool;
  readonly #drain: SpoolDrain;
  readonly #s3: S3Sources;
  readonly #ec2: Ec2Sources;
  readonly traffic: Traffic;
  /** By id; read anew after a change. */
  #known = new Map<string, Known>();
  /** How records of removed sources are read: what of them is in the spool is masked and left out as when it was acknowledged. */
  #removed: ReadonlyMap<string, RecordSettings> = new Map();
  /** Source by the token's hash, for some seconds. */
  readonly #tokens = new Map<string, { readonly id: string; readonly until: number }>();

  private constructor(options: CollectionOptions, spool: Spool) {
    this.#options = options;
    this.#spool = spool;
    this.traffic = new Traffic(options.clock);
    spool.onDamage = (source, message) => this.#damaged(source, message);
    const intake = this.#counted(options.intake);
    const { sources } = options.metadata;
    const { downloads, proxy, log, clock } = options;
    this.#s3 = new S3Sources({ sources, intake, trails: options.trails, folder: downloads, proxy, log, clock });
    this.#ec2 = new Ec2Sources({ sources, history: options.interfaces, proxy, log, clock, onSnapshot: (source) => this.traffic.delivered(source, 0) });
    this.#drain = new SpoolDrain({
      spool,
      intake,
      settingsOf: async (source) => this.#known.get(source)?.records ?? this.#removed.get(source),
      forget: (prefix) => options.metadata.forget(prefix),
      onError: (source, message) => {
        this.traffic.failed(source, 'not-stored', message);
        options.log.warn({ source }, message);
      },
    });
  }

  static async open(options: CollectionOptions): Promise<Collection> {
    const spool = await Spool.open(options.spool);
    // Of files that were passed over, or that a crash let go of before the ledger did.
    await options.metadata.forgetExcept(PLACE_PREFIX, spool.files);
    const collection = new Collection(options, spool);
    // Before anything is received: later something of a removed source may be on its way into the spool.
    const { sources } = options.metadata;
    await sources.forgetRemoved([...(await sources.removed()).keys()].filter((id) => !spool.holds(id)));
    await collection.reload();
    // Not before: records of a source that is not known yet would be read without its rules, and what these mask be stored.
    collection.#drain.begin();
    for (const { source, message } of spool.found) collection.#damaged(source, message);
    return collection;
  }

  #damaged(source: string, message: string): void {
    this.traffic.failed(source, 'spool-damaged', message);
    this.#options.log.warn({ source }, message);
  }

  /** After a change of sources, collectors or tokens. */
  async reload(): Promise<void> {
    const { sources } = this.#options.metadata;
    const collectors = new Map((await sources.collectors()).map((c) => [c.id, c]));
    const known = new Map<string, Known>();
    const pulled: { source: Source; origin: Origin }[] = [];
    const lookups: Source[] = [];
    for (const source of await sources.list()) {
      const collector = collectors.get(source.collector);
      const paused = source.paused || (collector?.paused ?? false);
      const origin = originOf(source, collector?.name ?? '');
      known.set(source.id, { receiving: { id: source.id, kind: source.kind, name: source.name, paused, origin }, records: source.records });
      // An object's own address says more than the source's name.
      if (source.kind === 's3' && !paused) pulled.push({ source, origin: { ...origin, sourceName: source.sourceName } });
      if (source.kind === 'ec2' && !paused) lookups.push(source);
    }
    this.traffic.keep(new Set(known.keys()));
    this.#removed = await sources.removed();
    this.#known = known;
    this.#tokens.clear();
    await Promise.all([this.#s3.apply(pulled), this.#ec2.apply(lookups)]);
  }

  /** The source whose token it is; undefined when it is none of a source of this kind. */
  async authorize(token: string, kind: SourceKind): Promise<Receiving | undefined> {
    const hash = createHash('sha256').update(token).digest('base64url');
    const now = this.#options.clock();
    const cached = this.#tokens.get(hash);
    let id = cached && cached.until > now ? cached.id : undefined;
    if (id === undefined) {
      id = await this.#options.metadata.sources.sourceOf(token);
      // Of wrong tokens nothing is kept: there is no end to them.
      if (id === undefined) this.#tokens.delete(hash);
      else this.#tokens.set(hash, { id, until: now + TOKEN_MS });
    }
    const receiving = id === undefined ? undefined : this.#known.get(id)?.receiving;
    return receiving?.kind === kind ? receiving : undefined;
  }

  /** Resolves when the entries are on the disk. Throws SpoolError. */
  async receive(source: Receiving, bytes: number, entries: readonly Append[]): Promise<void> {
    try {
      if (entries.length > 0) await this.#spool.append(source.id, entries);
    } catch (error) {
      if (error instanceof SpoolError) this.traffic.failed(source.id, error.code, error.message);
      throw error;
    }
    this.traffic.delivered(source.id, bytes);
  }

  /** Name of a source; undefined where it is gone. */
  nameOf(source: string): string | undefined {
    return this.#known.get(source)?.receiving.name;
  }

  get spool(): SpoolStatus {
    return this.#spool.status();
  }

  status(source: string): CollectingStatus {
    const s3 = this.#s3.status(source);
    const ec2 = this.#ec2.status(source);
    return {
      ...this.traffic.status(source),
      spooled: this.#spool.status().sources.get(source)?.bytes ?? 0,
      trouble: this.#drain.troubles.get(source) ?? s3.trouble ?? ec2.trouble,
      s3: s3.running,
      ec2: ec2.running,
    };
  }

  #counted(intake: Intake): Intake {
    return {
      take: async (delivery) => {
        const outcome = await intake.take(delivery);
        // What is pulled is delivered when it is stored; what is pushed was counted when it was received.
        if (this.#known.get(delivery.source)?.receiving.kind === 's3') this.traffic.delivered(delivery.source, delivery.size);
        this.traffic.stored(delivery.source, outcome.counts, outcome.known, delivery.sentAt ?? this.#options.clock());
        return outcome;
      },
    };
  }

  /** Takes nothing more; what is acknowledged and not stored yet stays on the disk. */
  async close(): Promise<void> {
    this.#drain.stop();
    await Promise.all([this.#s3.close(), this.#ec2.close()]);
    await this.#spool.close();
  }
}

function originOf(source: Source, collector: string): Origin {
  return { sourceName: source.sourceName || source.name, sourceCategory: source.sourceCategory, sourceHost: source.sourceHost, collector };
}
