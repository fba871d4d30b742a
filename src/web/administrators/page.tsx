/** Who is an administrator: a list of names, ARNs and roles, which gives every event its `is_admin`. */
import './administrators.css';
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import type { Administrator } from '../../api/contract/administrators.ts';
import { PageFailed } from '../app/failed.tsx';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { exact } from '../format/numbers.ts';
import { ago, stamp } from '../format/times.ts';
import { ProblemNote } from '../library/problem.tsx';
import { addAdministrator, administratorsQuery, removeAdministrator } from './ask.ts';

const WHAT_THEY_DID = '_index=cloudtrail is_admin=true | count by userName, eventName | sort by _count';

export function AdministratorsPage() {
  const { search } = usePage();
  const list = useQuery(administratorsQuery);
  const [removed, setRemoved] = useState<Administrator | undefined>();
  const changed = useListChange();
  const removing = useMutation({
    mutationFn: (one: Administrator) => removeAdministrator(one.id),
    onSuccess: async (_, one) => {
      setRemoved(one);
      await changed();
    },
  });
  const restoring = useMutation({
    mutationFn: ({ entry, note }: Administrator) => addAdministrator({ entry, note }),
    onSuccess: async () => {
      setRemoved(undefined);
      await changed();
    },
  });
  useTitle('Administrators');
  if (list.isError && !list.data) return <PageFailed error={list.error} onRetry={() => void list.refetch()} />;
  const listed = list.data?.administrators ?? [];
  return (
    <main className="bz-admins" aria-busy={list.isPending}>
      <h1>Administrators</h1>
      <p className="bz-dim">
        Those who may do the most in your AWS accounts. Every CloudTrail event is then one of an administrator or of none: <code>is_admin=true</code> in a
        search or a filter. The list is asked when a query runs, so that a change holds for all events, those that are stored too.
      </p>
      <AddForm onAdded={() => setRemoved(undefined)} />
      <p role="status" className="bz-admins-status">
        {removed && (
          <>
            <span className="bz-mono">{removed.entry}</span> is not listed any more.{' '}
            <button type="button" className="bz-link" disabled={restoring.isPending} onClick={() => restoring.mutate(removed)}>
              Undo
            </button>
          </>
        )}
      </p>
      <ProblemNote error={removing.error ?? restoring.error} />
      {list.data && listed.length === 0 && (
        <p>
          Nobody is listed: <code>is_admin</code> is false for everybody, and panels about administrators have nothing to show.
        </p>
      )}
      {listed.length > 0 && (
        <>
          <Entries listed={listed} onRemove={(one) => removing.mutate(one)} />
          <p className="bz-dim">
            {exact(listed.length)} of {exact(list.data?.most ?? 0)} entries.{' '}
            <Link className="bz-link" to="/search" search={{ ...carried(search), q: WHAT_THEY_DID }}>
              What they did
            </Link>
            {' · '}
            <Link className="bz-link" to="/dashboards/$id" params={{ id: 'cloudtrail-administrators' }} search={carried(search)}>
              Their dashboard
            </Link>
          </p>
        </>
      )}
    </main>
  );
}

/** What else shows the list is asked again: panels and results know who is on it. */
function useListChange(): () => Promise<unknown> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: administratorsQuery.queryKey });
}

const NOTHING = { entry: '', note: '' };

function AddForm({ onAdded }: { onAdded: () => void }) {
  const changed = useListChange();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(NOTHING);
  const { entry, note } = typed;
  const adding = useMutation({
    mutationFn: (one: typeof NOTHING) => addAdministrator(one),
    onSuccess: async () => {
      onAdded();
      await changed();
    },
    // Unless the next one is typed already.
    onError: (_, sent) => setTyped((now) => (now === NOTHING ? sent : now)),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    adding.mutate(typed);
    setTyped(NOTHING);
    field.current?.focus();
  };
  return (
    <form className="bz-admins-form" aria-label="Add an administrator" onSubmit={submit}>
      <TextInput
        ref={field}
        size="xs"
        label="Name, ARN or role"
        description="Of a user, a session or a role, in any letter case; * is any text."
        placeholder="arn:aws:iam::*:role/admin/*"
        classNames={{ input: 'bz-mono' }}
        autoComplete="off"
        spellCheck={false}
        value={entry}
        onChange={(event) => {
          if (!adding.isPending) adding.reset();
          setTyped({ note, entry: event.currentTarget.value });
        }}
      />
      <TextInput
        size="xs"
        label="Note"
        description="Who it is, or why."
        value={note}
        onChange={(event) => setTyped({ entry, note: event.currentTarget.value })}
      />
      <Button size="xs" type="submit" loading={adding.isPending} disabled={entry.trim() === ''}>
        Add
      </Button>
      <ProblemNote error={adding.error} />
    </form>
  );
}

function Entries({ listed, onRemove }: { listed: readonly Administrator[]; onRemove: (one: Administrator) => void }) {
  const { zone } = usePage();
  return (
    <div className="bz-admins-scroll">
      <table>
        <thead>
          <tr>
            <th>Name, ARN or role</th>
            <th>Note</th>
            <th>Added</th>
            <th>
              <span className="bz-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {listed.map((one) => (
            <tr key={one.id}>
              <td className="bz-mono">{one.entry}</td>
              <td>{one.note}</td>
              <td title={stamp(one.created * 1000, zone)}>{ago(one.created * 1000)}</td>
              <td>
                <Button size="compact-xs" variant="default" aria-label={`Remove ${one.entry}`} onClick={() => onRemove(one)}>
                  Remove
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
