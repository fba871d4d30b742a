/** The dialogs of sources and collectors: rename, and remove with what is lost and what stays. */
import { Button, Modal, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Collector, Source } from '../../api/contract/sources.ts';
import { exact, short } from '../format/numbers.ts';
import { ProblemNote } from '../library/problem.tsx';
import { changeCollector, changeSource, createCollector, removeCollector, removeSource, useSourceChange } from './ask.ts';
import { many, storedOf } from './words.ts';

export type Named =
  | { readonly what: 'source'; readonly item: Source }
  | { readonly what: 'collector'; readonly item: Collector }
  | { readonly what: 'collector'; readonly item: undefined };

export function NameDialog({ named, onClose }: { named: Named; onClose: () => void }) {
  const [name, setName] = useState(named.item?.name ?? '');
  const [description, setDescription] = useState(named.what === 'collector' ? (named.item?.description ?? '') : '');
  const saving = useSourceChange(async () => {
    if (named.what === 'source') await changeSource(named.item.id, { name, revision: named.item.revision });
    else if (named.item) await changeCollector(named.item.id, { name, description });
    else await createCollector({ name, description });
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={named.item ? `Rename “${named.item.name}”` : 'New collector'} size="sm">
      <form className="bz-library-form" onSubmit={submit}>
        <TextInput
          label="Name"
          description={
            named.item && !(named.what === 'source' && named.item.kind === 'ec2')
              ? `Records that come from now on have the new name as ${named.what === 'source' ? '_sourceName' : '_collector'}.`
              : undefined
          }
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          maxLength={200}
          required
          data-autofocus
        />
        {named.what === 'collector' && (
          <TextInput label="Description" value={description} maxLength={1024} onChange={(e) => setDescription(e.currentTarget.value)} />
        )}
        <ProblemNote error={saving.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending} disabled={name.trim() === ''}>
            {named.item ? 'Save' : 'Make the collector'}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface RemoveProps {
  readonly onClose: () => void;
  readonly onRemoved: () => void;
}

export function RemoveSourceDialog({ source, onClose, onRemoved }: RemoveProps & { source: Source }) {
  const removing = useSourceChange(() => removeSource(source.id));
  const { status, kind } = source;
  const stored = storedOf(status);
  return (
    <Modal opened onClose={onClose} title={`Remove “${source.name}”?`} size="md">
      <div className="bz-library-form">
        <p>
          <b>Gone:</b> its settings
          {kind === 'ec2'
            ? ' and its stored secrets. No interface is looked up any more.'
            : kind === 's3'
              ? ', its stored secrets and where it had come to. Nothing fetches its objects any more; messages stay in the queue as long as SQS keeps them.'
              : `, its ${kind === 'firehose' ? 'access keys' : 'tokens'} and its counters. Senders are answered 401 from now on; what they keep and do not deliver elsewhere is lost when they give up.`}
        </p>
        {kind === 'ec2' ? (
          <p>
            <b>Stays:</b> what it knows of interfaces: records go on having the names of their time.
          </p>
        ) : (
          <p>
            <b>Stays:</b> every record that it brought{stored > 0 && ` (${exact(stored)} since the server started)`} and what is in quarantine
            {kind === 's3' && '. The objects stay in the bucket, and a new source for it does not store them a second time'}.
            {status.spooled > 0 && ` ${short(status.spooled, 'bytes')} that it has acknowledged are stored all the same.`}
          </p>
        )}
        <p className="bz-dim">To stop it for a while, pause it.</p>
        <ProblemNote error={removing.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={removing.isPending} onClick={() => removing.mutate(undefined, { onSuccess: onRemoved })}>
            Remove
          </Button>
        </div>
      </div>
    </Modal>
  );
}

export function RemoveCollectorDialog({ collector, sources, onClose, onRemoved }: RemoveProps & { collector: Collector; sources: number }) {
  const removing = useSourceChange(() => removeCollector(collector.id));
  return (
    <Modal opened onClose={onClose} title={`Remove the collector “${collector.name}”?`} size="sm">
      <div className="bz-library-form">
        {sources > 0 ? (
          <p>
            It still has {many(sources, 'source')}. Remove {sources === 1 ? 'it' : 'them'} or move {sources === 1 ? 'it' : 'them'} to another collector first.
          </p>
        ) : (
          <p>
            <b>Gone:</b> the collector. <b>Stays:</b> every record that has it as _collector.
          </p>
        )}
        <ProblemNote error={removing.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" disabled={sources > 0} loading={removing.isPending} onClick={() => removing.mutate(undefined, { onSuccess: onRemoved })}>
            Remove
          </Button>
        </div>
      </div>
    </Modal>
  );
}
