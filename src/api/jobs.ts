/**
 * Query jobs: queries that may run long, on the background lane, with their rows on the server's disk. They
 * outlive the browser that asked, not the server: their folder is emptied when it starts and when it ends.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobRequest, JobResponse, JobRowsRequest, JobRowsResponse } from './contract/jobs.ts';
import type { ApiError, OutputColumn } from './contract.ts';
import type { ServerDeps } from './deps.ts';
import { Problem, toAnswer } from './errors.ts';
import { JobFile } from './job-file.ts';
import { type Streamed, streamed } from './streamed.ts';

const PROGRESS_MS = 250;
/** The longest that a timer can be set to. */
const LONGEST_MS = 2 ** 31 - 1;

interface Job {
  readonly id: string;
  readonly request: JobRequest;
  readonly query: Streamed;
  readonly abort: AbortController;
  readonly created: number;
  state: JobResponse['state'];
  fraction: number;
  rowsRead: number;
  /** performance.now() of its start and end. */
  began?: number;
  took?: number;
  columns: readonly OutputColumn[] | undefined;
  error: ApiError['error'] | undefined;
  expires: number | undefined;
  file?: JobFile;
  /** Settles when nothing of it runs any more. */
  finished: Promise<void>;
}

export class Jobs {
  readonly #deps: ServerDeps;
  /** In the order that they were asked for. */
  readonly #jobs = new Map<string, Job>();
  /** Those that hold a place: a removed one does until it has ended. */
  #running = 0;
  #expiry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(deps: ServerDeps) {
    this.#deps = deps;
  }

  /** Makes the folder, without what an earlier server left in it. */
  async open(): Promise<void> {
    await rm(this.#deps.jobsFolder, { recursive: true, force: true });
    await mkdir(this.#deps.jobsFolder, { recursive: true, mode: 0o700 });
  }

  /** Throws Problem and DiagnosticError for what cannot be run. */
  async create(request: JobRequest): Promise<JobResponse> {
    const query = streamed(this.#deps, request);
    await this.#sweep();
    // From here to the job's own place nothing else runs: requests that come together share the limit.
    const leaves = this.#makeRoom();
    const job: Job = {
      id: randomUUID(),
      request,
      query,
      abort: new AbortController(),
      created: this.#deps.clock(),
      state: 'queued',
      fraction: 0,
      rowsRead: 0,
      columns: query.columns,
      error: undefined,
      expires: undefined,
      finished: Promise.resolve(),
    };
    this.#jobs.set(job.id, job);
    this.#startNext();
    if (leaves) await this.#discard(leaves);
    return shown(job);
  }

  async list(): Promise<JobResponse[]> {
    await this.#sweep();
    return [...this.#jobs.values()].reverse().map(shown);
  }

  /** Throws Problem `job-gone`. */
  async get(id: string): Promise<JobResponse> {
    return shown(await this.#find(id));
  }

  /** Throws Problem `job-gone`. */
  async rows(id: string, { offset, limit }: JobRowsRequest): Promise<JobRowsResponse> {
    const job = await this.#find(id);
    // The state first: rows that come while the page is read are said to be there or to follow.
    const { state } = job;
    const { file } = job;
    const rows = file ? await file.read(offset, limit) : [];
    if (!rows) throw this.#gone();
    return { columns: (job.columns ?? []).map((c) => ({ ...c })), rows, available: file?.rows ?? 0, state };
  }

  /** Stops it; the rows so far stay. Throws Problem `job-gone`. */
  async cancel(id: string): Promise<JobResponse> {
    const job = await this.#find(id);
    job.abort.abort();
    if (job.state === 'queued') this.#end(job, 'cancelled');
    await job.finished;
    return shown(job);
  }

  /** Stops it and forgets it. Throws Problem `job-gone`. */
  async remove(id: string): Promise<void> {
    const job = await this.#find(id);
    this.#jobs.delete(job.id);
    await this.#discard(job);
  }

  /** Stops and forgets all of them. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#expiry);
    const all = [...this.#jobs.values()];
    this.#jobs.clear();
    await Promise.all(all.map((job) => this.#discard(job)));
  }

  async #find(id: string): Promise<Job> {
    await this.#sweep();
    const job = this.#jobs.get(id);
    if (job) return job;
    throw this.#gone();
  }

  #gone(): Problem {
    const minutes = Math.round(this.#deps.settings.jobKeepSeconds / 60);
    return new Problem('job-gone', 'There is no such job any more.', {
      hint: `The rows of a job are kept for ${minutes} minutes after it ended, and not over a restart of the server. Run the query again.`,
    });
  }

  async #discard(job: Job): Promise<void> {
    job.abort.abort();
    await job.finished;
    await job.file?.remove();
  }

  /** Forgets what has expired. */
  async #sweep(): Promise<void> {
    const now = this.#deps.clock();
    const expired = [...this.#jobs.values()].filter(({ expires }) => expires !== undefined && expires <= now);
    for (const job of expired) this.#jobs.delete(job.id);
    await Promise.all(expired.map((job) => this.#discard(job)));
  }

  /** Sweeps when the next job expires, whether or not somebody asks. */
  #sweepLater(): void {
    clearTimeout(this.#expiry);
    const next = Math.min(...[...this.#jobs.values()].map(({ expires }) => expires ?? Number.POSITIVE_INFINITY));
    if (this.#closed || next === Number.POSITIVE_INFINITY) return;
    const wait = Math.max(1, Math.min(next - this.#deps.clock(), LONGEST_MS));
    this.#expiry = setTimeout(() => {
      this.#sweep()
        .catch((error: unknown) => this.#deps.logger.error({ err: error }, 'rows of an expired query job stay'))
        .finally(() => this.#sweepLater());
    }, wait).unref();
  }

  /** Takes the job out that ended first when there are too many; it is still to be discarded. Throws Problem `too-many-jobs`. */
  #makeRoom(): Job | undefined {
    const { jobsKept } = this.#deps.settings;
    if (this.#jobs.size < jobsKept) return undefined;
    const ended = [...this.#jobs.values()].filter((job) => job.expires !== undefined).sort((a, b) => (a.expires ?? 0) - (b.expires ?? 0))[0];
    if (!ended) throw new Problem('too-many-jobs', `${jobsKept} query jobs wait or run already.`, { hint: 'Wait for one, or cancel one that is not needed.' });
    this.#jobs.delete(ended.id);
    return ended;
  }

  #startNext(): void {
    for (const job of this.#jobs.values()) {
      if (this.#running >= this.#deps.settings.jobsAtOnce) return;
      if (job.state !== 'queued') continue;
      this.#running++;
      job.state = 'running';
      job.began = performance.now();
      job.finished = this.#run(job);
    }
  }

  #end(job: Job, state: Job['state']): void {
    job.state = state;
    job.took = job.began === undefined ? 0 : (performance.now() - job.began) / 1000;
    job.expires = this.#deps.clock() + this.#deps.settings.jobKeepSeconds * 1000;
    this.#sweepLater();
  }

  async #run(job: Job): Promise<void> {
    const progress = setInterval(() => void this.#look(job), PROGRESS_MS);
    let state: Job['state'] = 'done';
    try {
      await this.#write(job);
      job.fraction = 1;
    } catch (error) {
      state = job.abort.signal.aborted ? 'cancelled' : 'failed';
      const { status, body } = toAnswer(error);
      if (state === 'failed') job.error = body.error;
      if (state === 'failed' && status >= 500) this.#deps.logger.error({ err: error, job: job.id }, 'query job failed');
    } finally {
      clearInterval(progress);
      await job.file?.flush().catch(() => undefined);
      this.#end(job, state);
      this.#running--;
    }
    this.#startNext();
  }

  async #write(job: Job): Promise<void> {
    const { jobMaxBytes, jobMaxSeconds } = this.#deps.settings;
    const file = await JobFile.create(join(this.#deps.jobsFolder, `${job.id}.ndjson`));
    job.file = file;
    for await (const { columns, rows } of job.query.rows({ lane: 'background', id: job.id, signal: job.abort.signal, maxSeconds: jobMaxSeconds })) {
      job.columns = columns;
      await file.append(rows);
      if (file.bytes > jobMaxBytes)
        throw new Problem('job-too-large', `The rows take more than ${Math.round(jobMaxBytes / 2 ** 20).toLocaleString('en-US')} MiB.`, {
          hint: 'Narrow the query, or export it: an export has no such limit. The rows so far can be fetched.',
        });
    }
  }

  async #look(job: Job): Promise<void> {
    const seen = await this.#deps.store.progress(job.id).catch(() => undefined);
    if (!seen || job.state !== 'running') return;
    job.rowsRead = seen.rowsRead;
    if (seen.rowsTotal) job.fraction = Math.min(1, seen.rowsRead / seen.rowsTotal);
  }
}

function shown(job: Job): JobResponse {
  return {
    id: job.id,
    query: job.request.query,
    state: job.state,
    fraction: job.fraction,
    rowsRead: job.rowsRead,
    rows: job.file?.rows ?? 0,
    bytes: job.file?.bytes ?? 0,
    seconds: job.took ?? (job.began === undefined ? 0 : (performance.now() - job.began) / 1000),
    columns: job.columns?.map((c) => ({ ...c })) ?? null,
    warnings: job.query.warnings.map((w) => ({ ...w })),
    error: job.error ?? null,
    created: job.created,
    expires: job.expires ?? null,
  };
}
