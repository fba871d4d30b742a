/**
 * Flow log files for benches and load tests: deterministic from a seed, with the properties that cost
 * or save time and bytes in real ones (a few hundred interfaces, many outside addresses with a long
 * tail, ephemeral ports, five-minute files, times within the window).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export const V2 = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
const V5 = `${V2} vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path`;
const V5_ALPHABETICAL = V5.split(' ').sort().join(' ');

/** A fast generator of evenly distributed numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Share of each kind of line; the rest is plain version 2. */
export interface Mix {
  readonly ipv6: number;
  readonly nodata: number;
  readonly malformed: number;
  /** Files that are version 5 in AWS order, and in alphabetical order. */
  readonly v5Files: number;
  readonly alphabeticalFiles: number;
}

export const PLAIN: Mix = { ipv6: 0, nodata: 0, malformed: 0, v5Files: 0, alphabeticalFiles: 0 };
export const MIXED: Mix = { ipv6: 0.08, nodata: 0.01, malformed: 0.01, v5Files: 0.15, alphabeticalFiles: 0.1 };

/** What a set of files holds, for checks. */
export interface Written {
  readonly files: string[];
  readonly lines: number;
  readonly textBytes: number;
  readonly gzipBytes: number;
  readonly stored: number;
  readonly status: number;
  readonly malformed: number;
  /** Sum of bytes over the stored records. */
  readonly bytes: number;
}

const PORTS = [443, 443, 443, 443, 80, 22, 3306, 5432, 53, 53, 8080, 6379, 25, 3389, 9092, 123];
const HOSTS = 400;
const OUTSIDE = 60_000;

