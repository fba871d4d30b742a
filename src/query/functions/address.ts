/**
 * Functions on addresses of both families. The public language knows IPv4 only in most of these; ours
 * answer for IPv6 as well. Text that is no address is in no network and gives null for its prefix.
 */
import { QueryError } from '../diagnostics.ts';
import { any, inRange } from '../match.ts';
import { type AddressRange, PRIVATE_NETWORKS, parseNetwork, RESERVED_NETWORKS } from '../network.ts';
import { type Sql, sql } from '../sql.ts';
import { addressToText, isNull, type Typed } from '../typed.ts';
import type { Argument, QueryFunction } from './kinds.ts';

const ADDRESS: Argument = { name: 'address', kind: 'address' };
const BITS: Argument = { name: 'prefix', kind: 'number' };

const rangesOf = (networks: readonly string[]): AddressRange[] => networks.flatMap((network) => parseNetwork(network) ?? []);
const V4 = rangesOf(['0.0.0.0/0']);
const PRIVATE = rangesOf(PRIVATE_NETWORKS);
const RESERVED = rangesOf(RESERVED_NETWORKS);
const NOT_PUBLIC = [...PRIVATE, ...RESERVED];

function inAny(value: Typed, ranges: readonly AddressRange[]): Sql {
  return sql`ifNull(${any(ranges.map((range) => inRange(value, range)))}, false)`;
}

function asked(name: string, template: (value: Typed) => Sql, doc: string): QueryFunction {
  return { name, args: [ADDRESS], returns: 'boolean', sql: (_, __, [value]) => template(value as Typed), doc, example: `where ${name}(srcaddr)` };
}

const isV4 = (value: Typed): Sql => inAny(value, V4);
const given = (value: Typed): Sql => sql`(NOT ${isNull(value)})`;

/** First address of the network that holds the address; the prefix counts from the front of its own family. */
function prefixOf(address: Sql, bits: Sql): Sql {
  const v4 = sql`(${address} BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255'))`;
  return sql`tupleElement(IPv6CIDRToRange(assumeNotNull(${address}), toUInt8(least(128, greatest(0, assumeNotNull(${bits}) + if(${v4}, 96, 0))))), 1)`;
}

export const ADDRESS_FUNCTIONS: readonly QueryFunction[] = [
  asked('isPublicIP', (v) => sql`(${given(v)} AND NOT ${inAny(v, NOT_PUBLIC)})`, 'Is it a public address: neither private nor reserved?'),
  asked('isPrivateIP', (v) => inAny(v, PRIVATE), 'Is it a private address (RFC 1918, IPv6 unique local)?'),
  asked(
    'isReservedIP',
    (v) => sql`(${given(v)} AND ${inAny(v, RESERVED)})`,
    'Is it a special-purpose address that is not private: loopback, link-local, documentation, multicast, …?',
  ),
  asked('isValidIP', given, 'Is it an address of either family?'),
  asked('isValidIPv4', isV4, 'Is it an IPv4 address?'),
  asked('isValidIPv6', (v) => sql`(${given(v)} AND NOT ${isV4(v)})`, 'Is it an IPv6 address?'),
  {
    name: 'cidr',
    args: [ADDRESS, { name: 'network', kind: 'any', many: true }],
    returns: 'boolean',
    sql: (_, { call }, [value]) => {
      const networks = call.args.slice(1).map((arg) => {
        const range = arg.node === 'literal' ? parseNetwork(String(arg.value)) : undefined;
        if (!range) throw new QueryError('bad-value', arg.span, 'This is not a network.', 'Write it as text, such as “"10.0.0.0/8"” or “"2001:db8::/32"”.');
        return range;
      });
      return inAny(value as Typed, networks);
    },
    doc: 'Is the address in one of the networks?',
    example: 'where cidr(srcaddr, "10.0.0.0/8")',
  },
  {
    name: 'compareCIDRPrefix',
    args: [ADDRESS, { name: 'other', kind: 'address' }, BITS],
    returns: 'boolean',
    sql: ([a, b, bits]) => sql`(isNotNull(${a as Sql}) AND isNotNull(${b as Sql}) AND ${prefixOf(a as Sql, bits as Sql)} = ${prefixOf(b as Sql, bits as Sql)})`,
    doc: 'Do both addresses share the first bits?',
    example: 'where compareCIDRPrefix(srcaddr, "10.1.0.0", "16")',
  },
  {
    name: 'getCIDRPrefix',
    args: [ADDRESS, BITS],
    returns: 'address',
    sql: ([address, bits], _, [value]) => ({
      sql: sql`if(${isNull(value as Typed)}, NULL, ${prefixOf(address as Sql, bits as Sql)})`,
      kind: 'address',
    }),
    doc: 'First address of the network of that many bits.',
    example: 'getCIDRPrefix(srcaddr, "16") as network',
  },
  {
    name: 'maskFromCIDR',
    args: [BITS],
    returns: 'text',
    sql: ([bits]) =>
      sql`if(${bits as Sql} BETWEEN 0 AND 32, IPv4NumToString(toUInt32(bitAnd(bitShiftLeft(toUInt64(4294967295), toUInt8(32 - least(32, greatest(0, ifNull(${bits as Sql}, 0))))), 4294967295))), NULL)`,
    doc: 'The IPv4 mask of that many bits: "24" gives 255.255.255.0.',
    example: 'maskFromCIDR("24") as mask',
  },
  {
    name: 'ipv4ToNumber',
    args: [ADDRESS],
    returns: 'number',
    sql: (_, __, [value]) => sql`if(${isV4(value as Typed)}, IPv4StringToNumOrNull(${addressToText((value as Typed).sql)}), NULL)`,
    doc: 'An IPv4 address as a number; null for anything else.',
    example: 'ipv4ToNumber(srcaddr) as n',
  },
];
