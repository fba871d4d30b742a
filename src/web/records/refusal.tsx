/** Why a record was refused: the verdict, what would have to be allowed, the interface, both directions around it. */
import './refusal.css';
import { SegmentedControl } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { ExplainResponse } from '../../api/contract/refusal.ts';
import { TCP_FLAGS } from '../../model/services.ts';
import { explain, postJson } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { exact, short } from '../format/numbers.ts';
import { stamp, zoneName } from '../format/times.ts';
import { display } from '../format/values.ts';
import type { Rec } from './flow.ts';
import { explainRequest } from './refused.ts';

type Verdict = ExplainResponse['verdict'];
type Rule = Verdict['allow'][number];
type Flow = ExplainResponse['flows'][number];

const WHO: Readonly<Record<Verdict['by'], string>> = {
  'security-group-or-network-acl': 'Security group or network ACL',
  'security-group': 'Security group',
  'network-acl': 'Network ACL',
  'block-public-access': 'VPC Block Public Access',
  'encryption-control': 'VPC encryption control',
  'other-control': 'Another control of AWS',
  unknown: 'It cannot be told',
};

const AROUND = ['1', '5', '15', '60'];

export function Refusal({ record, zone }: { record: Rec; zone: string }) {
  const [minutes, setMinutes] = useState('5');
  const request = explainRequest(record, Number(minutes));
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['refusal', request],
    queryFn: ({ signal }) => postJson<ExplainResponse>('/api/v1/flows/explain', request, signal),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  });
  if (error) {
    const { code, message } = explain(error);
    return (
      <div className="bz-refusal" role="alert">
        <p>
          <Icon name="warn" size={14} /> {message} <code>{code}</code>{' '}
          <button type="button" className="bz-link" onClick={() => void refetch()}>
            Try again
          </button>
        </p>
      </div>
    );
  }
  if (!data) return <div className="bz-refusal bz-refusal-ghost" aria-busy="true" />;
  const { verdict } = data;
  return (
    <section className="bz-refusal" aria-label="Why refused?" aria-busy={isFetching}>
      <div className="bz-refusal-verdict">
        <h3>
          <Icon name={verdict.by === 'unknown' ? 'help' : 'info'} size={14} /> {WHO[verdict.by]}
        </h3>
        <p>{verdict.reason}</p>
        {verdict.doubts.length > 0 && (
          <ul aria-label="What makes this less than certain">
            {verdict.doubts.map((doubt) => (
              <li key={doubt}>
                <Icon name="warn" size={12} /> {doubt}
              </li>
            ))}
          </ul>
        )}
      </div>
      {verdict.allow.length > 0 && <Allow rules={verdict.allow} />}
      <Interface of={data.interface} egress={data.egress} />
      <div className="bz-refusal-block">
        <div className="bz-refusal-head">
          <h4>Both directions at any interface</h4>
          <SegmentedControl
            size="xs"
            aria-label="Minutes around the record"
            data={AROUND.map((value) => ({ value, label: `± ${value} min` }))}
            value={minutes}
            onChange={setMinutes}
          />
          <Link to="/search" search={{ ...bothWays(data), ...(zone === 'UTC' && { tz: 'utc' }) }} className="bz-link">
            Search for them
          </Link>
        </div>
        <Flows of={data} zone={zone} />
      </div>
    </section>
  );
}

