/** Waits with somebody for the first records of a new source, and says how they fared. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Source } from '../../../api/contract/sources.ts';
import { explain } from '../../api/client.ts';
import { Icon } from '../../app/icons.tsx';
import type { Search } from '../../app/search.ts';
import { exact, short } from '../../format/numbers.ts';
import { arrivalQuery } from '../ask.ts';
import { searchOf } from '../search-of.ts';
import { many, storedOf } from '../words.ts';

interface Props {
  readonly id: string;
  readonly collector: string | undefined;
  readonly search: Search;
  /** What to do while nothing comes. */
  readonly hint: string;
}

export function Arrival({ id, collector, search, hint }: Props) {
  const found = useQuery(arrivalQuery(id));
  const source = found.data;
  return (
    <section className="bz-source-arrival" aria-label="First records" data-come={(source?.status.counts.records ?? 0) > 0 || undefined}>
      <div role="status">
        {found.isError && <p className="bz-source-wrong">{explain(found.error).message}</p>}
        {source && <Come source={source} hint={hint} />}
      </div>
      {source && source.status.errors.length > 0 && (
        <ul className="bz-source-errors">
          {source.status.errors.map(({ code, message, hint: wayOut, count }) => (
            <li key={code}>
              <div>
                <code>{code}</code> <b>{exact(count)}×</b>
              </div>
              <p>{message}</p>
              {wayOut && <p className="bz-dim">{wayOut}</p>}
            </li>
          ))}
        </ul>
      )}
      <div className="bz-source-buttons">
        {source && storedOf(source.status) > 0 && (
          <Button size="xs" component={Link} to="/search" search={{ ...search, from: 'all', to: 'now', q: searchOf(source, collector) } as never}>
            Search its records
          </Button>
        )}
        <Button size="xs" variant="default" component={Link} to="/sources/$id" params={{ id } as never} search={search as never}>
          Open the source
        </Button>
        <Button size="xs" variant="default" component={Link} to="/sources" search={search as never}>
          All sources
        </Button>
      </div>
    </section>
  );
}

function Come({ source: { status }, hint }: { source: Source; hint: string }) {
  const { counts, deliveries, bytes } = status;
  const stored = storedOf(status);
  if (counts.records === 0)
    return (
      <>
        <p className="bz-source-waiting">
          <i aria-hidden="true" />
          {deliveries === 0
            ? 'Waiting for the first records …'
            : `${many(deliveries, 'delivery')} of ${short(bytes, 'bytes')} came; reading …`.replace('deliverys', 'deliveries')}
        </p>
        <p className="bz-dim">{status.trouble ?? hint}</p>
      </>
    );
  const rest = [
    ...(counts.quarantined > 0 ? [`${exact(counts.quarantined)} could not be read and are in quarantine`] : []),
    ...(counts.filtered > 0 ? [`${exact(counts.filtered)} were left out by its rules`] : []),
    ...(counts.duplicates > 0 ? [`${exact(counts.duplicates)} were known already`] : []),
  ];
  return (
    <>
      <p className="bz-source-arrived" data-tone={stored === 0 && counts.quarantined > 0 ? 'warn' : undefined}>
        <Icon name={stored > 0 ? 'check' : 'info'} size={16} /> The first {many(counts.records, 'record')} arrived.
      </p>
      <p>
        {exact(stored)} stored{rest.length > 0 ? `; ${rest.join('; ')}` : ''}.{' '}
        {stored === 0 && counts.quarantined > 0 && 'If all of them have one layout, say it in the settings of the source: Advanced, layout.'}
      </p>
    </>
  );
}
