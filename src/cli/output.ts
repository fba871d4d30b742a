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

/** Standard output, and wait until it has taken the text: a pipe may be slow. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => {
      // A reader that has left (`| head`) is no error.
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
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
