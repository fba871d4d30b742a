/**
 * One run of a dashboard: all panels at one instant, each answered as soon as it is done, each failing
 * alone.
 *
 * Most panels read the same rows, so the window's needed columns are copied to memory once and the
 * panels run over the copy: rows are pruned, decompressed and filtered by time once, not 23 times, and
 * all panels see exactly the same rows. Flows with a threat indicator, which are few, are copied by
 * themselves for the panels that are about nothing else. Panels that read other windows do not wait for the
 * copies. A window that is too large for memory is read in place.
 */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type PanelTask, panelRows, panelsOf, planPanels, unknownPanels } from '../dashboards/plan.ts';
import type { Dashboard, Panel } from '../dashboards/schema.ts';
import { type Dataset, formatOf, VPC_FLOW } from '../model/log-formats.ts';
import { type Compiled, type CompileResult, compile, isConditionField, type Relations, shape } from '../query/index.ts';
import type { QueryResult } from '../store/store.ts';
import { knownGaps } from './completeness.ts';
import type { RunEvent, RunRequest, Window } from './contract.ts';
import { boundFlows, countSkipdata, type DataExtent, dataExtent, hasRecords, MAIN_DATASETS } from './data.ts';
import type { ServerDeps } from './deps.ts';
import { Problem, toAnswer } from './errors.ts';
import { succeeded } from './queries.ts';
import { onTables, rawRelations } from './relations.ts';
import { parseRange } from './time-range.ts';
import type { WindowCopies, WindowCopy } from './window-copy.ts';

/** Panels below which a copy costs more than it saves. */
const COPY_PANELS = 3;
/** The same of flows with an indicator, of which each panel would look for the few among all. */
const THREAT_PANELS = 2;
/**
 * Panels that read the table at the same time. Without a copy they group millions of rows, and more of
 * them than there are cores push one another's groups out of the processor's cache.
 */
const IN_PLACE = Math.max(2, availableParallelism());
/** How often a slow panel says how far it is. */
const PROGRESS_MS = 500;

export interface PreparedRun {
  readonly runId: string;
  /** Epoch seconds: `now` of every panel. */
  readonly now: number;
  readonly window: Window;
  readonly tasks: readonly PanelTask[];
  readonly request: RunRequest;
}

/** Checks a request before anything is sent. Throws Problem. */
export async function prepareRun(deps: ServerDeps, dashboard: Dashboard, request: RunRequest): Promise<PreparedRun> {
  const now = Math.floor(deps.clock() / 1000);
  const range = (from: string | number, to: string | number) => parseRange(from, to, now, request.timeZone);
  const all = [range(request.from, request.to), ...Object.values(request.windows).map((w) => range(w.from, w.to))];
  // "All time" begins with the first record that panels read.
  const first = all.some((r) => r.from === null) ? ((await dataExtent(deps.store, datasetsOf(deps, dashboard, request, now))).extent?.from ?? now) : 0;
  const [window = { from: 0, to: now }, ...own] = all.map(({ from, to }) => ({ from: from ?? Math.min(first, to - 1), to }));
  const windows = new Map(Object.keys(request.windows).map((id, i) => [id, own[i] as Window]));
  const choices = { panels: request.panels, windows, measures: request.measures };
  const unknown = unknownPanels(dashboard, choices);
  if (unknown.length) {
    const known = panelsOf(dashboard).map((p) => p.id);
    throw new Problem('invalid-request', `The dashboard has no panel “${unknown.join('”, “')}”.`, { hint: `It has: ${known.join(', ')}.` });
  }
  const field = request.filters.find((filter) => !isConditionField(filter.field, deps.catalogs.current()))?.field;
  if (field !== undefined) throw new Problem('invalid-request', `A filter names “${field}”, which is no field.`);
  return { runId: randomUUID(), now, window, tasks: planPanels(dashboard, choices, window), request };
}