function Allow({ rules }: { rules: readonly Rule[] }) {
  const either = rules.some((rule) => rule.ifInterfaceIs);
  return (
    <div className="bz-refusal-block">
      <h4>What would have to be allowed</h4>
      {/* biome-ignore lint/a11y: what scrolls must be reachable by keyboard */}
      <div className="bz-refusal-scroll bz-refusal-rules" tabIndex={0} role="group" aria-label="Rules that would let it pass">
        <table>
          <thead>
            <tr>
              <th>At</th>
              <th>Direction</th>
              <th>Protocol</th>
              <th>Ports</th>
              <th>{either ? 'Other end' : 'From or to'}</th>
              <th>For</th>
            </tr>
          </thead>
          <tbody>
            {rules.map((rule) => (
              <tr key={JSON.stringify(rule)}>
                <td>{rule.control === 'security-group' ? 'Security group' : 'Network ACL'}</td>
                <td>{rule.direction}</td>
                <td>{rule.protocol}</td>
                <td className="bz-mono">{rule.ports}</td>
                <td className="bz-mono">{rule.cidr}</td>
                <td>
                  the {rule.what}
                  {rule.ifInterfaceIs && `, if the interface is the ${rule.ifInterfaceIs}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="bz-dim bz-small">
        Security groups need no rule for replies. Rules of a network ACL are read by their number: a deny with a lower number goes before an allow.
      </p>
    </div>
  );
}

function Interface({ of, egress }: { of: ExplainResponse['interface']; egress: boolean | null }) {
  const groups = of.securityGroups.map(({ id, name }) => (name ? `${id} (${name})` : id)).join(', ');
  const facts: readonly (readonly [string, ReactNode])[] = [
    ['Interface', of.id],
    ['Kind', of.type],
    ['Description', of.description],
    ['Packets', egress === null ? '' : egress ? 'left it (egress)' : 'came to it (ingress)'],
    ['Security groups', groups],
    ['Instance', [of.instanceId, of.instanceName].filter(Boolean).join(' · ')],
    ['VPC', of.vpcId],
    ['Subnet', of.subnetId],
    ['Account', of.account],
    ['Region', of.region],
  ];
  return (
    <div className="bz-refusal-block">
      <h4>The interface</h4>
      <dl className="bz-refusal-facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="bz-mono">{value}</dd>
            </div>
          ))}
      </dl>
      {groups === '' && (
        <p className="bz-dim bz-small">
          Its security groups are not known. The forwarder sends them (INCLUDE_SECURITY_GROUP_INFO), or an{' '}
          <Link to="/sources" className="bz-link">
            interface lookup
          </Link>{' '}
          finds them out.
        </p>
      )}
    </div>
  );
}

const COLUMNS = {
  Time: (f: Flow) => f.start,
  Direction: (f: Flow) => f.relation,
  Action: (f: Flow) => f.action,
  Interface: (f: Flow) => f.interfaceId,
  Source: (f: Flow) => f.source,
  Destination: (f: Flow) => f.destination,
  Packets: (f: Flow) => f.packets,
  Bytes: (f: Flow) => f.bytes,
  'TCP flags': (f: Flow) => f.tcpFlags ?? -1,
} as const satisfies Record<string, (flow: Flow) => string | number>;

type Column = keyof typeof COLUMNS;
const RIGHT: ReadonlySet<Column> = new Set(['Packets', 'Bytes']);

function Flows({ of: { flows, cut, window }, zone }: { of: ExplainResponse; zone: string }) {
  const [sort, setSort] = useState<{ by: Column; down: boolean }>({ by: 'Time', down: false });
  const value = COLUMNS[sort.by];
  const sorted = flows.toSorted((a, b) => (sort.down ? -1 : 1) * compare(value(a), value(b)));
  return (
    <>
      <div className="bz-refusal-scroll">
        <table>
          <thead>
            <tr>
              {(Object.keys(COLUMNS) as Column[]).map((column) => (
                <th key={column} data-right={RIGHT.has(column) || undefined} aria-sort={sort.by !== column ? 'none' : sort.down ? 'descending' : 'ascending'}>
                  <button type="button" onClick={() => setSort({ by: column, down: sort.by === column && !sort.down })}>
                    {column}
                    <span aria-hidden="true">{sort.by !== column ? '' : sort.down ? ' ▼' : ' ▲'}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.map((flow, i) => (
              // Records have no id, and two may be alike in all that is shown.
              // biome-ignore lint/suspicious/noArrayIndexKey: nothing of a row is kept
              <tr key={i} data-asked={flow.asked || undefined}>
                <td className="bz-mono">
                  {stamp(flow.start * 1000, zone)}
                  {flow.start < window.from && <span className="bz-dim"> earlier</span>}
                </td>
                <td>{flow.asked ? 'this record' : flow.relation === 'same' ? 'the same' : 'the other'}</td>
                <td data-meaning={flow.action.toLowerCase()}>{flow.action}</td>
                <td className="bz-mono">{flow.interfaceId}</td>
                <td className="bz-mono">{endOf(flow.source, flow.sourcePort, flow.packetSource)}</td>
                <td className="bz-mono">{endOf(flow.destination, flow.destinationPort, flow.packetDestination)}</td>
                <td data-right>{exact(flow.packets)}</td>
                <td data-right title={exact(flow.bytes)}>
                  {short(flow.bytes)}
                </td>
                <td>{flagsOf(flow.tcpFlags)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="bz-dim bz-small">
        {exact(flows.length)} {flows.length === 1 ? 'record' : 'records'}, times in {zoneName(zone, window.from * 1000)}.
        {cut && ' There are more: choose fewer minutes, or search for them.'}
      </p>
    </>
  );
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}

/** `10.0.0.5 : 22 ssh`, with the packet's own address where it is another one. */
function endOf(address: string, port: number | null, packet: string): string {
  const end = port === null || port === 0 ? address : `${address} : ${display(port, 'port')}`;
  return packet === '' || packet === address ? end : `${end} (packet ${packet})`;
}

function flagsOf(flags: number | null): string {
  if (flags === null) return '–';
  return TCP_FLAGS.flatMap(([bit, name]) => ((flags & bit) !== 0 ? [name] : [])).join(' ') || '–';
}

/** The records of both directions on the search page. */
function bothWays({ flows, window }: ExplainResponse) {
  const asked = flows.find((flow) => flow.asked);
  const ends = [...new Set(asked ? [asked.source, asked.destination] : [])].filter(Boolean);
  const any = (name: string) => (ends.length > 0 ? `(${ends.map((end) => `${name}="${end}"`).join(' or ')})` : '');
  const ports = [...new Set(asked ? [asked.sourcePort, asked.destinationPort] : [])].filter((port) => port !== null && port !== 0);
  const port = (name: string) => (ports.length > 0 ? `(${ports.map((p) => `${name}=${p}`).join(' or ')})` : '');
  const q = ['_index=vpc_flow', any('srcaddr'), any('dstaddr'), port('srcport'), port('dstport')].filter(Boolean).join(' ');
  return { from: new Date(window.from * 1000).toISOString(), to: new Date(window.to * 1000).toISOString(), q };
}
