/**
 * Why a flow was refused, from what is stored: its records of both directions, an accepted request before
 * them, what is known of the interface, and what may be missing. The verdict itself is model/refusal.ts.
 */
import { parseAddress } from '../model/address.ts';
import { FLOW_DATASETS } from '../model/log-formats.ts';
import { explainRefusal, hasPorts, type RefusalContext, type RefusalFlow, relationOf } from '../model/refusal.ts';
import { PROTOCOL_NAMES } from '../model/services.ts';
import { countStatement, fieldStatement } from '../query/index.ts';
import type { ExplainRequest, ExplainResponse } from './contract/refusal.ts';
import type { Filter, RecordsResponse } from './contract.ts';
import { dataExtent } from './data.ts';
import type { ServerDeps } from './deps.ts';
import { Problem } from './errors.ts';
import { compileOptions, succeeded } from './queries.ts';
import { findRecords } from './records.ts';
import { onTables } from './relations.ts';

/** How long before a refused reply its request may have been accepted: aggregated records of a long connection stand at most so far apart. */
const LOOK_BACK_SECONDS = 3600;
const MOST_FLOWS = 500;
/** Of accepted requests the last one is enough. */
const MOST_REQUESTS = 20;

type Rec = RecordsResponse['records'][number];

/** Throws Problem `not-found` where no such refused record is stored. */
export async function explainFlow(deps: ServerDeps, request: ExplainRequest, signal: AbortSignal): Promise<ExplainResponse> {
  const { start, minutes } = request;
  for (const address of [request.source, request.destination]) {
    if (address !== undefined && !parseAddress(address)) throw new Problem('invalid-request', `“${address}” is no address.`);
  }
  const window = { from: Math.max(0, start - minutes * 60), to: start + minutes * 60 + 1 };
  const since = Math.max(0, Math.min(window.from, start - LOOK_BACK_SECONDS));
  const find = (from: number, to: number, filters: readonly Filter[], limit: number) =>
    findRecords(deps, { query: '_index=vpc_flow', from, to, filters: [...filters], timeZone: 'UTC', limit, offset: 0 }, signal);

  const found = await find(start, start + 1, [...tupleOf(request), ...is('interface-id', request.interfaceId), ...is('action', 'REJECT')], 1);
  const asked = found.records[0];
  if (!asked) throw new Problem('not-found', 'No refused record with these values is stored at that time.');
  const said = flowOf(asked);
  const egress = said.egress ?? (await egressByOwnAddress(deps, said, window, signal));
  const refused: RefusalFlow = { ...said, egress };
  const ways = bothWays(refused);
  const complete = ways !== undefined && refused.interfaceId !== undefined;
  const [around, before, counts, extent] = await Promise.all([
    ways ? find(window.from, window.to, ways, MOST_FLOWS) : found,
    // The other direction's accepted records before the window.
    complete && since < window.from
      ? find(since, window.from, [...ways, ...is('interface-id', refused.interfaceId), ...is('action', 'ACCEPT')], MOST_REQUESTS)
      : undefined,
    countsOf(deps, refused.interfaceId, since, window.to, signal),
    dataExtent(deps.store, FLOW_DATASETS, { signal }),
  ]);
  const records = [...around.records, ...(before?.records ?? [])].filter((record) => relationOf(refused, flowOf(record)) !== undefined);
  const cut = around.total > MOST_FLOWS;
  const context: RefusalContext = {
    interfaceType: textOf(asked, 'interface-type') ?? textOf(asked, 'interface.type'),
    // CloudWatch names a stream by its interface and what is logged: eni-…-reject.
    refusedOnly: /-reject$/i.test(textOf(asked, 'aws.cloudwatch.log_stream') ?? ''),
    ...counts,
    since,
    firstStored: extent.extent?.from ?? start,
    now: Math.floor(deps.clock() / 1000),
    cut,
  };
  const verdict = explainRefusal(refused, records.map(flowOf), context);
  return {
    window,
    since,
    flows: records.map((record) => shown(record, refused, asked)).sort((a, b) => a.start - b.start || a.relation.localeCompare(b.relation)),
    cut,
    protocol: refused.protocol === undefined ? '' : PROTOCOL_NAMES[refused.protocol] || String(refused.protocol),
    egress: egress ?? null,
    interface: interfaceOf(asked),
    verdict: { ...verdict, doubts: [...verdict.doubts], allow: verdict.allow.map((rule) => ({ ...rule })) },
  };
}

