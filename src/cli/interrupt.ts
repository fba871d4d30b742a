/**
 * Ending on a signal: the first asks to finish, a later one leaves at once.
 *
 * A terminal sends Ctrl-C to the whole group of processes, and npm and bin/bartizan.js pass it on as
 * well, so that one press arrives up to three times: what follows within ECHO_MS is the same press.
 */
const ECHO_MS = 500;

/** Calls `finish` on the first of the signals. Returns what stops listening. */
export function onInterrupt(signals: readonly NodeJS.Signals[], finish: (signal: NodeJS.Signals) => void): () => void {
  let first: number | undefined;
  const receive = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      finish(signal);
    } else if (now - first > ECHO_MS) process.exit(130);
  };
  for (const signal of signals) process.on(signal, receive);
  return () => {
    for (const signal of signals) process.off(signal, receive);
  };
}
