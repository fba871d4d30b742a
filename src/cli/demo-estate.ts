/** Reads the demo estate (content/demo/estate.yaml) and checks its shape; names inside of it are checked when it is built. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Estate } from '../demo/estate.ts';
import { SEVERITIES } from '../model/indicator.ts';

const weights = z.record(z.string(), z.number().positive());
const share = z.number().min(0).max(1);
const party = z.union([z.strictObject({ pool: z.string() }), z.strictObject({ role: z.string() })]);
const bytes = z.tuple([z.number().int().positive(), z.number().int().positive()]);
const words = z.array(z.string()).optional();
const minutes = z.number().int().positive();

const EstateSchema = z.strictObject({
  accounts: z.record(z.string(), z.string().regex(/^\d{12}$/)),
  rhythms: z.record(z.string(), z.strictObject({ floor: share, peakHour: z.number().min(0).max(24), weekend: z.number().min(0) })),
  pools: z.record(
    z.string(),
    z.strictObject({ members: minutes, networks: weights, networks6: weights.optional(), service: z.string().optional(), endpoint: z.boolean().optional() }),
  ),
  vpcs: z.array(
    z.strictObject({
      name: z.string(),
      id: z.string(),
      account: z.string(),
      region: z.string(),
      zones: z.array(z.string()).min(1),
      network: z.string().regex(/^\d+\.\d+\.0\.0\/16$/),
      network6: z
        .string()
        .regex(/00::\/56$/)
        .optional(),
      flowLog: z.string(),
      layout: z.string(),
      roles: z.record(z.string(), z.strictObject({ count: minutes, managed: z.boolean().optional() })),
    }),
  ),
  traffic: z.array(
    z.strictObject({
      name: z.string(),
      from: party,
      to: party,
      protocol: z.number().int().min(0).max(255),
      ports: weights,
      rate: z.number().positive(),
      rhythm: z.string(),
      request: bytes,
      reply: bytes,
      refused: share.optional(),
      ipv6: share.optional(),
      nat: z.string().optional(),
      everyMinutes: minutes.optional(),
      daily: z.strictObject({ at: z.number().int().min(0), minutes, growth: z.number().positive() }).optional(),
      bursts: z.strictObject({ minutes, chance: share }).optional(),
      fixed: z.boolean().optional(),
      sweep: z.boolean().optional(),
    }),
  ),
  threats: z.array(
    z.strictObject({
      pool: z.string().optional(),
      members: z.tuple([z.number().int().min(0), minutes]).optional(),
      ranges: words,
      confidence: z.number().int().min(0).max(100),
      severity: z.enum(SEVERITIES),
      threatType: z.string(),
      actors: words,
      malware: words,
      killChain: words,
      labels: z.array(z.string()),
      updated: z.iso.date(),
    }),
  ),
}) satisfies z.ZodType<Estate>;

/** Where the estate lies, beside the sources and in the package alike. */
export const ESTATE_FILE = new URL('../../content/demo/estate.yaml', import.meta.url);

/** Throws ZodError or a YAML error naming the place. */
export function loadEstate(file: URL | string = ESTATE_FILE): Estate {
  return EstateSchema.parse(parse(readFileSync(file, 'utf8')));
}
