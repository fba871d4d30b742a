/** What a person set on this page and finds again on this machine: folded parts, wrapped lines. */
import { useCallback, useState } from 'react';

const PREFIX = 'bartizan-search-';

export function useKept<T extends boolean | string>(name: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => read(name, initial));
  const keep = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(PREFIX + name, JSON.stringify(next));
      } catch {
        // A browser that keeps nothing still shows what was chosen.
      }
    },
    [name],
  );
  return [value, keep];
}

function read<T extends boolean | string>(name: string, initial: T): T {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null');
    return typeof kept === typeof initial ? (kept as T) : initial;
  } catch {
    return initial;
  }
}
