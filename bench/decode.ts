/**
 * Speed of the decoder beside its yardstick, gunzip of the same lines, one thread, interleaved rounds:
 * `npx node bench/decode.ts [lines]`. Counts and sums are checked before a number is printed.
 */
import { cpus } from 'node:os';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decompress } from '../src/decode/decompress.ts';
import { FlowDecoder } from '../src/formats/flow/decode.ts';

const LINES = Number(process.argv[2] ?? 500_000);
const ROUNDS = 5;
const CHUNK = 1024 * 1024;
const NOW = 1795132800;

let seed = 1;
/** Whole number below `n`, the same in every run. */
function random(n: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return ((seed >>> 8) * n) >>> 24;
}

const hex = (n: number): string => Array.from({ length: n }, () => '0123456789abcdef'[random(16)]).join('');
const INTERFACES = Array.from({ length: 300 }, () => `eni-${hex(17)}`);
const anywhere = (): string => `${1 + random(222)}.${random(256)}.${random(256)}.${random(256)}`;
// An estate of some thousand hosts that talks mostly to the same peers, and is scanned from everywhere.
const HOSTS = Array.from({ length: 3000 }, () => `10.${random(4)}.${random(256)}.${random(256)}`);
const PEERS = Array.from({ length: 20_000 }, anywhere);
const inside = (): string => HOSTS[random(3000)]!;
const outside = (): string => (random(10) ? PEERS[(random(20_000) * random(4096)) >> 12]! : anywhere());
const PORTS = [443, 443, 443, 80, 22, 53, 3389, 5432];

function v2(i: number): string {
  const [source, destination] = random(2) ? [inside(), outside()] : [outside(), inside()];
  const start = 1599665193 + (i >> 8);
  return `2 123456789010 ${INTERFACES[random(300)]} ${source} ${destination} ${1024 + random(60000)} ${PORTS[random(8)]} ${random(5) ? 6 : 17} ${1 + random(100)} ${40 + random(90000)} ${start} ${start + random(60)} ${random(10) ? 'ACCEPT' : 'REJECT'} OK`;
}

function v5(i: number): string {
  return `${v2(i).replace('2 ', '5 ')} vpc-0${random(4)} subnet-0${hex(2)} i-0${hex(3)} ${random(20)} IPv4 ${inside()} ${outside()} eu-west-1 euw1-az${1 + random(3)} - - - AMAZON ${random(2) ? 'egress' : 'ingress'} ${1 + random(8)}`;
}

function ipv6(i: number): string {
  return v2(i).replace(
    /\d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+/,
    `2001:db8:${hex(3).replace(/^0+/, '1')}::${1 + random(9)} 2600:1f18::${1 + random(9)}:${1 + random(9)}`,
  );
}

/** What the seed's issue calls mixed: versions, families, records without traffic, malformed lines. */
function mixed(i: number): string {
  const kind = random(100);
  if (kind < 50) return v2(i);
  if (kind < 80) return v5(i);
  if (kind < 94) return ipv6(i);
  if (kind < 99) return `2 123456789010 ${INTERFACES[random(300)]} - - - - - - - ${1599665193} ${1599665253} - NODATA`;
  return v2(i).replace(' OK', '');
}

// One decoder for all, as a pipeline's worker has one.
const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 262_144 });
decoder.push(new Uint8Array(0), true);
decoder.take();

function decodeChunks(text: Buffer): { records: number; quarantined: number; bytes: number } {
  decoder.nextDelivery();
  const sum = { records: 0, quarantined: 0, bytes: 0 };
  const take = (): void => {
    const batch = decoder.take();
    sum.records += batch.counts.records;
    sum.quarantined += batch.counts.quarantined;
    for (const { batch: table } of batch.tables) {
      const column = table.columns.get('bytes');
      if (column?.type === 'UInt64') for (let row = 0; row < table.rows; row++) sum.bytes += column.values[row]!;
    }
  };
  for (let at = 0; at < text.length; at += CHUNK) {
    let taken = decoder.push(text.subarray(at, at + CHUNK), at + CHUNK >= text.length);
    while (!taken) {
      take();
      taken = decoder.push(new Uint8Array(0), at + CHUNK >= text.length);
    }
  }
  take();
  return sum;
}

async function stream(gz: Buffer): Promise<number> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < gz.length; at += CHUNK) yield gz.subarray(at, at + CHUNK);
  }
  let length = 0;
  for await (const piece of decompress(source())) length += piece.length;
  return length;
}

function median(times: number[]): string {
  const speeds = times.map((t) => LINES / t / 1000).sort((a, b) => a - b);
  return `${speeds[speeds.length >> 1]!.toFixed(2)} M lines/s (${speeds[0]!.toFixed(2)}–${speeds.at(-1)!.toFixed(2)})`;
}

console.log(`${LINES} lines, ${ROUNDS} rounds, ${cpus()[0]?.model}, Node ${process.version}`);
for (const [name, make] of [
  ['v2', v2],
  ['v5', v5],
  ['IPv6', ipv6],
  ['mixed', mixed],
] as const) {
  seed = 1;
  const lines = Array.from({ length: LINES }, (_, i) => make(i));
  const text = Buffer.from(lines.join('\n'));
  const gz = gzipSync(text);
  const good = lines.filter((l) => l.split(' ').length === 14 || l.split(' ').length === 29);
  const bytes = good.reduce((n, l) => n + (Number(l.split(' ')[9]) || 0), 0);
  const sum = decodeChunks(text);
  if (sum.records !== LINES || sum.quarantined !== LINES - good.length || sum.bytes !== bytes) throw new Error(`wrong sums: ${JSON.stringify(sum)}`);
  if ((await stream(gz)) !== text.length) throw new Error('wrong length');
  const times = { decode: [] as number[], gunzip: [] as number[], stream: [] as number[] };
  const timed = async (list: number[], run: () => unknown): Promise<void> => {
    // Processor time, not the clock's: other work on the machine shall not count.
    const from = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(from);
    list.push((user + system) / 1000);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await timed(times.decode, () => decodeChunks(text));
    await timed(times.gunzip, () => gunzipSync(gz, { chunkSize: CHUNK }));
    await timed(times.stream, () => stream(gz));
  }
  console.log(
    `${name}: ${(text.length / LINES).toFixed(0)} B/line; decode ${median(times.decode)}; gunzip, whole ${median(times.gunzip)}; our stream ${median(times.stream)}`,
  );
}