/** Writes `count` lines over `files` gz files below `directory`; the last file ends at `end` (epoch s) and files are `step` seconds apart. */
export function writeFlows(options: { directory: string; count: number; files: number; end: number; step?: number; mix?: Mix; seed?: number }): Written {
  const { directory, count, files, end, step = 300, mix = PLAIN, seed = 7 } = options;
  mkdirSync(directory, { recursive: true });
  const next = random(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  const hosts = Array.from({ length: HOSTS }, (_, i) => ({
    v4: `10.${pick(4)}.${pick(60)}.${4 + pick(250)}`,
    v6: `2600:1f18:${(0x1000 + (i % 6)).toString(16)}:${(i % 30).toString(16)}::${(1 + i).toString(16)}`,
    eni: `eni-0${(pick(2 ** 31) * 2 ** 20 + pick(2 ** 20)).toString(16).padStart(16, '0')}`,
    account: ['123456789012', '210987654321', '333344445555'][i % 3] as string,
    weight: next() ** 3,
  }));
  const outside = Array.from({ length: OUTSIDE }, () => ({
    v4: `${1 + pick(222)}.${pick(256)}.${pick(256)}.${1 + pick(254)}`,
    v6: `2a00:${pick(65536).toString(16)}:${pick(65536).toString(16)}::${(1 + pick(65535)).toString(16)}`,
  }));
  const host = () => hosts[Math.floor(next() ** 2 * HOSTS)] as (typeof hosts)[number];
  const far = () => outside[Math.floor(next() ** 3 * OUTSIDE)] as (typeof outside)[number];
  const written = { files: [] as string[], lines: 0, textBytes: 0, gzipBytes: 0, stored: 0, status: 0, malformed: 0, bytes: 0 };
  const perFile = Math.ceil(count / files);

  for (let f = 0; f < files; f++) {
    const base = end - (files - f) * step;
    const kind = next();
    const header = kind < mix.v5Files ? V5 : kind < mix.v5Files + mix.alphabeticalFiles ? V5_ALPHABETICAL : V2;
    const out = [header];
    for (let i = 0; i < perFile && written.lines < count; i++, written.lines++) {
      const own = host();
      const v6 = next() < mix.ipv6;
      const start = base + pick(step);
      const way = next();
      if (next() < mix.nodata) {
        out.push(format(header, { ...blank(own), start, end: start + 60, status: next() < 0.9 ? 'NODATA' : 'SKIPDATA' }));
        written.status++;
        continue;
      }
      const peer = way < 0.6 ? far() : host();
      const inbound = way < 0.3 || (way >= 0.6 && way < 0.8);
      const port = PORTS[pick(PORTS.length)] as number;
      const ephemeral = 32768 + pick(28232);
      const request = next() < 0.55;
      const packets = Math.max(1, Math.floor(1 / (next() + 0.004)));
      const bytes = packets * (40 + pick(1420));
      const mine = v6 ? own.v6 : own.v4;
      const theirs = v6 ? peer.v6 : peer.v4;
      const record = {
        account: own.account,
        eni: own.eni,
        src: inbound ? theirs : mine,
        dst: inbound ? mine : theirs,
        sport: request === inbound ? ephemeral : port,
        dport: request === inbound ? port : ephemeral,
        protocol: port === 53 || port === 123 ? 17 : 6,
        packets,
        bytes,
        start,
        end: start + 1 + pick(59),
        action: inbound && way < 0.3 && next() < 0.45 ? 'REJECT' : 'ACCEPT',
        status: 'OK',
        v6,
        inbound,
      };
      const line = format(header, record);
      if (next() < mix.malformed) {
        out.push(breakLine(line, next));
        written.malformed++;
      } else {
        out.push(line);
        written.stored++;
        written.bytes += bytes;
      }
    }
    const text = `${out.join('\n')}\n`;
    const compressed = gzipSync(text);
    const path = join(directory, `flows-${String(f).padStart(5, '0')}.log.gz`);
    writeFileSync(path, compressed);
    written.files.push(path);
    written.textBytes += text.length;
    written.gzipBytes += compressed.length;
  }
  return written;
}

interface Line {
  readonly account: string;
  readonly eni: string;
  readonly src: string;
  readonly dst: string;
  readonly sport: number | '-';
  readonly dport: number | '-';
  readonly protocol: number | '-';
  readonly packets: number | '-';
  readonly bytes: number | '-';
  readonly start: number;
  readonly end: number;
  readonly action: string;
  readonly status: string;
  readonly v6: boolean;
  readonly inbound: boolean;
}

function blank(own: { account: string; eni: string }): Omit<Line, 'start' | 'end' | 'status'> {
  return {
    account: own.account,
    eni: own.eni,
    src: '-',
    dst: '-',
    sport: '-',
    dport: '-',
    protocol: '-',
    packets: '-',
    bytes: '-',
    action: '-',
    v6: false,
    inbound: true,
  };
}

function format(header: string, r: Line): string {
  const plain = `2 ${r.account} ${r.eni} ${r.src} ${r.dst} ${r.sport} ${r.dport} ${r.protocol} ${r.packets} ${r.bytes} ${r.start} ${r.end} ${r.action} ${r.status}`;
  if (header === V2) return plain;
  const id = r.eni.slice(5, 21);
  const rest = `vpc-0${id.slice(0, 4)} subnet-0${id.slice(0, 6)} i-0${id} ${r.protocol === 6 ? 19 : 0} ${r.v6 ? 'IPv6' : 'IPv4'} ${r.src} ${r.dst} us-east-1 use1-az${(id.charCodeAt(1) % 3) + 1} - - - - ${r.inbound ? 'ingress -' : 'egress 8'}`;
  const values = `5${plain.slice(1)} ${rest}`.split(' ');
  if (header === V5) return values.join(' ');
  const byName = new Map(V5.split(' ').map((name, i) => [name, values[i] as string]));
  return header
    .split(' ')
    .map((name) => byName.get(name))
    .join(' ');
}

const BREAKS: readonly ((line: string, next: () => number) => string)[] = [
  (line) => line.split(' ').slice(0, -2).join(' '),
  (line) => `${line} extra`,
  (line) => line.replace(/ (\d+)\.(\d+)\.(\d+)\.(\d+) /, ' $1.$2.999.$4 ').replace(/ [0-9a-f]+:[0-9a-f:]+ /, ' zz::1 '),
  (line) => line.replace(/ 1\d{9} 1\d{9} /, ' 4102444800 4102444860 '),
  (line) => line.replace(/ OK/, ' NOPE'),
  (_, next) => `garbage ${Math.floor(next() * 1e9)}`,
];

function breakLine(line: string, next: () => number): string {
  const broken = (BREAKS[Math.floor(next() * BREAKS.length)] as (typeof BREAKS)[number])(line, next);
  // Not every way to break a line fits every layout.
  return broken === line ? 'garbage' : broken;
}
