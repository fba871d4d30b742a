/** The changes of a session on one dashboard: what it is now, what can be undone, what was done last. */
import { useMemo, useState } from 'react';
import type { DashboardAnswer } from '../../../api/contract/dashboards.ts';
import { type Draft, draftOf } from './draft.ts';
import { begin, changed, redo, same, undo } from './history.ts';

export interface Editing {
  readonly draft: Draft;
  readonly dirty: boolean;
  /** Changes since it was saved. */
  readonly count: number;
  /** Changes since the session began. */
  readonly steps: number;
  /** In words, for everybody to read and to hear; empty before the first change. */
  readonly said: string;
  /** What an undo or a redo would be of. */
  readonly back: string | undefined;
  readonly again: string | undefined;
  readonly change: (next: Draft, what: string) => void;
  /** Says something that changes nothing. */
  readonly say: (what: string) => void;
  readonly undo: () => void;
  readonly redo: () => void;
}

/** What is stored, and how many steps it is from where the session began. */
export interface Saved {
  readonly dashboard: DashboardAnswer;
  readonly steps: number;
}

/** Begins with what is stored. */
export function useEditing(saved: Saved): Editing {
  const [{ history, said }, set] = useState(() => ({ history: begin(draftOf(saved.dashboard)), said: '' }));
  const actions = useMemo(
    () => ({
      change: (next: Draft, what: string) => set(({ history: old }) => ({ history: changed(old, next, what), said: what })),
      say: (what: string) => set((old) => ({ ...old, said: what })),
      undo: () => set(({ history: old, said: was }) => ({ history: undo(old), said: old.past.length > 0 ? `Undone: ${old.past.at(-1)?.what}` : was })),
      redo: () => set(({ history: old, said: was }) => ({ history: redo(old), said: old.future.length > 0 ? `Done again: ${old.future.at(-1)?.what}` : was })),
    }),
    [],
  );
  const draft = history.now;
  const dirty = useMemo(() => !same(draft, draftOf(saved.dashboard)), [draft, saved]);
  const steps = history.past.length;
  const count = Math.abs(steps - saved.steps);
  return { draft, dirty, count, steps, said, back: history.past.at(-1)?.what, again: history.future.at(-1)?.what, ...actions };
}
