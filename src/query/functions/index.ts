/** The function table. A new function is one entry in one of its files and one spec case. */
import { ADDRESS_FUNCTIONS } from './address.ts';
import { ENCODING_FUNCTIONS } from './encoding.ts';
import type { QueryFunction } from './kinds.ts';
import { LOGIC_FUNCTIONS } from './logic.ts';
import { LOOKUP_FUNCTIONS } from './lookup.ts';
import { NUMBER_FUNCTIONS } from './number.ts';
import { TEXT_FUNCTIONS } from './text.ts';
import { TIME_FUNCTIONS } from './time.ts';

export const FUNCTIONS: readonly QueryFunction[] = [
  ...LOGIC_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...TIME_FUNCTIONS,
  ...ADDRESS_FUNCTIONS,
  ...LOOKUP_FUNCTIONS,
];

const BY_NAME: ReadonlyMap<string, QueryFunction> = new Map(
  FUNCTIONS.flatMap((f) => [f.name, ...(f.aliases ?? [])].map((name) => [name.toLowerCase(), f] as const)),
);

/** Finds a function by name, in any letter case. */
export function findFunction(name: string): QueryFunction | undefined {
  return BY_NAME.get(name.toLowerCase());
}
