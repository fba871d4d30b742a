/** The layout that AWS writes unless told otherwise: the fields of version 2, in their order. */
import { ABSENT_BIT, AWS_FIELDS, type Field } from './fields.ts';

export const DEFAULT_FIELDS: readonly Field[] = AWS_FIELDS.filter((f) => f.since === 2);

/** As a header line has it. */
export const DEFAULT_LAYOUT = DEFAULT_FIELDS.map((f) => f.aws).join(' ');

/** Bits of these fields in the `absent` mask. */
export const DEFAULT_MASK = DEFAULT_FIELDS.reduce((mask, f) => mask | (1n << BigInt(ABSENT_BIT.get(f.aws as string) as number)), 0n);
