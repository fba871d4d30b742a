/** Arrows, Page keys, Home and End along the rows of a virtual list, whose rows are there only while they are in view. */
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';

interface List {
  readonly count: number;
  /** First and last of the rows that are there. */
  readonly first: number;
  readonly last: number;
  /** What has the focus of a row; null while the row is not there. */
  readonly find: (index: number) => HTMLElement | null | undefined;
  readonly scrollTo: (index: number) => void;
  /** Rows that a Page key passes. */
  readonly page?: () => number;
  /** Not the window scrolls but a box in it, which the focus then brings into view. */
  readonly boxed?: boolean;
}

interface Steps {
  readonly setCurrent: (index: number) => void;
  /** Whether Tab stops at a row: at the one where somebody was last, or else at the first one in view. */
  readonly isStop: (index: number) => boolean;
  /** Goes where a key leads from a row; false where it leads nowhere. Stays the same function. */
  readonly step: (index: number, event: KeyboardEvent) => boolean;
  /** The row of this number gets the focus as soon as it is there, if nobody has gone elsewhere by then. */
  readonly focus: (index: number) => void;
}

const PAGE = 20;

export function useRowSteps(list: List): Steps {
  const [current, setCurrent] = useState(0);
  const wanted = useRef<{ readonly index: number; readonly from: Element | null } | null>(null);
  const latest = useRef(list);
  latest.current = list;
  useEffect(() => {
    if (wanted.current === null) return;
    const { index, from } = wanted.current;
    const row = latest.current.find(index);
    if (!row) return;
    wanted.current = null;
    // Where the keyboard was may be out of view by now, and gone.
    const { activeElement } = document;
    if (activeElement === from || activeElement === document.body) row.focus({ preventScroll: !latest.current.boxed });
  });
  const focus = useCallback((index: number) => {
    wanted.current = { index, from: document.activeElement };
    setCurrent(index);
  }, []);
  const go = useCallback(
    (index: number) => {
      const { count, find, scrollTo, boxed } = latest.current;
      const to = Math.max(0, Math.min(count - 1, index));
      scrollTo(to);
      const row = find(to);
      if (!row) return focus(to);
      row.focus({ preventScroll: !boxed });
      setCurrent(to);
    },
    [focus],
  );
  const step = useCallback(
    (index: number, event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return false;
      const { count, page } = latest.current;
      const far = page?.() ?? PAGE;
      const to = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + far, PageUp: index - far, Home: 0, End: count - 1 }[event.key];
      if (to === undefined) return false;
      event.preventDefault();
      go(to);
      return true;
    },
    [go],
  );
  const { first, last } = list;
  const isStop = (index: number) => index === current || (index === first && (current < first || current > last));
  return { setCurrent, isStop, step, focus };
}
