/** What an empty search page shows: six questions to begin with, made of what the data holds, each run by a click. */
import { useQueries, useQuery } from '@tanstack/react-query';
import type { StatusResponse } from '../../api/contract.ts';
import { printValue } from '../../query/print.ts';
import { statusQuery, valuesQuery } from '../api/queries.ts';
import { Icon } from '../app/icons.tsx';
import { rangeText } from '../format/times.ts';
import { absolute, type Range } from '../time/range.ts';

export interface Example {
  readonly title: string;
  readonly why: string;
  readonly query: string;
}

/** The most frequent values of some fields, most frequent first. */
export interface Found {
  readonly ports: readonly string[];
  readonly addresses: readonly string[];
  readonly interfaces: readonly string[];
}

export function examplesFor({ ports, addresses, interfaces }: Found): Example[] {
  const port = ports[0] ?? '443';
  const eni = interfaces[0];
  const address = addresses[0];
  return [
    {
      title: 'What is refused',
      why: 'Ports that refused connections try to reach, and from how many addresses.',
      query: 'action=REJECT\n| count, count_distinct(srcaddr) as sources by dest_port\n| sort _count\n| limit 20',
    },
    {
      title: 'Bytes over time',
      why: 'Accepted against refused, in slices of five minutes.',
      query: '*\n| timeslice 5m\n| sum(bytes) as bytes by _timeslice, action\n| transpose row _timeslice column action',
    },
    {
      title: `Who uses port ${port}`,
      why: 'The addresses that moved the most bytes to it.',
      query: `dest_port=${printValue(port)} action=ACCEPT\n| sum(bytes) as bytes, count as flows by srcaddr\n| sort bytes\n| limit 20`,
    },
    {
      title: 'Where traffic goes',
      why: 'Networks on the other side, by bytes.',
      query: `${eni ? `interface_id=${printValue(eni)}` : 'action=ACCEPT'}\n| lookup organization from asn://default on ip = dstaddr\n| sum(bytes) as bytes by organization\n| sort bytes`,
    },
    {
      title: address ? `Everything of ${address}` : 'Every record',
      why: 'The records themselves, newest first.',
      query: address ? printValue(address) : '*',
    },
    {
      title: 'Unusual refusals',
      why: 'Minutes with far more refusals than the ones before.',
      query: 'action=REJECT\n| timeslice 1m\n| count by _timeslice\n| outlier _count window=10, threshold=3',
    },
  ];
}

interface Props {
  readonly range: Range;
  readonly zone: string;
  readonly onAsk: (query: string, range?: Range) => void;
}

export function Examples({ range, zone, onAsk }: Props) {
  const status = useQuery(statusQuery).data;
  const window = status && windowWithData(status, range);
  const found = useQueries({
    queries: ['destination.port', 'source.ip', 'observer.ingress.interface.name'].map((field) => ({
      ...valuesQuery(field, '', window ?? range),
      enabled: status?.extent !== undefined && status.extent !== null,
    })),
    combine: (results) => results.map((r) => r.data?.values.map((v) => v.value).filter(Boolean) ?? []),
  });
  if (!status) return <div className="bz-examples" aria-busy="true" />;
  if (!status.extent) return <NothingStored />;
  const [ports = [], addresses = [], interfaces = []] = found;
  return (
    <section className="bz-examples" aria-labelledby="examples-title">
      <h2 id="examples-title">Begin with a question</h2>
      {window && (
        <p className="bz-dim">
          Data ends before this time range. These look at {rangeText(status.extent.to - HOUR, status.extent.to, zone)}, the newest hour there is.
        </p>
      )}
      <ul>
        {examplesFor({ ports, addresses, interfaces }).map(({ title, why, query }) => (
          <li key={title}>
            <button type="button" className="bz-example" onClick={() => onAsk(query, window)}>
              <b>{title}</b>
              <span className="bz-dim">{why}</span>
              <code>{query}</code>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const HOUR = 3600;

/** Another window where a range that ends now has no data any more. */
function windowWithData({ extent, now }: StatusResponse, range: Range): Range | undefined {
  const seconds = now > 1e11 ? now / 1000 : now;
  return extent && range.to === 'now' && extent.to < seconds - HOUR ? absolute({ from: extent.to - HOUR, to: extent.to }) : undefined;
}

function NothingStored() {
  return (
    <section className="bz-note bz-examples-none">
      <p>
        <Icon name="info" size={14} /> Nothing is stored yet.
      </p>
      <p className="bz-dim">
        Read log files with <code>bartizan ingest FOLDER</code>, or look around in made-up data with <code>bartizan serve --demo</code>.
      </p>
    </section>
  );
}
