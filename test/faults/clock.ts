/**
 * Loaded into the server before its own code (`--import`), in each of its threads: the wall clock goes wrong by the milliseconds that the
 * file BARTIZAN_FAULT_CLOCK holds at the moment. The steady clock and timers are as they were, as when somebody sets a machine's clock.
 */
import { readFileSync } from 'node:fs';

const file = process.env.BARTIZAN_FAULT_CLOCK ?? '';
const LOOK_MS = 20;
const right = Date.now;
let offset = 0;
let lookedAt = Number.NEGATIVE_INFINITY;

function now(): number {
  if (performance.now() - lookedAt > LOOK_MS) {
    lookedAt = performance.now();
    try {
      offset = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      offset = 0;
    }
  }
  return right() + offset;
}

globalThis.Date = new Proxy(Date, {
  construct: (target, values, made) => Reflect.construct(target, values.length === 0 ? [now()] : values, made),
  apply: (target) => new target(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
