/** What the lines of a log tell of their layout, if they are of one format. infer.ts puts what they tell of each together. */
import { type FlowFormat, TGW_FLOW } from '../../model/log-formats.ts';
import { type Known, type Order, packetPairs, sourceAddress, sourcePort, sourceService } from './infer-ends.ts';
import { hasAll, LABEL, LOST, type Naming, nameNumbers, PORT, type Steps } from './infer-numbers.ts';
import { clustersOf, type Sides } from './infer-sides.ts';
import { ABSENT, domainOf, GATEWAY_ENDS, LOSSES, NUMBERS, type Table } from './infer-table.ts';
import type { Layout } from './layout.ts';

export interface Inference {
  /** The format of the likeliest layout. */
  readonly format: FlowFormat;
  /** The likeliest layout; empty when there is none. */
  readonly layout: Layout;
  /** One by the number of layouts that the evidence leaves (of those that were looked at), times the share of lines that are of this form; 0–1. */
  readonly confidence: number;
  /** Every position is decided by evidence. */
  readonly certain: boolean;
  /** As `certain`, but for columns that are absent, or the same as their like, in every line: these lines are read rightly either way, others may not be. */
  readonly sufficient: boolean;
  /** Layouts that the evidence allows, likeliest first; at most CANDIDATES. */
  readonly candidates: readonly Layout[];
  /** Positions that are not decided, with the fields that each could be. */
  readonly ambiguous: readonly { readonly position: number; readonly names: readonly string[] }[];
}

export const CANDIDATES = 24;
/** Rows with traffic below which nothing is certain. */
export const ENOUGH_ROWS = 100;
/** Share of rows that may disagree with the best explanation, and by which the others must be worse. */
const NOISE = 0.02;

export function nothing(format: FlowFormat): Inference {
  return { format, layout: [], confidence: 0, certain: false, sufficient: false, candidates: [], ambiguous: [] };
}

/** Names by column of a group of columns that are decided together; several where it is open. */
type Options = ReadonlyMap<number, string>[];
interface Group {
  readonly columns: readonly number[];
  readonly options: Options;
  /** There are no more options than these. */
  readonly complete: boolean;
}

