/** Values that are no threat, whatever feeds say: of all feeds, or of one. */
import { Button, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ProblemNote } from '../library/problem.tsx';
import { allowListQuery, saveAllowList, useThreatsChange } from './ask.ts';
import { entriesIn } from './draft.ts';
import { Failed } from './parts.tsx';
import { many } from './words.ts';

export function AllowListView() {
  const list = useQuery(allowListQuery);
  if (list.isError && !list.data) return <Failed error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <section aria-label="Allow-list of all feeds" className="bz-source" aria-busy={list.isPending}>
      <h2>Never a threat, whatever a feed says</h2>
      {list.data ? <AllowListEditor entries={list.data.entries} save={saveAllowList} /> : <div className="bz-threat-ghost" aria-hidden="true" />}
    </section>
  );
}

interface EditorProps {
  readonly entries: readonly string[];
  readonly save: (entries: readonly string[]) => Promise<unknown>;
}

export function AllowListEditor({ entries, save }: EditorProps) {
  // What is typed; undefined while nothing is, so that the list follows the server.
  const [text, setText] = useState<string | undefined>();
  const shown = text ?? entries.join('\n');
  const typed = entriesIn(shown);
  const saving = useThreatsChange(() => save(typed));
  const changed = text !== undefined && typed.join('\n') !== entries.join('\n');
  return (
    <form
      className="bz-source-form"
      aria-label="Allow-list"
      onSubmit={(event) => {
        event.preventDefault();
        // The list is asked for anew by then; what was typed on meanwhile stays.
        saving.mutate(undefined, { onSuccess: () => setText((now) => (now === text ? undefined : now)) });
      }}
    >
      <Textarea
        label="Entries"
        description="An address, a network such as 203.0.113.0/24, a domain, a URL or a hash a line. Matches that are stored stay; what comes from now on does not match."
        placeholder={'192.0.2.10\n203.0.113.0/24\ncdn.example.net'}
        classNames={{ input: 'bz-mono' }}
        autosize
        minRows={4}
        maxRows={20}
        spellCheck={false}
        value={shown}
        onChange={(event) => {
          saving.reset();
          setText(event.currentTarget.value);
        }}
      />
      <ProblemNote error={saving.error} />
      <div className="bz-source-buttons">
        <Button size="xs" type="submit" loading={saving.isPending} disabled={!changed}>
          Save the list
        </Button>
        {changed && (
          <Button size="xs" variant="default" onClick={() => setText(undefined)}>
            Discard
          </Button>
        )}
        <span className="bz-dim" role="status">
          {saving.isSuccess && !changed ? `Saved: ${many(entries.length, 'entry', 'entries')}.` : many(typed.length, 'entry', 'entries')}
        </span>
      </div>
    </form>
  );
}