/** Computes a prepared run. Never throws for a panel's failure; ends early when the signal aborts. */
export async function runDashboard(
  deps: ServerDeps,
  copies: WindowCopies,
  run: PreparedRun,
  emit: (event: RunEvent) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const { store, settings } = deps;
  const { window, runId } = run;
  await emit({ type: 'start', runId, snapshot: run.now, window, panels: run.tasks.map((t) => t.panel.id) });
  const options = { signal };
  const relations = { window: copies.relations(runId), threats: copies.relations(threatsOf(runId)) };
  const work = run.tasks.map((task): PanelWork => {
    const result = compileTask(deps, run, task, relations.window);
    const reads = result.ok ? result.compiled.datasets : [];
    const copy = copyFor(task, result);
    const onCopy = copy && { copy, mask: relations[copy].absentMask, result: copy === 'window' ? result : compileTask(deps, run, task, relations[copy]) };
    return { task, id: `${runId} ${task.panel.id}`, reads, ...(onCopy ? { onCopy } : {}) };
  });
  const datasets = [...new Set(work.flatMap(({ reads }) => reads))];
  const read = datasets.length ? datasets : MAIN_DATASETS;
  const census = new Census(deps, read, signal);
  const copying = {
    window: maybeCopy(deps, copies, run, work, signal),
    threats: maybeCopyThreats(deps, copies, run, work, signal),
  };
  // Nobody waits for the warnings before the end: the copy goes first.
  const about = copying.window
    .then(() =>
      Promise.all([
        datasets.some(isOfFlows) ? countSkipdata(store, window.from, window.to, options) : 0,
        knownGaps(deps, window, { filters: run.request.filters, flows: read.some(isOfFlows), events: !read.every(isOfFlows) }, options),
      ]),
    )
    .catch((error: unknown) => {
      if (!signal.aborted) deps.logger.error({ err: error }, 'the warnings of a window could not be read');
      return [0, []] as const;
    });

  const finish = new Set<string>();
  const progress = setInterval(() => void reportProgress(deps, work, finish, emit), PROGRESS_MS);
  try {
    const order = [...work.filter(({ onCopy }) => !onCopy), ...work.filter(({ onCopy }) => onCopy)];
    const lane = async (n: number): Promise<boolean> => n < IN_PLACE || (await copying.window) !== undefined;
    await inParallel(settings.panelConcurrency, lane, order, async (panel) => {
      const { task, id, onCopy } = panel;
      if (signal.aborted) return;
      try {
        const lacks = lacking(deps, task.panel);
        await emit(lacks ? await withoutRows(task, lacks, census) : await runPanel(deps, run, panel, onCopy && (await copying[onCopy.copy]), census, signal));
      } catch (error) {
        if (signal.aborted) return;
        const { status, body } = toAnswer(error);
        if (status >= 500) deps.logger.error({ err: error, panel: task.panel.id }, 'panel failed');
        await emit({ type: 'error', panel: task.panel.id, error: body.error });
      } finally {
        finish.add(id);
      }
    });
    if (signal.aborted) return;
    const [skipdata, missing] = await about;
    await emit({ type: 'end', seconds: (performance.now() - started) / 1000, skipdata, missing: [...missing] });
  } finally {
    clearInterval(progress);
    for (const copy of await Promise.all([copying.window, copying.threats])) await copy?.drop();
  }
}

/** Copies of a run: of all flows of its window, and of those with an indicator. */
type CopyKind = 'window' | 'threats';

/** Name of a run's copy of flows with an indicator. */
function threatsOf(runId: string): string {
  return `${runId}-threats`;
}

interface PanelWork {
  readonly task: PanelTask;
  /** Of the statement, for progress and cancel. */
  readonly id: string;
  /** Datasets that it is about; none where it does not compile. */
  readonly reads: readonly Dataset[];
  /** Of a panel that a copy can answer: compiled for it, with what flows might lack then. */
  readonly onCopy?: { readonly copy: CopyKind; readonly mask: bigint; readonly result: CompileResult };
}

/** The copy that a panel can be answered from: of flows alone there is one. What does not compile says so anywhere. */
function copyFor(task: PanelTask, result: CompileResult): CopyKind | undefined {
  if (!task.shared || (result.ok && !result.compiled.datasets.includes(VPC_FLOW.flows))) return undefined;
  if (!task.panel.needs) return 'window';
  return task.panel.needs === 'indicators' && result.ok && result.compiled.ofThreatsOnly ? 'threats' : undefined;
}

