/** Importing a file: dropped or chosen, then where it goes and what is assumed; then what came of it. */
import { Autocomplete, Button, Switch } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Feed, Imported } from '../../api/contract/feeds.ts';
import { FileDrop } from '../app/file-drop.tsx';
import { Icon } from '../app/icons.tsx';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { short } from '../format/numbers.ts';
import { ProblemNote } from '../library/problem.tsx';
import { useRefusal } from '../sources/fields/source-form.tsx';
import { FormLook } from '../sources/parts.tsx';
import { importFile, useThreatsChange } from './ask.ts';
import { columnsOf, type DefaultsDraft, type FeedDraft, importQuery, type MappingDraft, NO_DEFAULTS } from './draft.ts';
import { Assumed, Format, Mapping } from './fields.tsx';
import { FORMAT_NAMES } from './kinds.ts';
import { Counts, Fact, Problems } from './parts.tsx';
import { countsText } from './words.ts';

/** Of a file that the columns of a CSV are looked for in. */
const START_BYTES = 64 * 1024;

interface Chosen {
  readonly file: File;
  readonly columns: readonly string[];
}

/** `into`: the feed that a file is for. */
export function Import({ feeds, into }: { feeds: readonly Feed[]; into: string | undefined }) {
  const { search } = usePage();
  const [chosen, setChosen] = useState<Chosen | undefined>();
  const [imported, setImported] = useState<Imported | undefined>();
  const take = async (file: File): Promise<void> => {
    setImported(undefined);
    // Packed files show no columns; they can be typed.
    setChosen({ file, columns: columnsOf(await file.slice(0, START_BYTES).text()) });
  };
  return (
    <section className="bz-source" aria-label="Import a file">
      <header className="bz-sources-head bz-threat-head">
        <h2>
          <Link to="/threats" search={carried(search)} className="bz-dim">
            Feeds
          </Link>{' '}
          <span className="bz-dim">/</span> Import a file
        </h2>
      </header>
      {imported && <Result imported={imported} />}
      {chosen ? (
        <ImportForm
          key={`${chosen.file.name} ${chosen.file.size} ${chosen.file.lastModified}`}
          chosen={chosen}
          feeds={feeds}
          into={into}
          onDone={(result) => {
            setChosen(undefined);
            setImported(result);
          }}
        />
      ) : (
        <Drop onFile={(file) => void take(file)} again={imported !== undefined} />
      )}
    </section>
  );
}

function Drop({ onFile, again }: { onFile: (file: File) => void; again: boolean }) {
  return (
    <FileDrop className="bz-threat-drop" label="File of indicators" inputLabel="File with indicators" onFile={onFile}>
      {(choose) => (
        <>
          <p>
            <Button size="xs" {...(again && { variant: 'default' })} leftSection={<Icon name="plus" size={14} />} onClick={choose}>
              {again ? 'Choose another file' : 'Choose a file'}
            </Button>{' '}
            or drop it here.
          </p>
          <p className="bz-dim">
            STIX 2.1 bundles, CSV with a header line, lists with a value a line, CrowdStrike Falcon, MISP, OTX, abuse.ch and Spamhaus DROP; plain or gzip, up to
            1 GiB.
          </p>
        </>
      )}
    </FileDrop>
  );
}

interface FormProps {
  readonly chosen: Chosen;
  readonly feeds: readonly Feed[];
  readonly into: string | undefined;
  /** Undefined: nothing was imported. */
  readonly onDone: (imported: Imported | undefined) => void;
}

function ImportForm({ chosen: { file, columns }, feeds, into, onDone }: FormProps) {
  const imports = feeds.filter(({ kind }) => kind === 'import');
  const [name, setName] = useState(into ?? file.name.replace(/(?:\.(?:gz|csv|tsv|txt|json|ndjson|netset|ipset|list))+$/i, '').replace(/["|\\]/g, '-'));
  const [format, setFormat] = useState<FeedDraft['format']>('auto');
  const [mapping, setMapping] = useState<MappingDraft>({});
  const [defaults, setDefaults] = useState<DefaultsDraft>(NO_DEFAULTS);
  const [replace, setReplace] = useState(false);
  const sending = useThreatsChange(() => importFile(file, importQuery({ name, format, mapping, defaults, replace })));
  const { problems, rest } = useRefusal(sending.error);
  const known = imports.find((feed) => feed.name.toLowerCase() === name.trim().toLowerCase());
  const csv = format === 'csv' || (format === 'auto' && columns.length > 1);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    sending.mutate(undefined, { onSuccess: onDone });
  };
  return (
    <form className="bz-source-form" aria-label="Import" onSubmit={submit}>
      <FormLook>
        <div className="bz-source-fields">
          <p>
            <span className="bz-mono">{file.name}</span> <span className="bz-dim">{short(file.size, 'bytes')}</span>
          </p>
          <Autocomplete
            label="Feed"
            description={
              known ? `It is added to what “${known.name}” has.` : 'A new feed of this name is made for it. Queries and stored matches name the feed by it.'
            }
            data={imports.map((feed) => feed.name)}
            value={name}
            maxLength={100}
            required
            error={problems.get('feed') ?? problems.get('name')}
            inputWrapperOrder={['label', 'input', 'error', 'description']}
            onChange={setName}
          />
          <Format format={format} onFormat={setFormat} error={problems.get('format')} />
          {csv && <Mapping mapping={mapping} columns={columns} onMapping={setMapping} wrong={(path) => problems.get(path.replace(/^settings\./, ''))} />}
          <Assumed draft={defaults} set={(change) => setDefaults((old) => ({ ...old, ...change }))} wrong={(path) => problems.get(path)} />
          {known && (
            <Switch
              label={`It takes the place of what “${known.name}” has`}
              description="What the feed had and the file has not expires."
              checked={replace}
              onChange={(event) => setReplace(event.currentTarget.checked)}
            />
          )}
          <ProblemNote error={rest} />
        </div>
      </FormLook>
      <div className="bz-source-buttons">
        <Button size="xs" type="submit" loading={sending.isPending} disabled={name.trim() === ''}>
          Import
        </Button>
        <Button size="xs" variant="default" disabled={sending.isPending} onClick={() => onDone(undefined)}>
          Cancel
        </Button>
        {sending.isPending && <span className="bz-dim">Sending, reading and storing; a million entries take some seconds.</span>}
      </div>
    </form>
  );
}

function Result({ imported }: { imported: Imported }) {
  const { search } = usePage();
  const along = carried(search);
  const { feed, format, entries } = imported;
  return (
    <section className="bz-threat-result" aria-label="What was imported">
      <p role="status">
        <Icon name={imported.problemCount > 0 ? 'info' : 'check'} size={14} /> <b>{feed}</b>: {countsText(imported)}
        {format && <span className="bz-dim"> · {FORMAT_NAMES[format]}</span>}
      </p>
      <dl className="bz-source-facts bz-threat-counts">
        <Fact name="Entries" value={entries} />
        <Counts counts={imported} />
      </dl>
      <p>
        <Link to="/threats" search={{ ...along, view: 'indicators', feed }}>
          Its indicators
        </Link>{' '}
        ·{' '}
        <Link to="/threats" search={{ ...along, feed }}>
          The feed
        </Link>
      </p>
      <Problems of={imported} />
    </section>
  );
}
