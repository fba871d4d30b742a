/** Writes small MaxMind DB files for tests: https://maxmind.github.io/MaxMind-DB/ */
import type { MmdbValue } from '../../src/enrich/mmdb.ts';
import { networkRange } from '../../src/model/network.ts';

export interface MmdbContent {
  readonly recordSize: 24 | 28 | 32;
  readonly ipVersion: 4 | 6;
  /** CIDR block and its record; blocks do not overlap. */
  readonly networks: readonly (readonly [string, MmdbValue])[];
}

type Node = [left: Node | number | undefined, right: Node | number | undefined];

export function writeMmdb({ recordSize, ipVersion, networks }: MmdbContent): Uint8Array {
  const data: number[] = [];
  const root: Node = [undefined, undefined];
  for (const [cidr, record] of networks) {
    const position = data.length;
    data.push(...encode(record));
    const length = Number(cidr.split('/')[1]);
    const { first } = networkRange(cidr);
    const from = ipVersion === 4 ? 96 : 0;
    let node = root;
    for (let i = 0; i < length; i++) {
      const bit = ((first[(from + i) >> 3]! >> (7 - ((from + i) & 7))) & 1) as 0 | 1;
      if (i === length - 1) {
        node[bit] = position;
        break;
      }
      const next = node[bit];
      if (Array.isArray(next)) node = next;
      else {
        const made: Node = [undefined, undefined];
        node[bit] = made;
        node = made;
      }
    }
  }
  const nodes: Node[] = [];
  const number = new Map<Node, number>();
  const visit = (node: Node) => {
    number.set(node, nodes.push(node) - 1);
    for (const child of node) if (Array.isArray(child)) visit(child);
  };
  visit(root);
  const value = (child: Node[0]) => (child === undefined ? nodes.length : typeof child === 'number' ? nodes.length + 16 + child : number.get(child)!);
  const tree = nodes.flatMap(([left, right]) => writeNode(recordSize, value(left), value(right)));
  const metadata = encode({
    node_count: nodes.length,
    record_size: recordSize,
    ip_version: ipVersion,
    database_type: 'test',
    build_epoch: 1_750_000_000,
  });
  const marker = Array.from('\xab\xcd\xefMaxMind.com', (c) => c.charCodeAt(0));
  return Uint8Array.from([...tree, ...new Array<number>(16).fill(0), ...data, ...marker, ...metadata]);
}

function writeNode(recordSize: 24 | 28 | 32, left: number, right: number): number[] {
  const bytes = (n: number) => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  const l = bytes(left);
  const r = bytes(right);
  if (recordSize === 32) return [...l, ...r];
  if (recordSize === 24) return [...l.slice(1), ...r.slice(1)];
  return [...l.slice(1), ((left >>> 24) << 4) | ((right >>> 24) & 15), ...r.slice(1)];
}

function control(type: number, size: number): number[] {
  const head = (low: number) => (type > 7 ? [low, type - 7] : [(type << 5) | low]);
  if (size < 29) return head(size);
  if (size < 285) return [...head(29), size - 29];
  return [...head(30), (size - 285) >> 8, (size - 285) & 255];
}

export function encode(value: MmdbValue): number[] {
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return [...control(2, bytes.length), ...bytes];
  }
  if (typeof value === 'boolean') return control(14, value ? 1 : 0);
  if (typeof value === 'bigint') {
    const bytes = Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * (15 - i))) & 255n));
    return [...control(10, 16), ...bytes];
  }
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0) {
      const bytes = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
      while (bytes[0] === 0) bytes.shift();
      return [...control(6, bytes.length), ...bytes];
    }
    return [...control(3, 8), ...new Uint8Array(Float64Array.of(value).buffer).reverse()];
  }
  if (value instanceof Uint8Array) return [...control(4, value.length), ...value];
  if (Array.isArray(value)) return [...control(11, value.length), ...value.flatMap(encode)];
  const entries = Object.entries(value);
  return [...control(7, entries.length), ...entries.flatMap(([key, v]) => [...encode(key), ...encode(v)])];
}