type Lacking = 'no-indicators' | 'no-administrators';

/** What the panel is about and is not there at all. */
function lacking(deps: ServerDeps, { needs }: Panel): Lacking | undefined {
  const { threats, administrators } = deps.catalogs.current();
  if (needs === 'indicators' && threats === undefined) return 'no-indicators';
  return needs === 'administrators' && administrators === undefined ? 'no-administrators' : undefined;
}

async function withoutRows(task: PanelTask, state: Lacking, census: Census): Promise<RunEvent> {
  const stats = { seconds: 0, rowsRead: 0, bytesRead: 0 };
  return { type: 'panel', panel: task.panel.id, window: task.window, state, columns: [], rows: [], truncated: false, extent: await census.extent(), stats };
}

function isOfFlows(dataset: Dataset): boolean {
  return formatOf(dataset).kind === 'flow';
}

/** Datasets that the panels of a dashboard read. */
function datasetsOf(deps: ServerDeps, dashboard: Dashboard, request: RunRequest, now: number): readonly Dataset[] {
  const window = { from: 0, to: now };
  const results = planPanels(dashboard, { windows: new Map(), measures: request.measures }, window).map((task) =>
    compileTask(deps, { now, request }, task, rawRelations(deps)),
  );
  const found = new Set(results.flatMap((result) => (result.ok ? result.compiled.datasets : [])));
  return found.size ? [...found] : MAIN_DATASETS;
}

/** What is there whatever the filters: each question is asked once, and only when an answer without rows needs it. */
class Census {
  readonly #deps: ServerDeps;
  readonly #datasets: readonly Dataset[];
  readonly #signal: AbortSignal;
  #extent: Promise<DataExtent> | undefined;
  readonly #known = new Map<string, Promise<boolean>>();

  /** `datasets`: those that the run reads. */
  constructor(deps: ServerDeps, datasets: readonly Dataset[], signal: AbortSignal) {
    this.#deps = deps;
    this.#datasets = datasets;
    this.#signal = signal;
  }

