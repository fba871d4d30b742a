/**
 * The demo estate's log files: a pure function of seed and time. Any minute can be written at any
 * time, alone or with its neighbours, and is the same text; so a restart or a sleeping laptop changes
 * nothing.
 */
import type { Estate, Vpc } from './estate.ts';
import { type Flow, lineWriter } from './lines.ts';
import { buildHosts, type Host } from './parties.ts';
import { hash, hashText, hex } from './random.ts';
import { trafficSource } from './traffic.ts';

export interface DemoFile {
  /** Path as in S3, ending in `.log` (formats.md section 3). */
  readonly name: string;
  readonly text: string;
}

export interface Demo {
  /** The files of the minutes [from, to) since the epoch, one a VPC. */
  files(from: number, to: number): DemoFile[];
  /** The files of one minute. */
  minute(minute: number): DemoFile[];
  /** Folders that hold the files of a minute's day. */
  folders(minute: number): string[];
}

/** One minute in this many has lost records at an interface. */
const SKIPDATA_EVERY = 97;
/** Role whose interfaces have no traffic: they write NODATA. */
const IDLE_ROLE = 'idle';

/** Throws Error when the estate names what it does not have. */
export function createDemo(estate: Estate, seed: number): Demo {
  const hosts = buildHosts(estate, seed);
  const writers = estate.vpcs.map((vpc) => lineWriter(vpc, estate));
  const sources = estate.traffic.map((traffic) => trafficSource(estate, hosts, traffic, seed));

  const writeMinute = (minute: number, lines: string[][]) => {
    for (const source of sources) source(minute, (flow) => lines[flow.host.vpc]!.push(writers[flow.host.vpc]!.flow(flow)));
    estate.vpcs.forEach((vpc, index) => {
      const writer = writers[index]!;
      const window = (host: Host) => statusOf(host, minute);
      for (const host of hosts.get(`${vpc.name}/${IDLE_ROLE}`) ?? []) lines[index]!.push(writer.status('NODATA', window(host)));
      const busiest = hosts.get(`${vpc.name}/${Object.keys(vpc.roles)[0]}`)?.[0];
      if (busiest && hash(seed, minute, index, 41) % SKIPDATA_EVERY === 0) lines[index]!.push(writer.status('SKIPDATA', window(busiest)));
    });
  };

  const files = (from: number, to: number): DemoFile[] => {
    const lines = writers.map((writer) => [writer.header]);
    for (let minute = from; minute < to; minute++) writeMinute(minute, lines);
    const stamp = `${new Date(from * 60_000).toISOString().slice(0, 16).replaceAll(/[-:]/g, '')}Z`;
    return estate.vpcs.map((vpc, index) => {
      const account = estate.accounts[vpc.account]!;
      const name = `${folderOf(vpc, from)}/${account}_vpcflowlogs_${vpc.region}_${vpc.flowLog}_${stamp}_${hex(8, seed, hashText(vpc.id), from, to)}.log`;
      return { name, text: `${lines[index]!.join('\n')}\n` };
    });
  };

  const folderOf = (vpc: Vpc, minute: number) =>
    `AWSLogs/${estate.accounts[vpc.account]}/vpcflowlogs/${vpc.region}/${new Date(minute * 60_000).toISOString().slice(0, 10).replaceAll('-', '/')}`;
  const folders = (minute: number) => [...new Set(estate.vpcs.map((vpc) => folderOf(vpc, minute)))];

  return { files, folders, minute: (minute) => files(minute, minute + 1) };
}

/** An interface's whole minute, without traffic. */
function statusOf(host: Host, minute: number): Flow {
  return {
    host,
    source: '',
    destination: '',
    sourcePort: 0,
    destinationPort: 0,
    protocol: 0,
    packets: 0,
    bytes: 0,
    start: minute * 60,
    end: minute * 60 + 59,
    accepted: true,
    flags: 0,
    egress: false,
    path: 0,
    packetSource: '',
    packetDestination: '',
    sourceService: '-',
    destinationService: '-',
  };
}
