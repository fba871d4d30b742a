/** The engine's errors in our words. Codes: ClickHouse's ErrorCodes.cpp. */
import { StoreError, type StoreErrorCode } from './store.ts';

interface Known {
  readonly code: StoreErrorCode;
  readonly message: string;
  readonly retryable?: boolean;
}

const BY_ENGINE_CODE: Readonly<Record<string, Known>> = {
  '76': { code: 'data-dir-in-use', message: 'The data directory is in use by another process.' },
  '394': { code: 'query-cancelled', message: 'The query was cancelled.' },
  '159': {
    code: 'query-timeout',
    message: 'The query ran longer than its time limit. Choose a shorter time range, or filter on account, interface or address.',
  },
  '160': {
    code: 'query-timeout',
    message: 'The query would run longer than its time limit. Choose a shorter time range, or filter on account, interface or address.',
  },
  '241': { code: 'query-memory', message: 'The query needs more memory than its limit. Group by fewer or less varied fields, or choose a shorter time range.' },
  '396': { code: 'query-too-many-rows', message: 'The result has more rows than its limit. Add a limit, or group by fewer fields.' },
  '243': { code: 'disk-full', message: 'The disk of the data directory is full.', retryable: true },
};

/** Any error of the engine as a StoreError; a StoreError passes unchanged. */
export function toStoreError(error: unknown, context: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const engineCode = codeOf(error, message);
  const known = engineCode === undefined ? undefined : BY_ENGINE_CODE[engineCode];
  if (known) return new StoreError(known.code, known.message, { cause: error, retryable: known.retryable ?? false });
  if (/ENOSPC|No space left/i.test(message)) return new StoreError('disk-full', 'The disk of the data directory is full.', { cause: error, retryable: true });
  if (/Cannot lock file|already in use|another server/i.test(message))
    return new StoreError('data-dir-in-use', 'The data directory is in use by another process.', { cause: error });
  return new StoreError('query-failed', `The engine refused a statement (${context}): ${message}`, { cause: error });
}

function codeOf(error: unknown, message: string): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error && /^\d+$/.test(String(error.code))) return String(error.code);
  return /Code: (\d+)/.exec(message)?.[1];
}
