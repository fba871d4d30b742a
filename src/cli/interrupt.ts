/**
 * Ending on a signal: the first asks to finish, a later one leaves at once, and so does the time that finishing may take.
 *
 * A terminal sends Ctrl-C to the whole group of processes, and npm and bin/bartizan.js pass it on as
 * well, so that one press arrives up to three times: what follows within ECHO_MS is the same press.
 */
import { note } from './output.ts';

const ECHO_MS = 500;

/** How long finishing may take. */
export interface Patience {
  readonly milliseconds: number;
  /** What is waited for, as it is said to people. */
  readonly waitsFor: () => string;
}

/** Calls `finish` on the first of the signals. Returns what stops listening. */
export function onInterrupt(signals: readonly NodeJS.Signals[], finish: (signal: NodeJS.Signals) => void, patience?: Patience): () => void {
  let first: number | undefined;
  const receive = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      finish(signal);
      if (patience) leaveAfter(patience);
    } else if (now - first > ECHO_MS) leave();
  };
  for (const signal of signals) process.on(signal, receive);
  return () => {
    for (const signal of signals) process.off(signal, receive);
  };
}

/** Says what is waited for half-way. The timers keep no process that is done. */
function leaveAfter({ milliseconds, waitsFor }: Patience): void {
  const half = Math.round(milliseconds / 2);
  const seconds = (time: number) => `${Math.round(time / 1000)} s`;
  setTimeout(() => note(`Still waiting for ${waitsFor()}; in ${seconds(milliseconds - half)} it is left as it is.`), half).unref();
  setTimeout(() => {
    note(`Left after ${seconds(milliseconds)}: ${waitsFor()}. What was accepted is on the disk, and the next start stores the rest of it.`);
    leave();
  }, milliseconds).unref();
}

/** Ends the process as a crash does, which every start repairs: process.exit would wait for the statement that the engine is running, however long it takes. */
function leave(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('the process has ended');
}