  /** Where records of the run's datasets exist at all. */
  async extent(): Promise<Window | null> {
    this.#extent ??= dataExtent(this.#deps.store, this.#datasets, { signal: this.#signal });
    return (await this.#extent).extent;
  }

  /** Whether there are records in a window. `relations`: any that hold it. Notes without traffic are not records of anything. */
  hasRecords(window: Window, datasets: readonly Dataset[], relations: Relations): Promise<boolean> {
    const read = datasets.filter((dataset) => MAIN_DATASETS.includes(dataset));
    const asked = read.length ? read : [VPC_FLOW.flows];
    const key = `${window.from} ${window.to} ${asked}`;
    let known = this.#known.get(key);
    if (!known) {
      known = hasRecords(this.#deps.store, asked.map(relations.table), window, { signal: this.#signal });
      this.#known.set(key, known);
    }
    return known;
  }
}

/** A copy of the window when enough panels can use it and it fits; a copy that fails is done without. */
async function maybeCopy(
  deps: ServerDeps,
  copies: WindowCopies,
  run: PreparedRun,
  work: readonly PanelWork[],
  signal: AbortSignal,
): Promise<WindowCopy | undefined> {
  const shared = work.filter(({ onCopy }) => onCopy?.copy === 'window');
  if (shared.length < COPY_PANELS) return undefined;
  return orInPlace(deps, signal, async () => {
    const rows = await boundFlows(deps.store, run.window, { signal });
    return copies.copy(run.runId, { reads: columnsOf(shared), window: run.window }, rows, signal);
  });
}

/** A copy of the flows with an indicator, in the same way. */
async function maybeCopyThreats(
  deps: ServerDeps,
  copies: WindowCopies,
  run: PreparedRun,
  work: readonly PanelWork[],
  signal: AbortSignal,
): Promise<WindowCopy | undefined> {
  const shared = work.filter(({ onCopy, task }) => onCopy?.copy === 'threats' && !lacking(deps, task.panel));
  if (shared.length < THREAT_PANELS) return undefined;
  return orInPlace(deps, signal, () => copies.copyThreats(threatsOf(run.runId), { reads: columnsOf(shared), window: run.window }, signal));
}

async function orInPlace(deps: ServerDeps, signal: AbortSignal, copy: () => Promise<WindowCopy | undefined>): Promise<WindowCopy | undefined> {
  try {
    return await copy();
  } catch (error) {
    if (!signal.aborted) deps.logger.warn({ err: error }, 'the window could not be copied; its panels read the table');
    return undefined;
  }
}

/** Columns that panels read of a copy. */
function columnsOf(work: readonly PanelWork[]): string[] {
  return [...new Set(work.flatMap(({ onCopy }) => (onCopy?.result.ok ? onCopy.result.compiled.reads : [])))];
}

function compileTask(deps: ServerDeps, run: Pick<PreparedRun, 'now' | 'request'>, task: PanelTask, relations: Relations): CompileResult {
  return compile(task.query, {
    from: task.window.from,
    to: task.window.to,
    now: run.now,
    timeZone: run.request.timeZone,
    conditions: [...run.request.filters, ...(task.panel.filters ?? [])],
    relations,
    catalog: deps.catalogs.current(),
    // One more than are shown, to know that there are more.
    maxRows: rowLimit(deps, task) + 1,
    ...(task.alignTo === undefined ? {} : { alignTo: task.alignTo }),
    ...(task.top ? { top: task.top } : {}),
  });
}

async function runPanel(
  deps: ServerDeps,
  run: PreparedRun,
  { task, id, onCopy }: PanelWork,
  copy: WindowCopy | undefined,
  census: Census,
  signal: AbortSignal,
): Promise<RunEvent> {
  const execute = async (relations: Relations) => {
    const known = relations === copy?.relations && onCopy?.mask === relations.absentMask ? onCopy.result : undefined;
    const { compiled } = succeeded(known ?? compileTask(deps, run, task, relations));
    return { compiled, answer: await deps.store.rows(compiled.statement, { id, signal, lane: 'interactive' }) };
  };
  const { compiled, answer } = copy ? await execute(copy.relations) : await onTables(deps, execute);
  const matched = answer.rows.length > 0;
  // Slices that are filled with zeros would say that nothing happened where nothing was ingested.
  const known = (matched && !compiled.fills) || (await census.hasRecords(task.window, compiled.datasets, copy?.relations ?? rawRelations(deps)));
  const state = known ? (matched ? 'data' : 'no-match') : 'no-data';
  return {
    type: 'panel',
    panel: task.panel.id,
    window: task.window,
    state,
    ...(state === 'data' ? {} : { extent: await census.extent() }),
    ...shown(deps, task, compiled, answer),
  };
}

/** A table shows its first rows; what is drawn against time or on a map needs all of its points, within reason. */
function rowLimit(deps: ServerDeps, task: PanelTask): number {
  return task.panel.kind === 'table' ? deps.settings.panelRows : deps.settings.panelPoints;
}

function shown(deps: ServerDeps, task: PanelTask, compiled: Compiled, answer: QueryResult) {
  const { columns, rows } = shape(compiled, answer.rows);
  const names = columns.map((c) => c.name);
  const limit = rowLimit(deps, task);
  return {
    columns: columns.map((c) => ({ ...c })),
    rows: panelRows(task, names, rows.slice(0, limit)).map((row) => [...row]),
    truncated: rows.length > limit,
    stats: { ...answer.stats },
    ...(compiled.timeslice === undefined ? {} : { timeslice: compiled.timeslice }),
  };
}

async function reportProgress(
  deps: ServerDeps,
  work: readonly PanelWork[],
  finished: ReadonlySet<string>,
  emit: (event: RunEvent) => Promise<void>,
): Promise<void> {
  for (const { id, task } of work) {
    if (finished.has(id)) continue;
    const progress = await deps.store.progress(id).catch(() => undefined);
    if (progress?.rowsTotal && !finished.has(id))
      await emit({ type: 'progress', panel: task.panel.id, fraction: Math.min(1, progress.rowsRead / progress.rowsTotal) });
  }
}

/** Works through items in at most `width` lanes, of those that `open`. */
async function inParallel<T>(width: number, open: (lane: number) => Promise<boolean>, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async (_, lane) => {
      if (!(await open(lane))) return;
      for (const item of queue) await work(item);
    }),
  );
}
