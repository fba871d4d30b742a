/** The interface lookups that run: started, restarted after a change, and stopped, as the settings say. */
import type { InterfaceHistory } from '../collect/ec2/history.ts';
import { type Ec2Settings, joinEc2Secrets } from '../collect/ec2/settings.ts';
import type { Ec2Log, Ec2Source, Ec2Status } from '../collect/ec2/source.ts';
import type { Source, Sources } from '../store/sources.ts';

export interface Ec2SourcesOptions {
  readonly sources: Sources;
  readonly history: InterfaceHistory;
  readonly log: Ec2Log;
  /** The outbound proxy of all that name none. */
  readonly proxy: string | undefined;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly onSnapshot: (source: string) => void;
}

export class Ec2Sources {
  readonly #options: Ec2SourcesOptions;
  readonly #running = new Map<string, { readonly revision: number; readonly source: Ec2Source }>();
  /** Why a lookup could not be started. */
  readonly #troubles = new Map<string, string>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: Ec2SourcesOptions) {
    this.#options = options;
  }

  /** Makes what runs what should run: the lookups that are not paused. */
  apply(wanted: readonly Source[]): Promise<void> {
    const turn = this.#turn.then(() => this.#apply(wanted));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  status(id: string): { readonly running: Ec2Status | undefined; readonly trouble: string | undefined } {
    return { running: this.#running.get(id)?.source.status(), trouble: this.#troubles.get(id) };
  }

  async close(): Promise<void> {
    await this.#turn;
    await Promise.all([...this.#running.values()].map(({ source }) => source.stop()));
  }

  async #apply(wanted: readonly Source[]): Promise<void> {
    const revisions = new Map(wanted.map((source) => [source.id, source.revision]));
    const ending = [...this.#running].filter(([id, { revision }]) => revisions.get(id) !== revision);
    await Promise.all(
      ending.map(async ([id, { source }]) => {
        await source.stop();
        this.#running.delete(id);
      }),
    );
    this.#troubles.clear();
    for (const source of wanted) if (!this.#running.has(source.id)) await this.#start(source);
  }

  async #start({ id, name, revision, connection }: Source): Promise<void> {
    const { sources, history, log, proxy, clock, onSnapshot } = this.#options;
    let settings: Ec2Settings;
    try {
      settings = joinEc2Secrets(connection, await sources.secrets(id));
    } catch (error) {
      this.#troubles.set(id, error instanceof Error ? error.message : String(error));
      return;
    }
    // Here, and not at every command's start: EC2's client takes longer to load than all other clients together.
    const { startEc2Source } = await import('../collect/ec2/source.ts');
    const source = startEc2Source({
      name,
      settings: settings.proxy === undefined && proxy !== undefined ? { ...settings, proxy } : settings,
      history,
      log,
      clock,
      onSnapshot: () => onSnapshot(id),
    });
    this.#running.set(id, { revision, source });
  }
}
