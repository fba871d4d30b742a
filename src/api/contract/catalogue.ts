/** GET /api/v1/catalogue: what people made that a query can name, so that the editor can check and complete it. */
import { z } from 'zod';

export const CatalogueResponse = z.object({
  /** Fields that rules stored with records, as they are spelled. */
  extracted: z.array(z.string()),
  /** Rules that run when a query asks for one of their fields. */
  rules: z.array(z.object({ name: z.string(), scope: z.string(), expression: z.string(), fields: z.array(z.string()) })),
  lookups: z.array(z.object({ name: z.string(), columns: z.array(z.string()) })),
  /** Whether threat indicators are stored. */
  indicators: z.boolean(),
});

export type CatalogueResponse = z.infer<typeof CatalogueResponse>;
