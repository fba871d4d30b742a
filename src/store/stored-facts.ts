/**
 * What all stored records have in common, kept so that statements can leave out what cannot be. It only ever widens: a
 * fact that a removed record broke stays broken.
 */
import type { Kysely } from 'kysely';
import { CLOUDTRAIL, type Dataset, VPC_FLOW } from '../model/log-formats.ts';
import type { Manifest } from './manifest.ts';
import { readSetting, type SettingTables, saveSetting } from './settings.ts';

const ABSENT_MASK = 'absent-mask';
const MISSING_MASK = 'missing-mask';
const OTHER_LAYOUTS = 'other-layouts';
const PRESENT = 'datasets';
/** Datasets that a query may read without naming them. */
const UNNAMED: readonly Dataset[] = [VPC_FLOW.main, CLOUDTRAIL.main];
/** Nothing has been stored yet. */
const EVERYTHING = (1n << 64n) - 1n;

export class StoredFacts {
  #absent: bigint;
  #missing: bigint;
  #defaultOnly: boolean;
  readonly #present: Set<string>;

  private constructor(absent: bigint, missing: bigint, defaultOnly: boolean, present: Set<string>) {
    this.#absent = absent;
    this.#missing = missing;
    this.#defaultOnly = defaultOnly;
    this.#present = present;
  }

  static async load<T extends SettingTables>(db: Kysely<T>): Promise<StoredFacts> {
    const absent = await readSetting(db, ABSENT_MASK);
    const missing = await readSetting(db, MISSING_MASK);
    const other = await readSetting(db, OTHER_LAYOUTS);
    const present = await readSetting(db, PRESENT);
    const isNew = absent === undefined;
    return new StoredFacts(
      BigInt(absent ?? 0n),
      // Flows that were stored before this mask was kept may have any field.
      BigInt(missing ?? (isNew ? EVERYTHING : 0n)),
      (other ?? String(!isNew)) === 'false',
      // Before this was kept there were flows alone.
      new Set((present ?? (isNew ? '' : VPC_FLOW.main)).split(' ').filter(Boolean)),
    );
  }

  /** OR of the absent masks of all flows. */
  get absent(): bigint {
    return this.#absent;
  }

  /** AND of the same: fields that no flow has ever given. */
  get missing(): bigint {
    return this.#missing;
  }

  /** Whether all flows are in the default layout and their texts their values joined by spaces. */
  get defaultOnly(): boolean {
    return this.#defaultOnly;
  }

  /** Main datasets that records were ever stored in. */
  present(): readonly Dataset[] {
    return UNNAMED.filter((name) => this.#present.has(name));
  }

  /** Takes in what a batch brings. */
  add(manifest: Manifest): void {
    this.#absent |= BigInt(manifest.absentMask);
    this.#missing &= BigInt(manifest.missingMask ?? 0n);
    this.#defaultOnly &&= manifest.defaultOnly === true;
    for (const { table } of manifest.blocks) if (UNNAMED.some((name) => name === table)) this.#present.add(table);
  }

  /** In the transaction that commits the batch. */
  async save<T extends SettingTables>(db: Kysely<T>): Promise<void> {
    await saveSetting(db, ABSENT_MASK, this.#absent.toString());
    await saveSetting(db, MISSING_MASK, this.#missing.toString());
    await saveSetting(db, OTHER_LAYOUTS, String(!this.#defaultOnly));
    await saveSetting(db, PRESENT, this.present().join(' '));
  }
}
