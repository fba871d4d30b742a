/** Where senders send to, shown once; what AWS needs of that address; and a new token. */
import { Button, Modal, NumberInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Address, Source } from '../../api/contract/sources.ts';
import { ProblemNote } from '../library/problem.tsx';
import { rotateToken, sourcesQuery } from './ask.ts';
import { Copyable } from './parts.tsx';

export function AddressShown({ address, kind }: { address: Address; kind: Source['kind'] }) {
  return (
    <section className="bz-source-address" aria-label="Address">
      <p>
        <b>Copy {kind === 'firehose' ? 'the access key' : 'the address'} now.</b> It is shown this once: only its fingerprint is kept. A lost one is replaced by
        a new one.
      </p>
      <dl>
        <dt>{kind === 'firehose' ? 'HTTP endpoint URL' : 'Address'}</dt>
        <dd>
          <Copyable text={address.url} name="the address" secret={kind === 'http'} />
        </dd>
        {kind === 'firehose' && (
          <>
            <dt>Access key</dt>
            <dd>
              <Copyable text={address.token} name="the access key" secret />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** What keeps senders elsewhere, or Firehose, from reaching an address. */
export function Reach({ url, kind }: { url: string; kind: Source['kind'] }) {
  const parsed = URL.parse(url);
  const host = parsed?.hostname ?? '';
  const local = host === '' || host === 'localhost' || host === '[::1]' || host.startsWith('127.');
  if (kind === 'firehose') {
    const fits = parsed?.protocol === 'https:' && parsed.port === '' && !local;
    return (
      <aside className="bz-source-note" data-tone={fits ? undefined : 'warn'} aria-label="What Firehose needs">
        <p>
          <b>Firehose delivers to HTTPS on port 443 with a certificate that everybody trusts.</b>{' '}
          {fits ? 'This address looks so; AWS must reach it from the internet.' : `${url === '' ? 'This server' : url} is not such an address yet.`}
        </p>
        <ul>
          <li>
            A reverse proxy with a certificate that passes <code>/firehose</code> on to this server; say its address with <code>ingestUrl</code>.
          </li>
          <li>
            Or the second listener itself: <code>--ingest-listen 0.0.0.0:443</code> with <code>ingestTlsCert</code> and <code>ingestTlsKey</code>. It has the
            routes that senders push to, and nothing else.
          </li>
        </ul>
      </aside>
    );
  }
  if (!local) return null;
  return (
    <aside className="bz-source-note" data-tone="warn" aria-label="Who reaches this address">
      <p>
        <b>Only this machine reaches {host === '' ? 'this server' : host}.</b> For senders elsewhere start the server with{' '}
        <code>--ingest-listen 0.0.0.0:8621</code> and a certificate (<code>ingestTlsCert</code>, <code>ingestTlsKey</code>), or behind a reverse proxy, and say
        its address with <code>ingestUrl</code>.
      </p>
    </aside>
  );
}

/** How long the token before is taken; then the new one, which waits until it is copied. */
export function RotateDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const client = useQueryClient();
  const [hours, setHours] = useState<number | string>(24);
  const rotating = useMutation({
    mutationFn: () => rotateToken(source.id, Number(hours)),
    onSuccess: () => client.invalidateQueries({ queryKey: sourcesQuery.queryKey }),
  });
  const what = source.kind === 'firehose' ? 'access key' : 'token';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotating.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={rotating.data ? `New ${what} of “${source.name}”` : `A new ${what} for “${source.name}”`}
      size="lg"
      closeOnClickOutside={!rotating.data}
    >
      {rotating.data ? (
        <div className="bz-library-form">
          <AddressShown address={rotating.data} kind={source.kind} />
          <p className="bz-dim">
            {Number(hours) > 0
              ? `The ${what} before is taken for ${hours} h more. Change the senders until then.`
              : `The ${what} before is refused from now on.`}
          </p>
          <div className="bz-row-end">
            <Button onClick={onClose}>Done</Button>
          </div>
        </div>
      ) : (
        <form className="bz-library-form" onSubmit={submit}>
          <NumberInput
            label={`Hours that the ${what} before is still taken`}
            description="Time to change the senders. 0 refuses it at once."
            min={0}
            max={720}
            allowDecimal={false}
            value={hours}
            onChange={setHours}
            data-autofocus
          />
          <ProblemNote error={rotating.error} />
          <div className="bz-row-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={rotating.isPending} disabled={hours === ''}>
              Make a new {what}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
