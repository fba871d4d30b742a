/** What commands say and how they end. */
/** Exit codes are a contract (docs/cli.md). */
export const EXIT = { done: 0, failure: 1, wrongUse: 2, quarantined: 3 } as const;

/** Ends the command with a message for people. */
export class CliError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failure) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** The reader of standard output has left (`| head`): there is nobody to go on for, and nothing went wrong. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Without a listener a failed write ends the process; `print` tells its caller in place of that. */
export function listenToOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** A line of standard output. Throws OutputClosed. */
export function print(text: string): Promise<void> {
  return write(`${text}\n`);
}

/** Standard output, and wait until it has taken the text: a pipe may be slow. Throws OutputClosed. */
export function write(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
      if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') reject(new OutputClosed());
      else if (error) reject(error);
      else resolve();
    });
  });
}

/** Text of a log as a terminal may show it: bytes that would move its cursor or change its colours are dots. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}

/** A file that somebody named and that cannot be read, and why: `does not exist`. */
export function unreadable(path: string, why: string): CliError {
  return new CliError(`“${path}” cannot be read: it ${why}.`, EXIT.wrongUse);
}

/** A note to people; never part of the result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** 1234567 → 1,234,567 */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 1536 → 1.5 KiB */
export function bytes(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 1024 && unit < BINARY.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${unit === 0 ? rest : rest.toFixed(1)} ${BINARY[unit]}`;
}
