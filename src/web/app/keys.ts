/** Keyboard: single keys, and sequences of `g` and another, silent while somebody types. */
import { useEffect, useRef } from 'react';

export type Keys = Readonly<Record<string, () => void>>;

/** Second key of a sequence must follow within. */
const SEQUENCE_MS = 1200;

export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let first = '';
    let at = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      // When it was pressed: a page that is busy hears of it later.
      const now = event.timeStamp;
      const key = event.key === 'Escape' ? 'esc' : event.key;
      // Whoever listens first: `t` behind `g` is no `t`.
      const goes = first === 'g' && now - at < SEQUENCE_MS && key !== 'esc';
      const action = latest.current[goes ? `g ${key}` : key];
      first = key;
      at = now;
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
