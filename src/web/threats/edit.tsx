/** A feed's settings as a form. What somebody else saved meanwhile is not overwritten. */
import { Button } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Feed } from '../../api/contract/feeds.ts';
import { explain } from '../api/client.ts';
import { useFocusOnWrong } from '../sources/fields/source-form.tsx';
import { FormLook } from '../sources/parts.tsx';
import { changeFeed, useThreatsChange } from './ask.ts';
import { type FeedDraft, fromFeed, toSettings } from './draft.ts';
import { FeedFields } from './fields.tsx';

export function EditFeed({ feed, onDone }: { feed: Feed; onDone: () => void }) {
  // As it was when the form was opened: the list behind it is asked for anew all the time.
  const [opened, setOpened] = useState(feed);
  const [draft, setDraft] = useState<FeedDraft>(() => fromFeed(feed));
  const focusOnWrong = useFocusOnWrong();
  const saving = useThreatsChange(() => changeFeed(opened.name, { settings: toSettings(opened.kind, draft), revision: opened.revision }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(undefined, { onSuccess: onDone, onError: focusOnWrong });
  };
  const conflict = saving.error !== null && explain(saving.error).code === 'edited-meanwhile';
  return (
    <form className="bz-source-form" aria-label={`Settings of ${opened.name}`} onSubmit={submit}>
      <FormLook>
        <FeedFields
          kind={opened.kind}
          draft={draft}
          set={(change) => setDraft((old) => ({ ...old, ...change }))}
          error={conflict ? null : saving.error}
          name={opened.name}
        />
      </FormLook>
      {conflict && (
        <div className="bz-source-note" data-tone="warn" role="alert">
          <p>
            Somebody else has changed this feed since you opened it, and what you typed is not saved. Take what is there now and type it again, or save yours in
            place of it.
          </p>
          <div className="bz-source-buttons">
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                setOpened(feed);
                setDraft(fromFeed(feed));
                saving.reset();
              }}
            >
              Take what is there now
            </Button>
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                setOpened(feed);
                saving.reset();
              }}
            >
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
