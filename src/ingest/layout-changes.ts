/** Layouts of streams by their source, and what of them a decoding thread has not been told yet: most deliveries bring nothing new. */

import type { Origin } from '../model/batch.ts';

/** A stream's layout; null: it is not known any more. */
export type LayoutChange = readonly [stream: string, layout: string | null];

/** What a thread is told of the streams of a source. `whole`: what it was told before does not count any more. */
export interface LayoutNews {
  readonly whole: boolean;
  readonly changes: readonly LayoutChange[];
}

interface OfSource {
  readonly layouts: Map<string, string>;
  /** In their order; who has read so many needs only what follows. */
  readonly changes: LayoutChange[];
}

/** Changes that are kept beside twice as many as there are streams; then they are begun anew. */
const SLACK = 200;

/** Lines of one source and log group have one layout; of what somebody named, those of one file. */
export function streamOf({ source, origin }: { readonly source: string; readonly origin: Origin }): string {
  return source === '' ? `|${origin.sourceName}|${origin.logGroup ?? ''}` : `${source}|${origin.logGroup ?? ''}`;
}

const sourceOf = (stream: string) => stream.slice(0, stream.indexOf('|'));

export class SourceLayouts {
  readonly #sources = new Map<string, OfSource>();

  constructor(streams: Iterable<readonly [stream: string, layout: string]> = []) {
    for (const [stream, layout] of streams) this.set(stream, layout);
  }

  set(stream: string, layout: string): void {
    this.#change(stream, layout);
  }

  delete(stream: string): void {
    this.#change(stream, null);
  }

  of(source: string): Readonly<OfSource> | undefined {
    return this.#sources.get(source);
  }

  #change(stream: string, layout: string | null): void {
    const source = sourceOf(stream);
    const { layouts, changes } = this.#sources.get(source) ?? { layouts: new Map<string, string>(), changes: [] };
    if (layout === null) layouts.delete(stream);
    else layouts.set(stream, layout);
    changes.push([stream, layout]);
    this.#sources.set(source, { layouts, changes: changes.length > 2 * layouts.size + SLACK ? [...layouts] : changes });
  }
}

/** What each thread was told. */
export class ToldLayouts {
  readonly #told = new Map<number, Map<string, { readonly of: readonly LayoutChange[]; readonly upTo: number }>>();

  /** What a thread is to be told before it reads of a source, and is taken as told; undefined: nothing. */
  next(worker: number, source: string, layouts: SourceLayouts): LayoutNews | undefined {
    const changes = layouts.of(source)?.changes;
    if (!changes) return undefined;
    const told = this.#told.get(worker) ?? new Map();
    this.#told.set(worker, told);
    const before = told.get(source);
    const whole = before?.of !== changes;
    const from = whole ? 0 : before.upTo;
    if (from === changes.length && !(whole && before)) return undefined;
    told.set(source, { of: changes, upTo: changes.length });
    return { whole, changes: changes.slice(from) };
  }

  /** Another thread takes its place. */
  lost(worker: number): void {
    this.#told.delete(worker);
  }
}

/** What a thread knows. */
export class KnownLayouts {
  readonly #sources = new Map<string, Map<string, string>>();

  hear(source: string, { whole, changes }: LayoutNews): void {
    const known = (whole ? undefined : this.#sources.get(source)) ?? new Map<string, string>();
    this.#sources.set(source, known);
    for (const [stream, layout] of changes) {
      if (layout === null) known.delete(stream);
      else known.set(stream, layout);
    }
  }

  of(stream: string): string | undefined {
    return this.#sources.get(sourceOf(stream))?.get(stream);
  }
}