/** What the lines of a table tell, read as a format. `steps`: those that it may take; what is left is left in it. */
export function inferFormat(table: Table, format: FlowFormat, steps: Steps): Inference {
  const NONE = nothing(format);
  if (table.columns.length > format.fields.length) return NONE;
  const width = table.columns.length;
  const domains = table.columns.map((column) => domainOf(column, table, format));
  const version = findVersion(table, domains, format);
  if (version) for (const domain of domains) for (const name of domain) if (since(format, name) > version.value) domain.delete(name);
  const upTo = version ? fieldsUpTo(format, version.value) : [];
  const whole = version && upTo.length === width ? new Set(upTo) : undefined;
  eliminate(domains, whole);
  if (domains.some((d) => d.size === 0)) return NONE;

  const groups: Group[] = [];
  const open = new Set(domains.keys());
  const settle = (columns: readonly number[], options: Options, complete = true): void => {
    groups.push({ columns, options: options.slice(0, CANDIDATES), complete: complete && options.length <= CANDIDATES });
    for (const c of columns) open.delete(c);
  };
  const decided = (name: string): readonly string[] | undefined => {
    const at = domains.findIndex((d) => d.size === 1 && d.has(name));
    return at < 0 ? undefined : table.columns[at];
  };
  // A column without any value is no evidence.
  const having = (names: readonly string[]): number[] =>
    [...open].filter((c) => names.some((n) => domains[c]!.has(n)) && table.columns[c]!.some((v) => v !== ABSENT));
  const column = (c: number): readonly string[] => table.columns[c]!;

  const direction = decided('flow-direction');
  const numbers = having(NUMBERS);
  const needed = whole && new Set(NUMBERS.filter((n) => whole.has(n) && !domains.some((d, c) => d.has(n) && !numbers.includes(c))));
  const slack = Math.max(5, Math.ceil(NOISE * table.traffic.length));
  const { namings, complete } = nameNumbers(table, new Map(numbers.map((c) => [c, domains[c]!])), direction, needed, slack, CANDIDATES, steps);
  if (numbers.length > 0 && namings.length === 0) return NONE;
  for (const name of NUMBERS) {
    if (namings.every((n) => hasAll(n.names.values(), name))) for (const [c, domain] of domains.entries()) if (!numbers.includes(c)) domain.delete(name);
  }
  eliminate(domains, undefined);
  const [first] = namings;
  const plain = first && first.cost <= NOISE * table.traffic.length && ![...first.names.values()].includes(LABEL);
  const sure = namings.length === 1 && complete && plain ? first : undefined;
  const named = (name: string): number[] => numbers.filter((c) => sure?.names.get(c) === name);
  const numbered = (name: string): readonly string[] | undefined => (named(name)[0] === undefined ? undefined : column(named(name)[0]!));
  const known: Known = {
    interface: decided('interface-id'),
    direction,
    path: numbered('traffic-path'),
    flags: numbered('tcp-flags'),
    action: decided('action'),
  };

  const addresses = having(['srcaddr', 'dstaddr', 'pkt-srcaddr', 'pkt-dstaddr']);
  const pairs = addresses.length === 4 ? packetPairs(table, addresses.map(column), known.interface) : undefined;
  const onlyOwn = addresses.length === 2 && addresses.every((c) => !domains[c]!.has('pkt-srcaddr'));
  const own = pairs ? pairs.own.map((i) => addresses[i]!) : onlyOwn ? addresses : [];
  const ports = named(PORT);
  const portOrder = ports.length === 2 ? sourcePort(table, [column(ports[0]!), column(ports[1]!)], own.map(column), known) : undefined;
  const lost = named(LOST);
  settle(
    numbers.filter((c) => !lost.includes(c)),
    namings.flatMap((naming) => numberOptions(naming, domains, sure === naming ? portOrder : undefined)),
    complete && (sure !== undefined || namings.every((naming) => ![...naming.names.values()].includes(LOST))),
  );
  if (lost.length > 0) settle(lost, ordered(lost, LOSSES));

  let order: Order;
  if (format === TGW_FLOW) {
    const sides: Sides[] = [...Object.entries(GATEWAY_ENDS), ['address', ADDRESSES] as const].flatMap(([kind, names]) => {
      const columns = kind === 'address' ? own : having(names).filter((c) => [...domains[c]!].every((n) => (names as readonly string[]).includes(n)));
      return columns.length === 2 ? [{ kind: kind as Sides['kind'], columns: [columns[0]!, columns[1]!] as const }] : [];
    });
    for (const cluster of clustersOf(table, sides, decided('tgw-attachment-id'), direction)) {
      const ways = cluster.sides.map(({ kind, columns, turned }) => {
        const side = turned ? turnedOrder(cluster.order) : cluster.order;
        if (kind === 'address') order = side;
        const options = inOrder(columns, kind === 'address' ? ADDRESSES : GATEWAY_ENDS[kind], side);
        return turned && side === undefined ? options.toReversed() : options;
      });
      // All are turned together.
      settle(
        cluster.sides.flatMap(({ columns }) => columns),
        ways[0]!.map((_, i) => new Map(ways.flatMap((options) => [...options[i]!]))),
      );
    }
  } else if (own.length === 2) {
    const [p, q] = portOrder === 'second' ? [ports[1]!, ports[0]!] : [ports[0]!, ports[1]!];
    order = sourceAddress(table, [column(own[0]!), column(own[1]!)], portOrder ? [column(p), column(q)] : undefined, known);
    const names = (at: readonly number[], prefix: string): Options => inOrder(at, [`${prefix}srcaddr`, `${prefix}dstaddr`], order);
    // Both pairs are turned together.
    if (pairs) {
      const packet = pairs.packet.map((i) => addresses[i]!);
      const [first, second] = [names(own, ''), names(packet, 'pkt-')];
      settle(
        addresses,
        first.map((options, i) => new Map([...options, ...second[i]!])),
      );
    } else settle(addresses, names(own, ''));
  }
  const services = having(['pkt-src-aws-service', 'pkt-dst-aws-service']).filter((c) => domains[c]!.size === 2);
  if (services.length === 2 && order && own.length === 2) {
    const ends = pairs ? pairs.packet.map((i) => addresses[i]!) : own;
    const [from, to] = order === 'first' ? ends : [...ends].reverse();
    settle(
      services,
      inOrder(
        services,
        ['pkt-src-aws-service', 'pkt-dst-aws-service'],
        sourceService(table, [column(services[0]!), column(services[1]!)], [column(from!), column(to!)]),
      ),
    );
  }
  const times = having(['start', 'end']);
  if (times.length === 2) settle(times, inOrder(times, ['start', 'end'], firstTime(table, times)));
  if (open.size > 0)
    settle([...open], rest([...open], domains, new Set(groups.flatMap((g) => [...(g.options[0]?.values() ?? [])])), alphabetical(domains), format));
  return conclude(format, table, groups, domains, sure !== undefined || numbers.length === 0);
}

