/** The shapes of the demo's files (content/demo/). Names inside of them are checked when the demo is built of them. */
import { z } from 'zod';
import type { Activity, Incident, Json } from '../demo/activity.ts';
import type { Estate } from '../demo/estate.ts';
import { SEVERITIES } from '../model/indicator.ts';

const weights = z.record(z.string(), z.number().positive());
const share = z.number().min(0).max(1);
const party = z.union([z.strictObject({ pool: z.string() }), z.strictObject({ role: z.string() })]);
const bytes = z.tuple([z.number().int().positive(), z.number().int().positive()]);
const words = z.array(z.string()).optional();
const minutes = z.number().int().positive();
const minute = z.number().int().min(0);
const bursts = z.strictObject({ minutes, chance: share }).optional();

const pool = z.strictObject({
  members: minutes,
  networks: weights,
  networks6: weights.optional(),
  service: z.string().optional(),
  endpoint: z.boolean().optional(),
});
const pools = z.record(z.string(), pool);
const traffic = z.strictObject({
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
  window: z.strictObject({ every: minutes.optional(), at: minute, minutes, growth: z.number().positive() }).optional(),
  bursts,
  fixed: z.boolean().optional(),
  sweep: z.boolean().optional(),
});
const threat = z.strictObject({
  pool: z.string().optional(),
  members: z.tuple([minute, minutes]).optional(),
  ranges: words,
  confidence: z.number().int().min(0).max(100),
  severity: z.enum(SEVERITIES),
  threatType: z.string(),
  actors: words,
  malware: words,
  killChain: words,
  labels: z.array(z.string()),
  updated: z.iso.date(),
});

export const EstateSchema = z.strictObject({
  accounts: z.record(z.string(), z.string().regex(/^\d{12}$/)),
  rhythms: z.record(z.string(), z.strictObject({ floor: share, peakHour: z.number().min(0).max(24), weekend: z.number().min(0) })),
  pools,
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
      roles: z.record(z.string(), z.strictObject({ count: minutes, managed: z.boolean().optional(), daily: z.boolean().optional() })),
    }),
  ),
  traffic: z.array(traffic),
  threats: z.array(threat),
}) satisfies z.ZodType<Estate>;

const json = z.json() as z.ZodType<Json>;
const cycle = { every: minutes, at: minute };
const identities = z.record(
  z.string(),
  z.strictObject({
    type: z.enum(['user', 'role', 'service', 'root', 'hidden']),
    name: z.string(),
    account: z.string(),
    count: minutes.optional(),
    session: z.string().optional(),
    from: z.union([
      z.strictObject({ pool: z.string(), first: minute.optional() }),
      z.strictObject({ role: z.string(), endpoint: z.string().optional() }),
      z.strictObject({ service: z.string() }),
    ]),
    agent: z.string(),
    console: z.boolean().optional(),
    mfa: z.boolean().optional(),
    rotates: z.strictObject(cycle).optional(),
  }),
);
const action = z.string().regex(/^[a-z0-9-]+:\w+$/);
const call = z.strictObject({
  event: z.string().optional(),
  request: json.optional(),
  response: json.optional(),
  additional: json.optional(),
  resources: z.array(z.strictObject({ arn: z.string(), type: z.string() })).optional(),
  data: z.boolean().optional(),
  network: z.boolean().optional(),
  eventType: z.string().optional(),
  error: z.strictObject({ share, code: z.string().optional(), message: z.string(), response: json.optional(), additional: json.optional() }).optional(),
});
const steps = z.array(
  z.strictObject({
    ...call.shape,
    time: z.string().regex(/^\d+:[0-5]\d$/),
    who: z.string(),
    at: z.string(),
    call: action,
    machine: z.string().optional(),
    denied: z.string().optional(),
    also: z.string().optional(),
    insight: json.optional(),
  }),
);

export const ActivitySchema = z.strictObject({
  identities,
  words: z.record(z.string(), z.array(z.string()).min(1)),
  calls: z.record(action, call),
  tasks: z.array(
    z.strictObject({
      name: z.string(),
      who: z.string(),
      at: z.array(z.string()).min(1),
      rate: z.number().positive(),
      rhythm: z.string(),
      calls: z.record(action, z.number().positive()),
      denied: share.optional(),
      bursts,
    }),
  ),
  scripts: z.array(z.strictObject({ name: z.string(), ...cycle, steps })),
}) satisfies z.ZodType<Activity>;

export const AdministratorsSchema = z.array(z.strictObject({ entry: z.string(), note: z.string() }));

export const IncidentSchema = z.strictObject({
  cycle: z.strictObject(cycle),
  identities,
  steps,
  pools,
  threats: z.array(threat),
  traffic: z.array(traffic.omit({ window: true }).extend({ minutes: z.tuple([minute, minutes]), growth: z.number().positive().optional() })),
}) satisfies z.ZodType<Incident>;
