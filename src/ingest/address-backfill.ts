/**
 * Fills `address_day` for records that were stored before it existed: day by day, newest first, behind
 * everything else. Records that this release stores bring their own rows; the instant of their receipt tells
 * them apart. A day is filled under a token, and the days that are done are on record, so that it goes on
 * where a stop or a crash left it, and fills none twice. Of events there is nothing to fill in: all that are
 * stored were stored with their rows.
 */
import { type Dataset, FLOW_FORMATS, formatOf } from '../model/log-formats.ts';
import { join, num, param, type Sql, sql, statement } from '../query/sql.ts';
import type { Metadata } from '../store/metadata.ts';
import type { Store } from '../store/store.ts';

export interface BackfillOptions {
  readonly store: Store;
  readonly metadata: Pick<Metadata, 'setting' | 'saveSetting' | 'openManifests'>;
  /** Epoch seconds. */
  readonly now: () => number;
}

const SETTING = 'address-days';
const DAY = 86_400;
const BACKGROUND = { lane: 'background', threads: 1 } as const;
/** A day may have many records. */
const MOST_SECONDS = 6 * 3600;
const FLOWS = FLOW_FORMATS.map(({ flows }) => flows);

interface Progress {
  /** Records received before it (epoch seconds) are the ones to fill in; 0 when all is done. */
  readonly before: number;
  /** Partitions (days as YYYYMMDD) from this one on are done. */
  readonly doneTo: number;
}

const DONE: Progress = { before: 0, doneTo: 0 };

export class AddressBackfill {
  readonly #options: BackfillOptions;
  #progress: Progress;

  private constructor(options: BackfillOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
  }

  /** To be called before this release stores its first record: what is there then is what lacks its rows. */
  static async open(options: BackfillOptions): Promise<AddressBackfill> {
    const { store, metadata, now } = options;
    const saved = await metadata.setting(SETTING);
    if (saved !== undefined) return new AddressBackfill(options, JSON.parse(saved) as Progress);
    const counts = await store.rows(statement(sql`SELECT ${join(FLOWS.map(countOf), ' + ')}`), BACKGROUND);
    const empty = Number(counts.rows[0]?.[0] ?? 0) === 0 && (await metadata.openManifests()).length === 0;
    const progress = empty ? DONE : { before: now() + 1, doneTo: 99_999_999 };
    await metadata.saveSetting(SETTING, JSON.stringify(progress));
    // Receipts are in whole seconds: none of this release may be in the same one as an earlier release's last.
    while (now() < progress.before) await new Promise((resolve) => setTimeout(resolve, 50));
    return new AddressBackfill(options, progress);
  }

  get done(): boolean {
    return this.#progress.before === 0;
  }

  /** Fills what is left. Throws StoreError; `query-cancelled` when the signal ends it. Batches that a crash left must be stored by then. */
  async run(signal: AbortSignal): Promise<void> {
    while (!this.done) {
      const { before, doneTo } = this.#progress;
      const day = await this.#newestBelow(doneTo);
      if (day > 0) for (const dataset of FLOWS) await this.#fill(dataset, day, before, signal);
      this.#progress = day > 0 ? { before, doneTo: day } : DONE;
      await this.#options.metadata.saveSetting(SETTING, JSON.stringify(this.#progress));
    }
  }

  async #newestBelow(day: number): Promise<number> {
    const names = param('Array(String)', FLOWS);
    const found = await this.#options.store.rows(
      statement(
        sql`SELECT max(toUInt32(partition)) FROM system.parts WHERE active AND database = 'bartizan' AND has(${names}, table) AND toUInt32(partition) < ${num(day)}`,
      ),
      BACKGROUND,
    );
    return Number(found.rows[0]?.[0] ?? 0);
  }

  async #fill(dataset: Dataset, day: number, before: number, signal: AbortSignal): Promise<void> {
    const { text, params } = statement(sql`${rowsOf(dataset, startOf(day), before)}`);
    const columns = 'address, day, dataset, accepted, refused, bytes, first, last, received';
    // Both are of this project's own making: a name of a dataset and a number.
    const settings = `deduplicate_insert_select = 'force_enable', insert_deduplication_token = 'address-days-${dataset}-${day}'`;
    await this.#options.store.command(
      { text: `INSERT INTO bartizan.address_day (${columns}) SETTINGS ${settings} ${text}`, params },
      { ...BACKGROUND, signal, maxSeconds: MOST_SECONDS },
    );
  }
}

function countOf(dataset: Dataset): Sql {
  return sql`(SELECT count() FROM ${tableOf(dataset)})`;
}

function tableOf(dataset: Dataset): Sql {
  return dataset === 'tgw_flow' ? sql`bartizan.tgw_flow` : sql`bartizan.vpc_flow`;
}

/** Epoch seconds of the beginning of a day (YYYYMMDD). */
function startOf(day: number): number {
  return Date.UTC(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100) / 1000;
}

/** What address-days.ts makes of a batch, of the stored flows of a day, in an order that is always the same. */
function rowsOf(dataset: Dataset, from: number, before: number): Sql {
  const refused = formatOf(dataset).columns.has('action') ? sql`action = 'REJECT'` : sql`false`;
  const ends = sql`[direction IN ('inbound', 'external', ''), direction IN ('outbound', 'external', '')]`;
  const address = sql`arrayJoin(arrayDistinct(arrayFilter((end, external) -> external AND end != toIPv6('::'), [srcaddr, dstaddr], ${ends})))`;
  const window = sql`start >= toDateTime(${num(from)}, 'UTC') AND start < toDateTime(${num(from + DAY)}, 'UTC')`;
  const flows = sql`SELECT ${address} AS address, start, bytes, received, ${refused} AS is_refused FROM ${tableOf(dataset)}
    WHERE ${window} AND received < toDateTime(${num(before)}, 'UTC')`;
  const sums = sql`countIf(NOT is_refused), countIf(is_refused), sum(bytes), min(start), max(start), max(received)`;
  return sql`SELECT address, toDate(${num(from / DAY)}), ${param('String', dataset)}, ${sums} FROM (${flows}) GROUP BY address ORDER BY address`;
}
