/** Digests as they come, looked at and kept as what they prove: in the metadata database, or in memory for a command that verifies. */
import type { DigestFile, DigestIntake, LogFiles } from '../../collect/digests.ts';
import type { TrailKeys } from '../../collect/trail-keys.ts';
import { digestName } from '../../formats/cloudtrail/digest.ts';
import { addDigest, type Chain, comparedBefore, type DigestRef, newChain, waiting } from '../../formats/cloudtrail/digest-chain.ts';
import type { Metadata } from '../../store/metadata.ts';
import { checkDigest, type TrailId } from './check.ts';

export interface TrailKey extends TrailId {
  readonly source: string;
}

/** Where chains are kept. */
export interface Chains {
  get(key: TrailKey): Promise<Chain | undefined>;
  save(key: TrailKey, chain: Chain): Promise<void>;
  of(source: string): Promise<readonly KeptChain[]>;
}

interface KeptChain {
  readonly key: TrailKey;
  readonly chain: Chain;
}

export class MemoryChains implements Chains {
  readonly all = new Map<string, KeptChain>();
  async get(key: TrailKey): Promise<Chain | undefined> {
    return this.all.get(JSON.stringify(key))?.chain;
  }
  async save(key: TrailKey, chain: Chain): Promise<void> {
    this.all.set(JSON.stringify(key), { key, chain });
  }
  async of(source: string): Promise<readonly KeptChain[]> {
    return [...this.all.values()].filter(({ key }) => key.source === source);
  }
}

export function storedChains(proofs: Metadata['proofs']): Chains {
  return {
    async get(key) {
      const text = await proofs.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as Chain);
    },
    save: (key, chain) => proofs.save(key, JSON.stringify(chain)),
    of: async (source) => (await proofs.of(source)).map(({ chain, ...key }) => ({ key, chain: JSON.parse(chain) as Chain })),
  };
}

export interface TrailProofsOptions {
  readonly chains: Chains;
  /** Undefined: signatures are not checked. */
  readonly keys: TrailKeys | undefined;
  /** Hears of a file that does not have the name of a digest. */
  readonly onUnnamed?: (message: string) => void;
}

/** Keys that are looked for at once. */
const MOST_LOOKED_FOR = 50;

export class TrailProofs implements DigestIntake {
  readonly #options: TrailProofsOptions;
  #turn: Promise<void> = Promise.resolve();
  /** Digests that were looked at. */
  taken = 0;

  constructor(options: TrailProofsOptions) {
    this.#options = options;
  }

  async waiting(source: string): Promise<readonly string[]> {
    const { keys, chains } = this.#options;
    if (!keys) return [];
    const objects: string[] = [];
    /** By region and fingerprint: whether there is one now. */
    const known = new Map<string, boolean>();
    for (const { key: trail, chain } of await chains.of(source)) {
      for (const { object, key, at } of waiting(chain)) {
        // A digest that is not proven may name anything as the one before it.
        const name = digestName(object);
        if (name?.trail !== trail.trail || name.home !== trail.home || name.account !== trail.account || name.region !== trail.region) continue;
        if (key !== undefined) {
          const wanted = `${trail.region} ${key}`;
          if (!known.has(wanted)) known.set(wanted, known.size < MOST_LOOKED_FOR && (await keys.find(key, trail.region, at)) !== undefined);
          if (!known.get(wanted)) continue;
        }
        objects.push(object);
      }
    }
    return objects;
  }

  async take(file: DigestFile, logFiles: LogFiles, again = false): Promise<void> {
    const before = async (trail: TrailId, digest: DigestRef) => {
      const chain = await this.#options.chains.get({ source: file.source, ...trail });
      return chain && comparedBefore(chain, digest);
    };
    const checked = await checkDigest(file, logFiles, this.#options.keys, again ? before : undefined);
    if ('unnamed' in checked) {
      this.#options.onUnnamed?.(checked.unnamed);
      return;
    }
    const { trail, link } = checked;
    const { chains } = this.#options;
    const key = { source: file.source, ...trail };
    // One after the other: a chain is read, changed and written.
    const turn = this.#turn.then(async () => {
      const chain = (await chains.get(key)) ?? newChain();
      addDigest(chain, link);
      await chains.save(key, chain);
      this.taken += 1;
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
