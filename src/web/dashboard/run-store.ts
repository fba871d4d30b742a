/**
 * What every panel shows right now. Panels of a dashboard load in one streamed run; a panel whose own
 * window or measure changed, or that is tried again, loads in a run of its own. An event counts only for
 * the newest run that a panel was asked in, so a slow old answer never replaces a new one. Results stay
 * on the page while the next run is under way, and when it fails, as long as they answer what is asked.
 */
import type { KnownGap } from '../../api/contract/completeness.ts';
import type { OutputColumn, RunEvent, RunRequest, Window } from '../../api/contract.ts';
import type { Panel } from '../../dashboards/schema.ts';
import { type ErrorBody, explain, post } from '../api/client.ts';
import { readLines } from '../api/ndjson.ts';

export type PanelEvent = Extract<RunEvent, { type: 'panel' }>;

export interface PanelResult {
  readonly window: Window;
  readonly state: PanelEvent['state'];
  readonly columns: OutputColumn[];
  readonly rows: unknown[][];
  readonly timeslice?: number | undefined;
  /** There are more rows than these; the first in the panel's order came. */
  readonly truncated: boolean;
  /** Without rows: from the oldest to the newest record that there is; null where there is none. */
  readonly extent?: Window | null | undefined;
  readonly seconds: number;
}

export interface PanelState {
  readonly loading: boolean;
  /** 0 to 1 while the server says so. */
  readonly progress?: number | undefined;
  readonly stopped: boolean;
  readonly result?: PanelResult | undefined;
  /** What the result answers. */
  readonly question?: string | undefined;
  /** The panel that it is of, where panels go along with what is asked. */
  readonly panel?: Panel | undefined;
  /** Beside a result: that it could not be refreshed. */
  readonly error?: ErrorBody | undefined;
  /** Instant that the result is computed at, epoch ms. */
  readonly refreshedAt?: number | undefined;
}

export interface RunSummary {
  readonly skipdata: number;
  /** What is known to be missing in the window. */
  readonly missing: readonly KnownGap[];
  readonly window: Window | null;
  /** A failure of the run itself, such as an unreadable time. */
  readonly error?: ErrorBody | undefined;
}

export type Asked = Partial<RunRequest> & { readonly panels: string[] };
type Fetch = (path: string, body: unknown, signal: AbortSignal) => Promise<Response>;
/** The panels that go along with what is asked, as they are when it is; none where the server has them. */
type Given = () => readonly Panel[];

const NOTHING: PanelState = { loading: false, stopped: false };

interface Run {
  /** Counts the runs: what is known of all panels together is that of the newest which says it. */
  readonly number: number;
  readonly abort: AbortController;
  readonly waiting: Set<string>;
  readonly asked: Asked;
  readonly panels: ReadonlyMap<string, Panel>;
  snapshot: number;
}

/** What of a panel its rows depend on: another title asks nothing anew. */
export function computed({ title: _, description: __, width: ___, height: ____, meaning: _____, ...rest }: Panel): unknown {
  return rest;
}

/** Of a panel: its window as it is written, filters and measure, and the panel where it may be another one. */
function questionOf({ asked: { from, to, filters, timeZone, windows, measures }, panels }: Run, id: string): string {
  const panel = panels.get(id);
  return JSON.stringify([windows?.[id] ?? { from, to }, filters, timeZone, measures?.[id], panel && computed(panel)]);
}

export class RunStore {
  readonly #path: string;
  readonly #send: Fetch;
  readonly #given: Given;
  readonly #panels = new Map<string, PanelState>();
  readonly #runs = new Map<string, Run>();
  readonly #listeners = new Set<() => void>();
  #summary: RunSummary = { skipdata: 0, missing: [], window: null };
  #started = 0;
  /** Number of the run that the summary is of. */
  #told = 0;

  constructor(dashboard: string, send: Fetch = post, given: Given = () => []) {
    this.#path = `/api/v1/dashboards/${encodeURIComponent(dashboard)}/run`;
    this.#send = send;
    this.#given = given;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  panel(id: string): PanelState {
    return this.#panels.get(id) ?? NOTHING;
  }

  summary(): RunSummary {
    return this.#summary;
  }

  /** Anything under way? */
  busy(): boolean {
    return this.#runs.size > 0;
  }

