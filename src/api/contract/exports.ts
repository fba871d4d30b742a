/** Shapes of exports: all rows of a query as a file. */
import { z } from 'zod';
import { ROW_FORMATS } from '../../query/row-text.ts';
import { Filter, OutputColumn } from '../contract.ts';

/** POST /api/v1/exports */
export const ExportRequest = z.strictObject({
  query: z.string().max(64 * 1024),
  from: z.union([z.string(), z.number()]).default('-24h'),
  to: z.union([z.string(), z.number()]).default('now'),
  filters: z.array(Filter).max(50).default([]),
  timeZone: z.string().default('UTC'),
  format: z.enum(ROW_FORMATS),
  /** Of the file, without its ending. */
  name: z.string().min(1).max(200).default('bartizan'),
  /** CSV: a text that a spreadsheet would run as a formula (it begins with = + - @ tab or CR) gets a ' before it. */
  guardFormulas: z.boolean().default(true),
  /** CSV: how lines end; RFC 4180 says `crlf`. */
  lineEnd: z.enum(['crlf', 'lf']).default('crlf'),
});

export const ExportResponse = z.object({
  id: z.string(),
  /** Where the file is, once, until it expires. */
  path: z.string(),
  file: z.string(),
  /** Epoch milliseconds. */
  expires: z.number(),
  /** null where data makes the columns. */
  columns: z.array(OutputColumn).nullable(),
  /** Most rows that the server lets out; 0 when it sets no limit. */
  maxRows: z.number(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});

export type ExportRequest = z.infer<typeof ExportRequest>;
export type ExportResponse = z.infer<typeof ExportResponse>;