interface Version {
  readonly column: number;
  readonly value: number;
}

/**
 * The version's column, where it can be nothing else: it is there even in rows without traffic, or the
 * fields are just those that a version has. Some field must be as new as it says.
 */
function findVersion(table: Table, domains: readonly Set<string>[], format: FlowFormat): Version | undefined {
  const columns = [...domains.keys()].filter((c) => domains[c]!.has('version'));
  if (columns.length !== 1) return undefined;
  const column = columns[0]!;
  const value = Number(table.columns[column]![0]);
  const count = fieldsUpTo(format, value).length;
  if (domains.length > count || (table.silent.length === 0 && domains.length !== count)) return undefined;
  // A transit gateway has one version only.
  const asNew = (d: Set<string>, c: number): boolean => (c === column ? value === 2 : [...d].some((n) => since(format, n) === value));
  if (format !== TGW_FLOW && !domains.some(asNew)) return undefined;
  domains[column]!.clear();
  domains[column]!.add('version');
  return { column, value };
}

function since(format: FlowFormat, name: string): number {
  return format.fields[format.bits.get(name) as number]?.since as number;
}

function fieldsUpTo(format: FlowFormat, version: number): string[] {
  return [...format.bits.keys()].filter((name) => since(format, name) <= version);
}

/** What one column surely is, no other is; and of a whole set of fields, what only one column can be, it is. */
function eliminate(domains: readonly Set<string>[], whole: ReadonlySet<string> | undefined): void {
  for (let again = true; again; ) {
    again = false;
    for (const domain of domains) {
      if (domain.size !== 1) continue;
      const [name] = domain;
      for (const other of domains) if (other !== domain && other.delete(name!)) again = true;
    }
    for (const name of whole ?? []) {
      const able = domains.filter((d) => d.has(name));
      if (able.length !== 1 || able[0]!.size === 1) continue;
      able[0]!.clear();
      able[0]!.add(name);
      again = true;
    }
  }
}

const ADDRESSES = ['srcaddr', 'dstaddr'] as const;

function turnedOrder(order: Order): Order {
  return order && (order === 'first' ? 'second' : 'first');
}

function inOrder(columns: readonly number[], names: readonly [string, string], order: Order): Options {
  const straight = new Map([
    [columns[0]!, names[0]],
    [columns[1]!, names[1]],
  ]);
  const crossed = new Map([
    [columns[0]!, names[1]],
    [columns[1]!, names[0]],
  ]);
  if (order === 'first') return [straight];
  return order === 'second' ? [crossed] : [straight, crossed];
}

/** All ways to give columns as many of the names, in the names' order first. */
function ordered(columns: readonly number[], names: readonly string[]): Options {
  const [first, ...others] = columns;
  if (first === undefined) return [new Map()];
  return names.flatMap((name) =>
    ordered(
      others,
      names.filter((other) => other !== name),
    ).map((way) => new Map([[first, name], ...way])),
  );
}

/** A window never ends before it starts, and most last for a while. */
function firstTime(table: Table, times: readonly number[]): Order {
  let [before, after] = [0, 0];
  for (let row = 0; row < table.rows; row++) {
    const difference = Number(table.columns[times[1]!]![row]) - Number(table.columns[times[0]!]![row]);
    if (difference > 0) before++;
    else if (difference < 0) after++;
  }
  if (before >= 5 && after === 0) return 'first';
  return after >= 5 && before === 0 ? 'second' : undefined;
}

function numberOptions(naming: Naming, domains: readonly Set<string>[], order: Order): Options {
  const names = new Map(naming.names);
  const lost = [...names].flatMap(([c, name]) => (name === LOST ? [c] : []));
  for (const [i, c] of lost.entries()) names.set(c, LOSSES[i] as string);
  const taken = new Set(names.values());
  for (const [c, name] of names) {
    if (name !== LABEL) continue;
    const label = [...domains[c]!].find((n) => !NUMBERS.includes(n) && !taken.has(n));
    if (label === undefined) return [];
    taken.add(label);
    names.set(c, label);
  }
  const ports = [...names].filter(([, name]) => name === PORT).map(([c]) => c);
  const ways: Options =
    ports.length === 2
      ? inOrder(ports, ['srcport', 'dstport'], order)
      : ports.length === 1
        ? [new Map([[ports[0]!, 'srcport']]), new Map([[ports[0]!, 'dstport']])]
        : [new Map()];
  return ways.map((way) => new Map([...names, ...way])).filter((way) => [...way].every(([c, name]) => domains[c]!.has(name)));
}

