/**
 * Exports: every row of a query as a file. A request is checked and kept under an id; its rows are read
 * once, when the file is fetched, as fast as the client takes them.
 */
import { randomBytes } from 'node:crypto';
import { csvHead, csvLine, jsonLine, type RowFormat } from '../query/row-text.ts';
import type { ExportRequest, ExportResponse } from './contract/exports.ts';
import type { ServerDeps } from './deps.ts';
import { Problem } from './errors.ts';
import { type Streamed, streamed } from './streamed.ts';

/** An export that nobody fetched is forgotten. */
const KEEP_MS = 5 * 60_000;
/** Requests that are kept; the oldest goes. */
const MOST_KEPT = 200;
/** Files that are read at the same time. */
const AT_ONCE = 2;
/** Characters that are handed on together. */
const PIECE = 64 * 1024;

const MIME: Readonly<Record<RowFormat, string>> = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' };

interface Kept {
  readonly query: Streamed;
  readonly file: string;
  readonly format: RowFormat;
  readonly guard: boolean;
  readonly end: string;
  readonly expires: number;
}

export interface ExportFile {
  readonly name: string;
  readonly mime: string;
  /**
   * The text in pieces. Throws StoreError; the first piece comes before an answer need begin. When the signal
   * aborts, the engine is let go and the text ends, also while nobody reads: who reads must then look at the signal.
   */
  text(signal: AbortSignal): AsyncGenerator<string, void, undefined>;
}

export class Exports {
  readonly #deps: ServerDeps;
  readonly #kept = new Map<string, Kept>();
  #running = 0;

  constructor(deps: ServerDeps) {
    this.#deps = deps;
  }

  /** Throws Problem and DiagnosticError for what cannot be run. */
  create(request: ExportRequest): ExportResponse {
    const query = streamed(this.#deps, request);
    const id = randomBytes(18).toString('base64url');
    const file = `${fileName(request.name)}.${request.format}`;
    const expires = this.#deps.clock() + KEEP_MS;
    for (const [old, { expires: ends }] of this.#kept) if (ends <= this.#deps.clock() || this.#kept.size >= MOST_KEPT) this.#kept.delete(old);
    this.#kept.set(id, {
      query,
      file,
      format: request.format,
      guard: request.guardFormulas,
      end: request.format === 'csv' && request.lineEnd === 'crlf' ? '\r\n' : '\n',
      expires,
    });
    return {
      id,
      path: `/api/v1/exports/${id}`,
      file,
      expires,
      columns: query.columns?.map((c) => ({ ...c })) ?? null,
      maxRows: this.#deps.settings.exportMaxRows,
      warnings: [...query.warnings],
    };
  }

  /** The file of an id, once. Throws Problem. */
  take(id: string): ExportFile {
    const kept = this.#kept.get(id);
    if (!kept || kept.expires <= this.#deps.clock())
      throw new Problem('export-gone', 'This export is not there any more.', { hint: 'An export is fetched once, within five minutes. Start it again.' });
    if (this.#running >= AT_ONCE)
      throw new Problem('too-many-requests', `${AT_ONCE} exports are running.`, { hint: 'Fetch this one again when one of them is done.' });
    this.#kept.delete(id);
    return { name: kept.file, mime: MIME[kept.format], text: (signal) => this.#heard(this.#text(kept, signal), signal) };
  }

  /** A generator whose reader is gone would keep its place and its engine session for good. */
  #heard(text: ReturnType<ExportFile['text']>, signal: AbortSignal): ReturnType<ExportFile['text']> {
    signal.addEventListener('abort', () => void text.return().catch(() => undefined), { once: true });
    return text;
  }

  async *#text(kept: Kept, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const { exportMaxRows, exportMaxSeconds } = this.#deps.settings;
    const { guard, format, end } = kept;
    this.#running++;
    try {
      const chunks = kept.query.rows({ lane: 'background', signal, maxSeconds: exportMaxSeconds, ...(exportMaxRows ? { maxResultRows: exportMaxRows } : {}) });
      let text = '';
      let headed = format !== 'csv';
      for await (const { columns, rows } of chunks) {
        if (!headed) text += csvHead(columns, guard) + end;
        headed = true;
        for (const row of rows) {
          text += (format === 'csv' ? csvLine(columns, row, guard) : jsonLine(columns, row)) + end;
          if (text.length < PIECE) continue;
          yield text;
          text = '';
        }
      }
      yield text;
    } finally {
      this.#running--;
    }
  }
}

/** Letters and digits of any script; the rest becomes a dash. */
function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '') || 'bartizan';
}
