/** Digests as they come, looked at and kept as what they prove: in the metadata database, or in memory for a command that verifies. */
import type { DigestFile, DigestIntake, LogFiles } from '../../collect/digests.ts';
import type { TrailKeys } from '../../collect/trail-keys.ts';
import { addDigest, type Chain, newChain } from '../../formats/cloudtrail/digest-chain.ts';
import type { Metadata } from '../../store/metadata.ts';
import { checkDigest, type TrailId } from './check.ts';

export interface TrailKey extends TrailId {
  readonly source: string;
}

/** Where chains are kept. */
export interface Chains {
  get(key: TrailKey): Promise<Chain | undefined>;
  save(key: TrailKey, chain: Chain): Promise<void>;
}

export class MemoryChains implements Chains {
  readonly all = new Map<string, { readonly key: TrailKey; readonly chain: Chain }>();
  async get(key: TrailKey): Promise<Chain | undefined> {
    return this.all.get(JSON.stringify(key))?.chain;
  }
  async save(key: TrailKey, chain: Chain): Promise<void> {
    this.all.set(JSON.stringify(key), { key, chain });
  }
}

export function storedChains(proofs: Metadata['proofs']): Chains {
  return {
    async get(key) {
      const text = await proofs.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as Chain);
    },
    save: (key, chain) => proofs.save(key, JSON.stringify(chain)),
  };
}

export interface TrailProofsOptions {
  readonly chains: Chains;
  /** Undefined: signatures are not checked. */
  readonly keys: TrailKeys | undefined;
  /** Hears of a file that does not have the name of a digest. */
  readonly onUnnamed?: (message: string) => void;
}

export class TrailProofs implements DigestIntake {
  readonly #options: TrailProofsOptions;
  #turn: Promise<void> = Promise.resolve();
  /** Digests that were looked at. */
  taken = 0;

  constructor(options: TrailProofsOptions) {
    this.#options = options;
  }

  async take(file: DigestFile, logFiles: LogFiles): Promise<void> {
    const checked = await checkDigest(file, logFiles, this.#options.keys);
    if ('unnamed' in checked) {
      this.#options.onUnnamed?.(checked.unnamed);
      return;
    }
    const { trail, link } = checked;
    const { chains } = this.#options;
    const key = { source: file.source, trail: trail.trail, home: trail.home, account: trail.account, region: trail.region };
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