/** The ways to name what is left, in AWS's order or the alphabet's. */
function rest(columns: readonly number[], domains: readonly Set<string>[], elsewhere: ReadonlySet<string>, sorted: boolean, format: FlowFormat): Options {
  const position = (name: string): number => format.bits.get(name) ?? 0;
  const order = [...columns].sort((a, b) => domains[a]!.size - domains[b]!.size || a - b);
  const found: Map<number, string>[] = [];
  const used = new Map<number, string>();
  let steps = 0;
  const go = (at: number): void => {
    if (found.length > CANDIDATES || ++steps > 20_000) return;
    if (at === columns.length) {
      found.push(new Map(used));
      return;
    }
    const c = order[at]!;
    const names = [...domains[c]!].sort((a, b) => (sorted ? (a < b ? -1 : 1) : position(a) - position(b)));
    const taken = new Set(used.values());
    for (const name of names) {
      if (taken.has(name) || elsewhere.has(name)) continue;
      used.set(c, name);
      go(at + 1);
      used.delete(c);
    }
  };
  go(0);
  return found;
}

/** Whether the fields that are decided stand in the alphabet's order, as the AWS console writes them. */
function alphabetical(domains: readonly Set<string>[]): boolean {
  const names = domains.flatMap((d) => (d.size === 1 ? [...d] : []));
  return names.length > 3 && names.every((n, i) => i === 0 || names[i - 1]! < n);
}

function conclude(format: FlowFormat, table: Table, groups: readonly Group[], domains: readonly Set<string>[], sure: boolean): Inference {
  if (groups.some((g) => g.options.length === 0)) return nothing(format);
  const isAbsent = (c: number): boolean => table.columns[c]!.every((v) => v === ABSENT);
  const alike = new Set(groups.filter((group) => group.columns.every(isAbsent) || readAlike(table, group)));
  let candidates: Map<number, string>[] = [new Map()];
  for (const group of groups) {
    // Of ways that read the lines the same one is offered.
    const options = alike.has(group) ? group.options.slice(0, 1) : group.options;
    candidates = candidates.flatMap((c) => options.map((o) => new Map([...c, ...o]))).filter((c) => new Set(c.values()).size === c.size);
    candidates = candidates.slice(0, CANDIDATES);
  }
  if (candidates.length === 0) return nothing(format);
  const layouts = candidates.map((c) => domains.map((_, i) => c.get(i) as string));
  const ambiguous = domains.flatMap((domain, position) => {
    const group = groups.find((g) => g.columns.includes(position));
    const names = group?.complete ? new Set(group.options.flatMap((o) => o.get(position) ?? [])) : domain;
    return names.size < 2 ? [] : [{ position, names: [...names] }];
  });
  const ways = groups.reduce((product, g) => product * g.options.length, 1);
  const enough = sure && table.told && table.traffic.length >= ENOUGH_ROWS && table.share >= 1 - NOISE;
  const certain = enough && ambiguous.length === 0 && ways === 1;
  const harmless = (c: number): boolean => isAbsent(c) || [...alike].some(({ columns }) => columns.includes(c));
  const sufficient = enough && ambiguous.length < domains.length && ambiguous.every(({ position }) => harmless(position));
  const confidence = (certain ? 1 : Math.min(0.9, table.traffic.length / ENOUGH_ROWS)) * (table.share / ways);
  return { format, layout: layouts[0]!, confidence, certain, sufficient, candidates: layouts, ambiguous };
}

/** Whether the lines read the same in each way to name the columns, because those that change places have the same values. */
function readAlike(table: Table, { columns, options, complete }: Group): boolean {
  if (!complete) return false;
  const same = new Map(columns.map((c) => [c, columns.find((d) => table.columns[d]!.every((v, row) => v === table.columns[c]![row]))]));
  const reading = (names: ReadonlyMap<number, string>): string =>
    [...names]
      .map(([c, name]) => `${name} ${same.get(c)}`)
      .toSorted()
      .join();
  return new Set(options.map(reading)).size === 1;
}
