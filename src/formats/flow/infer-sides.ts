/**
 * Which column of a pair is of the source's end of what crosses a transit gateway. What belongs together
 * keeps together: an interface is in one subnet, a subnet in one VPC, an address in the VPC of its end. On
 * which end the gateway stood tells its attachment: that of the source where traffic comes in, that of the
 * destination where it goes out (https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html).
 */
import type { Order } from './infer-ends.ts';
import type { GATEWAY_ENDS, Table } from './infer-table.ts';

export type Kind = keyof typeof GATEWAY_ENDS | 'address';

/** Two columns, one of each end. */
export interface Sides {
  readonly kind: Kind;
  readonly columns: readonly [number, number];
}

/** Sides that keep together: `turned` where the second column goes with the first one of the others. `order`: which of them is the source's. */
export interface Cluster {
  readonly sides: readonly (Sides & { readonly turned: boolean })[];
  readonly order: Order;
}

/** What has one value of each of the others, by kind. */
const ONE_OF: Readonly<Record<Kind, readonly Kind[]>> = {
  interface: ['subnet', 'vpc', 'zone', 'account'],
  subnet: ['vpc', 'zone', 'account'],
  vpc: ['account'],
  address: ['vpc', 'account'],
  zone: [],
  account: [],
};
/** What has one attachment. */
const ATTACHED: ReadonlySet<Kind> = new Set(['interface', 'subnet', 'vpc']);
/** Rows that speak against one way, and how many times as many as against the other, from which it is out. */
const AGAINST = 5;
const CLEARLY = 20;

/** `attachment`, `direction`: their values by row, where they are known. */
export function clustersOf(
  table: Table,
  sides: readonly Sides[],
  attachment: readonly string[] | undefined,
  direction: readonly string[] | undefined,
): Cluster[] {
  const found: Cluster[] = [];
  const open = new Set(sides);
  for (const first of sides) {
    if (!open.delete(first)) continue;
    const members = [{ ...first, turned: false }];
    for (const member of members) {
      for (const other of open) {
        const order = together(table, member, other);
        if (order === undefined) continue;
        open.delete(other);
        members.push({ ...other, turned: member.turned !== (order === 'second') });
      }
    }
    found.push({ sides: members, order: orderOf(table, members, attachment, direction) });
  }
  return found;
}

/** Whether the first column of one goes with the first of the other. */
function together(table: Table, a: Sides, b: Sides): Order {
  const [one, other] = ONE_OF[a.kind].includes(b.kind) ? [a, b] : [b, a];
  if (!ONE_OF[one.kind].includes(other.kind)) return undefined;
  const column = (c: number): readonly string[] => table.columns[c]!;
  const [[p, q], [x, y]] = [one.columns, other.columns];
  const split = (pairs: readonly (readonly [number, number])[]): number =>
    strays(pairs.flatMap(([from, to]) => table.traffic.map((row) => [column(from)[row]!, column(to)[row]!] as const)));
  return better(
    split([
      [p, x],
      [q, y],
    ]),
    split([
      [p, y],
      [q, x],
    ]),
  );
}

/** The end that the attachment is of, row by row, decides. Members that disagree decide nothing. */
function orderOf(table: Table, members: Cluster['sides'], attachment: readonly string[] | undefined, direction: readonly string[] | undefined): Order {
  if (!attachment || !direction) return undefined;
  const orders = new Set<Order>();
  for (const { kind, columns, turned } of members) {
    if (!ATTACHED.has(kind)) continue;
    const [source, destination] = (turned ? columns.toReversed() : columns).map((c) => table.columns[c]!);
    const split = (into: readonly string[], out: readonly string[]): number =>
      strays(table.traffic.map((row) => [(direction[row] === 'ingress' ? into : out)[row]!, attachment[row]!] as const));
    const order = better(split(source!, destination!), split(destination!, source!));
    if (order) orders.add(order);
  }
  return orders.size === 1 ? [...orders][0] : undefined;
}

function better(straight: number, crossed: number): Order {
  if (crossed >= AGAINST && crossed >= CLEARLY * straight) return 'first';
  return straight >= AGAINST && straight >= CLEARLY * crossed ? 'second' : undefined;
}

/** Rows in which the first does not have the second that it mostly has. */
function strays(rows: readonly (readonly [string, string])[]): number {
  const counts = new Map<string, Map<string, number>>();
  for (const [one, other] of rows) {
    const of = counts.get(one) ?? new Map<string, number>();
    counts.set(one, of.set(other, (of.get(other) ?? 0) + 1));
  }
  let sum = rows.length;
  for (const of of counts.values()) sum -= Math.max(...of.values());
  return sum;
}
