/**
 * A window's flows in memory, for one run. The copy lives in a database whose tables the engine never
 * writes to disk, so that a crash leaves none behind.
 */

import { COLUMN_TYPES, VPC_FLOW } from '../model/log-formats.ts';
import type { Relations } from '../query/index.ts';
import { ident, join, num, type Sql, sql, statement } from '../query/sql.ts';
import type { Window } from './contract.ts';
import { inWindow } from './data.ts';
import type { ServerDeps } from './deps.ts';
import { rawRelations } from './relations.ts';

export interface WindowCopy {
  readonly relations: Relations;
  drop(): Promise<void>;
}

function tableOf(runId: string): Sql {
  return join([ident('bartizan_runs'), sql`.`, ident(runId)], ' ');
}

/** What is copied. */
interface Wanted {
  readonly reads: readonly string[];
  readonly window: Window;
}

/** Share of all rows of copies that flows with an indicator may take in one of them. */
const THREATS = 0.2;

/** The copies of a server. Together they hold no more rows than one of them may. */
export class WindowCopies {
  readonly #deps: ServerDeps;
  #rows = 0;
  #database: Promise<void> | undefined;

  constructor(deps: ServerDeps) {
    this.#deps = deps;
  }

  /** What statements read that run on a run's copy, whether or not it has been made. */
  relations(runId: string): Relations {
    const raw = rawRelations(this.#deps);
    const table = tableOf(runId);
    // A statement that is compiled again must not ask for columns that were not copied.
    return { ...raw, missingMask: 0n, defaultOnly: false, sums: false, table: (dataset) => (dataset === 'vpc_flow' ? table : raw.table(dataset)) };
  }

  /**
   * Copies columns of `vpc_flow` in a window of at most `rows` rows; undefined when there is no room.
   * Throws StoreError; then nothing is left behind.
   */
  async copy(runId: string, { reads, window }: Wanted, rows: number, signal: AbortSignal): Promise<WindowCopy | undefined> {
    return this.#copied(runId, reads, inWindow(window.from, window.to), rows, false, signal);
  }

  /** The same of the flows with a threat indicator at one end; undefined too where they are very many. */
  async copyThreats(runId: string, { reads, window }: Wanted, signal: AbortSignal): Promise<WindowCopy | undefined> {
    const retro = this.#deps.catalogs.current().threats?.retro;
    const start = ident('start');
    const ends = [
      ['src_indicator', 'srcaddr'],
      ['dst_indicator', 'dstaddr'],
    ] as const;
    const found = ends.flatMap(([number, address]) => [sql`${ident(number)} != 0`, ...(retro ? [sql`${retro(ident(address), start)} != 0`] : [])]);
    const rows = Math.floor(this.#deps.settings.copyRows * THREATS);
    return this.#copied(runId, reads, sql`${inWindow(window.from, window.to)} AND (${join(found, ' OR ')})`, rows, true, signal);
  }

  async #copied(runId: string, reads: readonly string[], where: Sql, rows: number, mayBeMore: boolean, signal: AbortSignal): Promise<WindowCopy | undefined> {
    if (rows === 0 || this.#rows + rows > this.#deps.settings.copyRows) return undefined;
    this.#rows += rows;
    const { store } = this.#deps;
    const table = tableOf(runId);
    const drop = async (): Promise<void> => {
      this.#rows -= rows;
      await store.command(statement(sql`DROP TABLE IF EXISTS ${table} SYNC`));
    };
    try {
      await this.#fill(`bartizan_runs.\`${runId}\``, table, reads, mayBeMore ? sql`${where} LIMIT ${num(rows + 1)}` : where, signal);
      if (mayBeMore && (await this.#count(table)) > rows) {
        await drop();
        return undefined;
      }
    } catch (error) {
      await drop().catch(() => undefined);
      throw error;
    }
    // Taken after the copy was made: what its rows lack is known by now.
    return { relations: this.relations(runId), drop };
  }

  async #count(table: Sql): Promise<number> {
    const { rows } = await this.#deps.store.rows(statement(sql`SELECT count() FROM ${table}`));
    return Number(rows[0]?.[0]);
  }

  async #fill(name: string, table: Sql, reads: readonly string[], where: Sql, signal: AbortSignal): Promise<void> {
    const { store } = this.#deps;
    // Whether a statement reads `absent` depends on rows that may land until it is compiled again.
    const columns = [...new Set(['start', 'absent', ...reads])].filter((column) => VPC_FLOW.columns.has(column));
    const definitions = columns.map((column) => `\`${column}\` ${COLUMN_TYPES.get(column)}`).join(', ');
    const list = join(columns.map(ident), ', ');
    this.#database ??= store.command(statement(sql`CREATE DATABASE IF NOT EXISTS bartizan_runs ENGINE = Memory`)).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
    await this.#database;
    // This database knows no rename, which CREATE … AS SELECT needs: made first, filled then.
    await store.command({ text: `CREATE TABLE ${name} (${definitions}) ENGINE = Memory`, params: {} });
    const rows = sql`SELECT ${list} FROM bartizan.vpc_flow WHERE ${where}`;
    await store.command(statement(sql`INSERT INTO ${table} (${list}) ${rows}`), { signal, threads: 2 });
  }
}
