/** Why the spool does not take an append. `spool-exceeded`: it is more than the whole spool may have, so that it never would. */
export type SpoolErrorCode = 'spool-full' | 'spool-exceeded' | 'disk-full' | 'spool-failed';

/** Nothing of the append is acknowledged. */
export class SpoolError extends Error {
  readonly code: SpoolErrorCode;
  constructor(code: SpoolErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SpoolError';
    this.code = code;
  }
}