  /** Whether answers came, and each of them says that no record exists at all of what is read. */
  nothingStored(): boolean {
    const results = [...this.#panels.values()].flatMap(({ result }) => result ?? []);
    return results.length > 0 && results.every(({ extent }) => extent === null);
  }

  /** Runs panels; resolves when the answer has ended. Never rejects: what fails is shown in the panels. */
  async run(asked: Asked): Promise<void> {
    const panels = new Map(this.#given().map((panel) => [panel.id, panel]));
    const run: Run = { number: ++this.#started, abort: new AbortController(), waiting: new Set(asked.panels), asked, panels, snapshot: Date.now() };
    for (const id of asked.panels) {
      this.#leave(id);
      this.#runs.set(id, run);
      this.#set(id, { ...this.panel(id), loading: true, stopped: false, progress: undefined });
    }
    this.#tell();
    try {
      const response = await this.#send(this.#path, asked, run.abort.signal);
      if (!response.body) throw new Error('The answer has no body.');
      for await (const event of readLines<RunEvent>(response.body)) this.#take(run, event);
      this.#fail(run, { code: 'answer-cut-off', message: 'The answer ended before this panel came.', hint: 'Try again.' });
    } catch (error) {
      if (!run.abort.signal.aborted) {
        const body = explain(error);
        this.#sum(run, { error: body });
        this.#fail(run, body);
      }
    }
    this.#tell();
  }

  /** Stops waiting for a panel; the server stops working when nobody waits any more. */
  stop(id: string): void {
    if (!this.#runs.has(id)) return;
    this.#leave(id);
    this.#set(id, { ...this.panel(id), loading: false, stopped: true, progress: undefined });
    this.#tell();
  }

  stopAll(): void {
    for (const id of [...this.#runs.keys()]) this.stop(id);
  }

  #take(run: Run, event: RunEvent): void {
    switch (event.type) {
      case 'start':
        run.snapshot = event.snapshot * 1000;
        this.#sum(run, { window: event.window, error: undefined });
        break;
      case 'progress':
        if (this.#runs.get(event.panel) === run) this.#set(event.panel, { ...this.panel(event.panel), progress: event.fraction });
        break;
      case 'panel': {
        const { window, state, columns, rows, timeslice, truncated, extent, stats } = event;
        const result = { window, state, columns, rows, timeslice, truncated, extent, seconds: stats.seconds };
        this.#settle(run, event.panel, { result, question: questionOf(run, event.panel), panel: run.panels.get(event.panel), refreshedAt: run.snapshot });
        break;
      }
      case 'error':
        this.#settle(run, event.panel, this.#failed(run, event.panel, event.error));
        break;
      case 'end':
        this.#sum(run, { skipdata: event.skipdata, missing: event.missing });
        break;
      default:
        event satisfies never;
    }
    this.#tell();
  }

  /** An older answer may still be on its way when a newer one is there: its last line comes after its last panel. */
  #sum(run: Run, part: Partial<RunSummary>): void {
    if (run.number < this.#told) return;
    this.#told = run.number;
    this.#summary = { ...this.#summary, ...part };
  }

  #settle(run: Run, id: string, state: Omit<PanelState, 'loading' | 'stopped'>): void {
    if (this.#runs.get(id) !== run) return;
    // Not #leave: the last panel's event must not cut off the end of the answer.
    this.#runs.delete(id);
    run.waiting.delete(id);
    this.#set(id, { loading: false, stopped: false, ...state });
  }

  #fail(run: Run, error: ErrorBody): void {
    for (const id of [...run.waiting]) this.#settle(run, id, this.#failed(run, id, error));
  }

  /** What was answered to another question would be taken for the answer to this one. */
  #failed(run: Run, id: string, error: ErrorBody): Omit<PanelState, 'loading' | 'stopped'> {
    const { result, question, panel, refreshedAt } = this.panel(id);
    return question === questionOf(run, id) ? { error, result, question, panel, refreshedAt } : { error };
  }

  #leave(id: string): void {
    const run = this.#runs.get(id);
    if (!run) return;
    this.#runs.delete(id);
    run.waiting.delete(id);
    if (run.waiting.size === 0) run.abort.abort();
  }

  #set(id: string, state: PanelState): void {
    this.#panels.set(id, state);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
