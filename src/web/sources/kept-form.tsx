/** Settings of a thing that is there, as a form. What somebody else saved meanwhile is not overwritten. */
import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { explain } from '../api/client.ts';
import { useFocusOnWrong } from './fields/source-form.tsx';
import { FormLook } from './parts.tsx';

export interface Kept<T, D> {
  /** As it was when the form was opened: the list behind it is asked for anew all the time. */
  readonly opened: T;
  readonly draft: D;
  readonly set: (change: Partial<D>) => void;
  /** After somebody else has saved: theirs in place of what was typed, or what was typed in place of theirs. */
  readonly take: () => void;
  readonly keep: () => void;
}

/** `now`: the thing as the list has it. */
export function useKept<T, D>(now: T, toDraft: (thing: T) => D): Kept<T, D> {
  const [opened, setOpened] = useState(now);
  const [draft, setDraft] = useState(() => toDraft(now));
  return {
    opened,
    draft,
    set: (change) => setDraft((old) => ({ ...old, ...change })),
    take: () => {
      setOpened(now);
      setDraft(toDraft(now));
    },
    keep: () => setOpened(now),
  };
}

interface Saving {
  readonly error: unknown;
  readonly isPending: boolean;
  mutate(argument: undefined, on: { readonly onSuccess: () => void }): void;
  reset(): void;
}

interface Props {
  /** A word for the thing: `feed`. */
  readonly what: string;
  readonly name: string;
  readonly kept: Pick<Kept<unknown, unknown>, 'take' | 'keep'>;
  readonly saving: Saving;
  readonly onDone: () => void;
  /** The fields; `error`: why it was not saved, where they have a part in it. */
  readonly children: (error: unknown) => ReactNode;
}

export function KeptForm({ what, name, kept, saving, onDone, children }: Props) {
  useFocusOnWrong(saving.error);
  const conflict = saving.error !== null && explain(saving.error).code === 'edited-meanwhile';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(undefined, { onSuccess: onDone });
  };
  const settle = (how: () => void) => () => {
    how();
    saving.reset();
  };
  return (
    <form className="bz-source-form" aria-label={`Settings of ${name}`} onSubmit={submit}>
      <FormLook>{children(conflict ? null : saving.error)}</FormLook>
      {conflict && (
        <div className="bz-source-note" data-tone="warn" role="alert">
          <p>
            Somebody else has changed this {what} since you opened it, and what you typed is not saved. Take what is there now and type it again, or save yours
            in place of it.
          </p>
          <div className="bz-source-buttons">
            <Button size="xs" variant="default" onClick={settle(kept.take)}>
              Take what is there now
            </Button>
            <Button size="xs" variant="default" onClick={settle(kept.keep)}>
              Keep mine, to save it
            </Button>
          </div>
        </div>
      )}
      <div className="bz-source-buttons">
        <Button size="xs" type="submit" loading={saving.isPending}>
          Save
        </Button>
        <Button size="xs" variant="default" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
