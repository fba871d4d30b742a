/** What an empty search page shows: six questions to begin with, made of what the data holds, each run by a click. */
import { useQueries, useQuery } from '@tanstack/react-query';
import type { StatusResponse } from '../../api/contract.ts';
import { CLOUDTRAIL } from '../../model/log-formats.ts';
import { printValue } from '../../query/print.ts';
import { statusQuery, valuesQuery } from '../api/queries.ts';
import { Icon } from '../app/icons.tsx';
import { HowToIngest } from '../dashboard/nothing-stored.tsx';
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

/** Of events; `actors` the most frequent first. */
export function eventExamplesFor(actors: readonly string[]): Example[] {
  const actor = actors[0];
  return [
    {
      title: 'What was denied',
      why: 'Calls that failed for want of permission, by who made them.',
      query: '_index=cloudtrail (errorCode=AccessDenied* or errorCode=*UnauthorizedOperation)\n| count by userName, eventName, errorCode\n| sort _count',
    },
    {
      title: 'Sign-ins to the console',
      why: 'Who signed in, from where, with or without a second factor.',
      query: '_index=cloudtrail eventName=ConsoleLogin\n| count by userName, src_ip, outcome, mfa\n| sort _count',
    },
    {
      title: 'What changed',
      why: 'Calls that change something, in slices of an hour.',
      query: '_index=cloudtrail readOnly=false\n| timeslice 1h\n| count by _timeslice, eventSource\n| transpose row _timeslice column eventSource',
    },
    {
      title: 'Security groups that were opened',
      why: 'A path into the JSON of an event names a value in it.',
      query: '_index=cloudtrail eventName=AuthorizeSecurityGroupIngress\n| count by requestParameters.groupId, userName, outcome',
    },
    {
      title: 'Who acts from where',
      why: 'Networks that calls come from, by actor.',
      query:
        '_index=cloudtrail\n| lookup organization from asn://default on ip = src_ip\n| where !isNull(organization)\n| count by userName, organization\n| sort _count',
    },
    {
      title: actor ? `Everything of ${actor}` : 'Every event',
      why: 'The events themselves, newest first.',
      query: `_index=cloudtrail${actor ? ` userName=${printValue(actor)}` : ''}`,
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
  if (!status) return <div className="bz-examples" aria-busy="true" />;
  if (!status.extent) return <NothingStored />;
  const flows = status.datasets.filter(({ dataset }) => dataset !== CLOUDTRAIL.main);
  const events = status.datasets.filter(({ dataset }) => dataset === CLOUDTRAIL.main);
  return (
    <div className="bz-examples-all">
      {flows.length > 0 && <FlowExamples stored={flows} now={status.now} range={range} zone={zone} onAsk={onAsk} />}
      {events.length > 0 && <EventExamples stored={events} now={status.now} range={range} zone={zone} onAsk={onAsk} />}
    </div>
  );
}

type Stored = Pick<StatusResponse, 'now'> & { readonly stored: StatusResponse['datasets'] };

function FlowExamples({ stored, now, range, zone, onAsk }: Props & Stored) {
  const window = windowWithData(stored, now, range, HOUR);
  const [ports = [], addresses = [], interfaces = []] = useFound(['destination.port', 'source.ip', 'observer.ingress.interface.name'], window ?? range);
  return (
    <List
      id="flows"
      of="Begin with a question"
      examples={examplesFor({ ports, addresses, interfaces })}
      window={window}
      zone={zone}
      width="hour"
      onAsk={onAsk}
    />
  );
}

function EventExamples({ stored, now, range, zone, onAsk }: Props & Stored) {
  const window = windowWithData(stored, now, range, DAY) ?? (range.to === 'now' && range.from === '-60m' ? { from: '-24h', to: 'now' } : undefined);
  const [actors = []] = useFound(['userName'], window ?? range);
  return <List id="events" of="Ask CloudTrail" examples={eventExamplesFor(actors)} window={window} zone={zone} width="day" onAsk={onAsk} />;
}

/** The most frequent values of fields in a range. */
function useFound(fields: readonly string[], range: Range): string[][] {
  return useQueries({
    queries: fields.map((field) => valuesQuery(field, '', range)),
    combine: (results) => results.map((r) => r.data?.values.map((v) => v.value).filter(Boolean) ?? []),
  });
}

interface ListProps {
  readonly id: string;
  readonly of: string;
  readonly examples: readonly Example[];
  /** Another range than the page's. */
  readonly window: Range | undefined;
  readonly zone: string;
  readonly width: string;
  readonly onAsk: Props['onAsk'];
}

function List({ id, of, examples, window, zone, width, onAsk }: ListProps) {
  const [from, to] = [window?.from, window?.to].map((time) => Date.parse(time ?? '') / 1000);
  return (
    <section className="bz-examples" aria-labelledby={`examples-${id}`}>
      <h2 id={`examples-${id}`}>{of}</h2>
      {from !== undefined && to !== undefined && Number.isFinite(from) && (
        <p className="bz-dim">
          Data ends before this time range. These look at {rangeText(from, to, zone)}, the newest {width} there is.
        </p>
      )}
      <ul>
        {examples.map(({ title, why, query }) => (
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
const DAY = 86_400;

/** The newest so many seconds of data, where a range that ends now has none any more. */
function windowWithData(stored: StatusResponse['datasets'], now: number, range: Range, width: number): Range | undefined {
  const seconds = now > 1e11 ? now / 1000 : now;
  const end = Math.max(...stored.map(({ extent }) => extent?.to ?? 0));
  return end > 0 && range.to === 'now' && end < seconds - width ? absolute({ from: end - width, to: end }) : undefined;
}

function NothingStored() {
  return (
    <section className="bz-note bz-examples-none">
      <p>
        <Icon name="info" size={14} /> No data has been ingested yet.
      </p>
      <HowToIngest />
    </section>
  );
}
