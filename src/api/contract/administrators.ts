/** Shapes of the list of administrators. */
import { z } from 'zod';

/** Entries that the list may have, and characters of all together: they are one pattern of each query that asks. */
export const ADMINISTRATOR_LIMITS = { entries: 500, characters: 64 * 1024, entry: 640, note: 200 } as const;

const text = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'it has no control characters');

/** POST /api/v1/administrators */
export const AdministratorNew = z.strictObject({
  /** A name, an ARN of a user or a role, or a role’s name; `*` is any text. */
  entry: text(ADMINISTRATOR_LIMITS.entry).min(1).regex(/[^*]/, 'only * makes everybody an administrator'),
  note: text(ADMINISTRATOR_LIMITS.note).default(''),
});

export const Administrator = z.object({
  id: z.string(),
  entry: z.string(),
  note: z.string(),
  /** Epoch seconds. */
  created: z.number(),
});

/** GET /api/v1/administrators */
export const AdministratorList = z.object({
  /** By entry. */
  administrators: z.array(Administrator),
  most: z.number(),
});

export type AdministratorNew = z.infer<typeof AdministratorNew>;
export type Administrator = z.infer<typeof Administrator>;
export type AdministratorList = z.infer<typeof AdministratorList>;
