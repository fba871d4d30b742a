/** Why the spool does not take an append. */
export type SpoolErrorCode = 'spool-full' | 'disk-full' | 'spool-failed';

/** Nothing of the append is acknowledged. */
export class SpoolError extends Error {
  readonly code: SpoolErrorCode;
  constructor(code: SpoolErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SpoolError';
    this.code = code;
  }
}
