/** The engine's errors in our words. Codes: ClickHouse's ErrorCodes.cpp. */
import { holderOf } from './holder.ts';
import { type Limits, StoreError, type StoreErrorCode } from './store.ts';

interface Known {
  readonly code: StoreErrorCode;
  /** `limits`: those that the statement ran under, where they are known. */
  readonly message: (limits: Limits | undefined) => string;
  readonly retryable?: boolean;
}

const NARROW = 'Choose a shorter time range, or filter on account, interface or address.';
/** ` of 60 s`, or nothing where the limit is not known. */
const of = (value: string | false | undefined | 0): string => (value ? ` of ${value}` : '');
const count = (value: number): string => value.toLocaleString('en-US');
const mebibytes = (bytes: number): string => `${count(Math.round(bytes / 2 ** 20))} MiB`;

const BY_ENGINE_CODE: Readonly<Record<string, Known>> = {
  '394': { code: 'query-cancelled', message: () => 'The query was cancelled.' },
  '159': { code: 'query-timeout', message: (l) => `The query ran longer than its limit${of(l && `${count(l.maxSeconds)} s`)}. ${NARROW}` },
  '160': { code: 'query-timeout', message: (l) => `The query would run longer than its limit${of(l && `${count(l.maxSeconds)} s`)}. ${NARROW}` },
  '241': {
    code: 'query-memory',
    message: (l) =>
      `The query needs more memory than its limit${of(l && mebibytes(l.maxMemoryBytes))}. Group by fewer or less varied fields, or choose a shorter time range.`,
  },
  '396': {
    code: 'query-too-many-rows',
    message: (l) => `The result has more rows than its limit${of(l?.maxResultRows && count(l.maxResultRows))}. Add “limit”, or group by fewer fields.`,
  },
  '158': {
    code: 'query-reads-too-much',
    message: (l) => `The query would read more records than its limit${of(l?.maxRowsRead && count(l.maxRowsRead))}. ${NARROW}`,
  },
  '307': {
    code: 'query-reads-too-much',
    message: (l) => `The query would read more than its limit${of(l?.maxBytesRead && mebibytes(l.maxBytesRead))}. ${NARROW}`,
  },
  '243': { code: 'disk-full', message: () => 'The disk of the data directory is full.', retryable: true },
};

/** Of a statement that the engine ended at its time limit without a word. */
export function timedOut(limits: Limits): StoreError {
  const { code, message } = BY_ENGINE_CODE['159'] as Known;
  return new StoreError(code, message(limits));
}

/**
 * What may be otherwise in a moment, or after somebody has mended the machine: too many parts (252) or statements (202), no memory (173),
 * thread (439) or file descriptor, a disk that does not read (74), write (75), open (76) or sync (204).
 */
const PASSING: ReadonlySet<string> = new Set(['74', '75', '76', '173', '202', '204', '252', '439']);

/** What only the engine finds wrong with a person's query: a regular expression (427), an argument of a function (36). */
const REFUSED: ReadonlySet<string> = new Set(['427', '36']);

/** The engine's own words, without its version, place and stack. */
function words(message: string): string {
  const text = message.replace(/^.*?DB::Exception:\s*/s, '').replace(/(?:: While|: while|: In scope|\. \(|: \(in query).*$/s, '');
  return text.length > 300 ? `${text.slice(0, 300)} …` : text;
}

/** The same code of the engine stands for rows and for bytes of a result. */
const RESULT_BYTES: Known = {
  code: 'query-too-many-bytes',
  message: (l) =>
    `The result is larger than its limit${of(l?.maxResultBytes && mebibytes(l.maxResultBytes))}. Choose fewer fields, or add “limit”; an export has no such limit.`,
};

/** Any error of the engine as a StoreError; a StoreError passes unchanged. `limits`: those of the statement. */
export function toStoreError(error: unknown, context: string, limits?: Limits): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const inner = /bartizan-limit:(\d+)/.exec(message)?.[1];
  if (inner)
    return new StoreError(
      'query-too-many-rows',
      `A query inside the query gives more rows than its limit of ${count(Number(inner))}. Narrow it, or let it aggregate.`,
      { cause: error },
    );
  if (message.includes('bartizan-lookup-replaced'))
    return new StoreError('lookup-replaced', 'A lookup table was replaced or removed before the query read it.', { cause: error, retryable: true });
  const engineCode = codeOf(error, message);
  if (REFUSED.has(engineCode ?? '')) return new StoreError('query-refused', `The engine cannot run the query: ${words(message)}`, { cause: error });
  const known = engineCode === '396' && /max bytes/.test(message) ? RESULT_BYTES : BY_ENGINE_CODE[engineCode ?? ''];
  if (known) return new StoreError(known.code, known.message(limits), { cause: error, retryable: known.retryable ?? false });
  if (/ENOSPC|No space left/i.test(message)) return new StoreError('disk-full', 'The disk of the data directory is full.', { cause: error, retryable: true });
  if (PASSING.has(engineCode ?? ''))
    return new StoreError('store-unavailable', `The engine cannot run statements at the moment: ${words(message)}`, { cause: error, retryable: true });
  return new StoreError('query-failed', `The engine refused a statement (${context}): ${message}`, { cause: error });
}

/**
 * An error of opening the store's folder. The engine says on standard error that another process has its lock, and to its caller only
 * that there is no connection: who has it is asked then. What a running engine says of one file, it says here of the lock.
 */
export function toOpeningError(error: unknown, path: string): StoreError {
  const message = error instanceof Error ? error.message : String(error);
  const locked = codeOf(error, message) === '76' || /Cannot lock file|already in use|another server/i.test(message);
  const failed = /Failed to create connection/i.test(message);
  const holder = locked || failed ? holderOf(path) : undefined;
  if (locked || holder !== undefined)
    return new StoreError('data-dir-in-use', `The data directory is in use by another process${holder === undefined ? '' : ` (${holder})`}.`, { cause: error });
  if (failed)
    return new StoreError(
      'store-unavailable',
      `The engine cannot open ${path}, and says above why. Stop the process of another container that has it, or mend what keeps its files from being used; or choose another data directory.`,
      { cause: error },
    );
  return toStoreError(error, `open ${path}`);
}

function codeOf(error: unknown, message: string): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error && /^\d+$/.test(String(error.code))) return String(error.code);
  return /Code: (\d+)/.exec(message)?.[1];
}