function is(field: string, value: string | number | undefined): Filter[] {
  return value === undefined ? [] : [{ field, values: [String(value)], negate: false }];
}

function tupleOf(request: ExplainRequest): Filter[] {
  return [
    ...is('srcaddr', request.source),
    ...is('dstaddr', request.destination),
    ...is('srcport', request.sourcePort),
    ...is('dstport', request.destinationPort),
    ...is('protocol', request.protocol),
  ];
}

/** Records of both directions, and a few more that relationOf tells apart; undefined where the record does not say enough. */
function bothWays({ source, destination, sourcePort, destinationPort, protocol }: RefusalFlow): Filter[] | undefined {
  if (source === undefined || destination === undefined || protocol === undefined) return undefined;
  const either = (a: string | number, b: string | number) => [...new Set([String(a), String(b)])];
  const filters: Filter[] = ['srcaddr', 'dstaddr'].map((field) => ({ field, values: either(source, destination), negate: false }));
  if (!hasPorts(protocol)) return [...filters, ...is('protocol', protocol)];
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  const ports: Filter[] = ['srcport', 'dstport'].map((field) => ({ field, values: either(sourcePort, destinationPort), negate: false }));
  return [...filters, ...ports, ...is('protocol', protocol)];
}

/** Accepted flows and SKIPDATA records of an interface. */
async function countsOf(
  deps: ServerDeps,
  interfaceId: string | undefined,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<Pick<RefusalContext, 'acceptedHere' | 'skipped'>> {
  if (interfaceId === undefined) return { acceptedHere: 0, skipped: 0 };
  const count = async (query: string, more: readonly Filter[]): Promise<number> => {
    const { range: _, ...options } = compileOptions(deps, { from, to, filters: [...is('interface-id', interfaceId), ...more] }, 1);
    const answer = await onTables(deps, (relations) => {
      const { statement } = succeeded(countStatement({ ...options, relations, query }));
      return deps.store.rows(statement, { signal });
    });
    return Number(answer.rows[0]?.[0] ?? 0);
  };
  const [acceptedHere, skipped] = await Promise.all([
    count('_index=vpc_flow', is('action', 'ACCEPT')),
    count('_index=vpc_flow_status', is('log-status', 'SKIPDATA')),
  ]);
  return { acceptedHere, skipped };
}

/** By AWS's own word, by the addresses of the interface, or by what is internal; undefined where none tells. */
function egressOf(record: Rec): boolean | undefined {
  const said = textOf(record, 'flow-direction')?.toLowerCase();
  if (said === 'ingress' || said === 'egress') return said === 'egress';
  const own = listOf(record, 'interface.private_ips');
  if (own.length > 0) {
    const [from, to] = [own.includes(textOf(record, 'srcaddr') ?? ''), own.includes(textOf(record, 'dstaddr') ?? '')];
    if (from !== to) return from;
  }
  const direction = textOf(record, 'network.direction');
  return direction === 'outbound' ? true : direction === 'inbound' ? false : undefined;
}

/** An interface's own address stands at one end of each of its records; where just one of the two does, it is that. */
async function egressByOwnAddress(
  deps: ServerDeps,
  { interfaceId, source, destination }: RefusalFlow,
  window: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (interfaceId === undefined || source === undefined || destination === undefined) return undefined;
  const ends = async (field: string): Promise<{ total: number; of: ReadonlyMap<string, number> }> => {
    const { range: _, ...options } = compileOptions(deps, { ...window, filters: is('interface-id', interfaceId) }, 1);
    const answer = await onTables(deps, (relations) => {
      const { statement } = succeeded(fieldStatement({ ...options, relations, query: '_index=vpc_flow' }, field, 100));
      return deps.store.rows(statement, { signal });
    });
    return { total: Number(answer.rows[0]?.[2] ?? 0), of: new Map(answer.rows.map(([value, count]) => [String(value), Number(count)])) };
  };
  const [from, to] = await Promise.all([ends('srcaddr'), ends('dstaddr')]);
  const isOwn = (address: string) => (from.of.get(address) ?? 0) + (to.of.get(address) ?? 0) === from.total;
  const [sourceIsOwn, destinationIsOwn] = [isOwn(source), isOwn(destination)];
  return sourceIsOwn === destinationIsOwn ? undefined : sourceIsOwn;
}

function textOf({ fields }: Rec, name: string): string | undefined {
  const value = fields[name];
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

function numberOf({ fields }: Rec, name: string): number | undefined {
  const value = fields[name];
  return value === undefined || value === null ? undefined : Number(value);
}

function listOf(record: Rec, name: string): string[] {
  return textOf(record, name)?.split(',') ?? [];
}

function flowOf(record: Rec): RefusalFlow {
  const start = record.time / 1000;
  return {
    start,
    end: numberOf(record, 'end') ?? start,
    action: textOf(record, 'action')?.toUpperCase(),
    interfaceId: textOf(record, 'interface-id'),
    egress: egressOf(record),
    source: textOf(record, 'srcaddr'),
    destination: textOf(record, 'dstaddr'),
    packetSource: textOf(record, 'pkt-srcaddr'),
    packetDestination: textOf(record, 'pkt-dstaddr'),
    sourcePort: numberOf(record, 'srcport'),
    destinationPort: numberOf(record, 'dstport'),
    protocol: numberOf(record, 'protocol'),
    tcpFlags: numberOf(record, 'tcp-flags'),
    subnetId: textOf(record, 'subnet-id') ?? textOf(record, 'interface.subnet.id'),
    rejectReason: textOf(record, 'reject-reason'),
  };
}

function shown(record: Rec, refused: RefusalFlow, asked: Rec): ExplainResponse['flows'][number] {
  const flow = flowOf(record);
  return {
    start: flow.start,
    end: flow.end,
    relation: relationOf(refused, flow) ?? 'same',
    asked: record.time === asked.time && record.raw === asked.raw,
    action: flow.action ?? '',
    interfaceId: flow.interfaceId ?? '',
    source: flow.source ?? '',
    destination: flow.destination ?? '',
    packetSource: flow.packetSource ?? '',
    packetDestination: flow.packetDestination ?? '',
    sourcePort: flow.sourcePort ?? null,
    destinationPort: flow.destinationPort ?? null,
    packets: numberOf(record, 'packets') ?? 0,
    bytes: numberOf(record, 'bytes') ?? 0,
    tcpFlags: flow.tcpFlags ?? null,
    rejectReason: flow.rejectReason ?? '',
  };
}

/** What the record says itself, else what a forwarder sent beside it, else the interface lookup. */
function interfaceOf(record: Rec): ExplainResponse['interface'] {
  const first = (...names: string[]) => names.map((name) => textOf(record, name)).find((value) => value !== undefined) ?? '';
  const own = listOf(record, 'forwarder.security_group_ids');
  const ids = own.length > 0 ? own : listOf(record, 'interface.security_group.ids');
  const names = own.length > 0 ? [] : listOf(record, 'interface.security_group.names');
  return {
    id: first('interface-id'),
    type: first('interface-type', 'interface.type'),
    description: first('observer.ingress.interface.alias'),
    account: first('account-id'),
    region: first('region'),
    vpcId: first('vpc-id', 'interface.vpc.id'),
    subnetId: first('subnet-id', 'interface.subnet.id'),
    instanceId: first('instance-id', 'interface.instance.id'),
    instanceName: first('cloud.instance.name'),
    securityGroups: ids.map((id, i) => ({ id, name: names[i] ?? '' })),
  };
}
