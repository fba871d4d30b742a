/** Adding a feed: what there is to begin with, then its form. */
import { Button } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { useFocusOnWrong } from '../sources/fields/source-form.tsx';
import { FormLook } from '../sources/parts.tsx';
import { createFeed, useThreatsChange } from './ask.ts';
import { type FeedDraft, newFeed, toSettings } from './draft.ts';
import { FeedFields } from './fields.tsx';
import { PRESETS, type Preset } from './kinds.ts';

export function AddFeed() {
  const { search } = usePage();
  const along = carried(search);
  const preset = PRESETS.find(({ id }) => id === search.kind);
  return (
    <section className="bz-source" aria-label="Add a feed">
      <header className="bz-sources-head bz-threat-head">
        <h2>
          <Link to="/threats" search={along} className="bz-dim">
            Feeds
          </Link>{' '}
          <span className="bz-dim">/</span>{' '}
          {preset ? (
            <>
              <Link to="/threats" search={{ ...along, step: 'new' }} className="bz-dim">
                Add a feed
              </Link>{' '}
              <span className="bz-dim">/</span> {preset.title}
            </>
          ) : (
            'Add a feed'
          )}
        </h2>
      </header>
      {preset ? <NewFeed key={preset.id} preset={preset} /> : <Choices />}
    </section>
  );
}

function Choices() {
  const { search } = usePage();
  const along = carried(search);
  return (
    <>
      <p className="bz-dim">
        A test shows what a feed would bring; nothing is fetched before you try one or save it. Public lists have terms of use: read them where the list is
        published.
      </p>
      <ul className="bz-source-choices">
        {PRESETS.map(({ id, title, description }) => (
          <li key={id}>
            <Link to="/threats" search={{ ...along, step: 'new', kind: id }}>
              <b>{title}</b>
              <span>{description}</span>
            </Link>
          </li>
        ))}
        <li>
          <Link to="/threats" search={{ ...along, step: 'import' }}>
            <b>A file of yours</b>
            <span>Import it once: STIX, CSV, a list, CrowdStrike, MISP and others. It needs no network.</span>
          </Link>
        </li>
      </ul>
      <p className="bz-dim">
        A file that another program writes on the machine of the server is set up by the command line: <code>bartizan ioc feeds add file NAME --path FILE</code>
        .
      </p>
    </>
  );
}

function NewFeed({ preset }: { preset: Preset }) {
  const { search } = usePage();
  const navigate = useNavigate();
  const [draft, setDraft] = useState<FeedDraft>(() => newFeed(preset));
  const { kind } = preset;
  const along = carried(search);
  const saving = useThreatsChange(() => createFeed({ name: draft.name.trim(), kind, settings: toSettings(kind, draft), enabled: true, allowList: [] }));
  useFocusOnWrong(saving.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(undefined, { onSuccess: ({ name }) => void navigate({ to: '/threats', search: { ...along, feed: name } }) });
  };
  return (
    <form className="bz-source-form" aria-label="New feed" onSubmit={submit}>
      <FormLook>
        <FeedFields kind={kind} draft={draft} set={(change) => setDraft((old) => ({ ...old, ...change }))} error={saving.error} />
      </FormLook>
      <div className="bz-source-buttons">
        <Button size="xs" type="submit" loading={saving.isPending} disabled={draft.name.trim() === ''}>
          Save the feed
        </Button>
        <Button size="xs" variant="default" component={Link} to="/threats" search={along as never}>
          Cancel
        </Button>
        <span className="bz-dim">{draft.everyMinutes > 0 ? 'It is run at once, then on its schedule.' : 'It is run when somebody asks.'}</span>
      </div>
    </form>
  );
}
