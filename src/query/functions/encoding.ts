/** Functions between spellings of the same bytes: base64, hexadecimal, URLs, hashes. */

import { listed, quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { param, type Sql, sql } from '../sql.ts';
import type { Argument, CallSite, QueryFunction } from './kinds.ts';

const TEXT: Argument = { name: 'text', kind: 'text' };

/** A constant of a list, in any letter case. */
function chosen(site: CallSite, at: number, names: readonly string[], fallback: string): string {
  const arg = site.call.args[at];
  if (!arg) return fallback;
  const found = arg.node === 'literal' ? names.find((name) => name.toLowerCase() === String(arg.value).toLowerCase()) : undefined;
  if (found === undefined)
    throw new QueryError(
      'bad-value',
      arg.span,
      `This is not one of the values that ${quoted(site.call.name)} knows here.`,
      `Write one of ${listed(names.map((name) => `"${name}"`))}.`,
    );
  return found;
}

const HASHES: Readonly<Record<string, (value: Sql) => Sql>> = {
  md5: (value) => sql`MD5(${value})`,
  sha1: (value) => sql`SHA1(${value})`,
  sha2_256: (value) => sql`SHA256(${value})`,
  sha_256: (value) => sql`SHA256(${value})`,
  murmur3_128: (value) => sql`murmurHash3_128(${value})`,
};

const CHARSETS: readonly string[] = ['US-ASCII', 'UTF-8', 'UTF-16', 'UTF-16BE', 'UTF-16LE', 'UTF-32', 'UTF-32BE', 'UTF-32LE'];

/** Digits of a hexadecimal number of at most 64 bits, with or without 0x; null for anything else. */
function hexDigits(value: Sql): Sql {
  return sql`nullIf(extract(ifNull(${value}, ''), '^(?:0[xX])?([0-9a-fA-F]{1,16})$'), '')`;
}

function fromHex(name: string, doc: string): QueryFunction {
  const number = (value: Sql): Sql => sql`reinterpretAsInt64(reverse(unhex(leftPad(${value}, 16, '0'))))`;
  return {
    name,
    args: [TEXT],
    returns: 'number',
    sql: ([value]) => {
      const digits = hexDigits(value as Sql);
      return sql`if(isNull(${digits}), NULL, ${number(sql`assumeNotNull(${digits})`)})`;
    },
    doc,
    example: `${name}("7AF") as n`,
  };
}

export const ENCODING_FUNCTIONS: readonly QueryFunction[] = [
  {
    name: 'hash',
    args: [TEXT, { name: 'algorithm', kind: 'text', optional: true }],
    returns: 'text',
    sql: ([value], site) => {
      const make = HASHES[chosen(site, 1, Object.keys(HASHES), 'md5')] as (value: Sql) => Sql;
      return sql`lower(hex(${make(value as Sql)}))`;
    },
    doc: 'Hash of a text, in hexadecimal: md5 (the default), sha1, sha2_256 (also sha_256) or murmur3_128.',
    example: 'hash(srcaddr, "sha2_256") as source',
  },
  {
    name: 'base64Encode',
    args: [TEXT],
    returns: 'text',
    sql: ([value]) => sql`base64Encode(${value as Sql})`,
    doc: 'Text encoded in base64.',
    example: 'base64Encode(action) as x',
  },
  {
    name: 'base64Decode',
    args: [TEXT, { name: 'charset', kind: 'text', optional: true }],
    returns: 'text',
    sql: ([value], site) => {
      const charset = chosen(site, 1, CHARSETS, 'UTF-8');
      const bare = sql`trimRight(${value as Sql}, '=')`;
      const decoded = sql`tryBase64Decode(concat(${bare}, repeat('=', (4 - length(${bare}) % 4) % 4)))`;
      const converted = charset === 'UTF-8' || charset === 'US-ASCII' ? decoded : sql`convertCharset(${decoded}, ${param('String', charset)}, 'UTF-8')`;
      return sql`if(${decoded} = '', ${value as Sql}, ${converted})`;
    },
    doc: 'Text decoded from base64, in the charset UTF-8 unless another is named (US-ASCII, UTF-16, UTF-16LE, …). What is no base64 is returned as it is.',
    example: 'base64Decode("QUNDRVBU") as x',
  },
  {
    name: 'urldecode',
    args: [TEXT],
    returns: 'text',
    sql: ([value]) => sql`decodeURLFormComponent(${value as Sql})`,
    doc: 'Text with percent-encoding resolved; + is a space.',
    example: 'urldecode("a%20b") as x',
  },
  {
    name: 'urlencode',
    args: [TEXT],
    returns: 'text',
    sql: ([value]) => sql`encodeURLFormComponent(${value as Sql})`,
    doc: 'Text with percent-encoding; a space is +.',
    example: 'urlencode("a b") as x',
  },
  {
    name: 'decToHex',
    args: [{ name: 'number', kind: 'number' }],
    returns: 'text',
    sql: ([value]) => sql`replaceRegexpOne(hex(toInt64(trunc(${value as Sql}))), '^0+(.)', '\\\\1')`,
    doc: 'A whole number in hexadecimal, in upper case; negative numbers as their two’s complement of 64 bits.',
    example: 'decToHex(bytes) as x',
  },
  fromHex('hexToDec', 'The number of a hexadecimal text of at most 16 digits; two’s complement. Null when it is none.'),
  fromHex('parseHex', 'The number of a hexadecimal text of at most 16 digits, with or without 0x. Null when it is none.'),
  {
    name: 'hexToAscii',
    args: [TEXT],
    returns: 'text',
    sql: ([value]) => sql`if(match(${value as Sql}, '^(?:[0-9a-fA-F]{2})*$'), unhex(${value as Sql}), NULL)`,
    doc: 'The text of bytes in hexadecimal. Null when it is none.',
    example: 'hexToAscii("68656c6c6f") as x',
  },
];
