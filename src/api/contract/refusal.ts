/** Shapes of the question why a flow was refused. */
import { z } from 'zod';
import { REFUSERS } from '../../model/refusal.ts';
import { Window } from '../contract.ts';

const Port = z.number().int().min(0).max(65_535);

/**
 * POST /api/v1/flows/explain: which refused record is meant, by the values that it has. One of a layout
 * without ports or interface leaves them out.
 */
export const ExplainRequest = z.strictObject({
  /** Epoch seconds. */
  start: z.number().int().min(0).max(4_294_967_295),
  interfaceId: z.string().max(256).optional(),
  source: z.string().max(64).optional(),
  destination: z.string().max(64).optional(),
  sourcePort: Port.optional(),
  destinationPort: Port.optional(),
  protocol: z.number().int().min(0).max(255).optional(),
  /** Minutes before and after it whose records are listed. */
  minutes: z.number().int().min(1).max(60).default(5),
});

const ExplainedFlow = z.object({
  /** Epoch seconds. */
  start: z.number(),
  end: z.number(),
  /** The refused direction, or the other one. */
  relation: z.enum(['same', 'reverse']),
  /** It is the record that was asked about. */
  asked: z.boolean(),
  action: z.string(),
  interfaceId: z.string(),
  source: z.string(),
  destination: z.string(),
  packetSource: z.string(),
  packetDestination: z.string(),
  sourcePort: z.number().nullable(),
  destinationPort: z.number().nullable(),
  packets: z.number(),
  bytes: z.number(),
  tcpFlags: z.number().nullable(),
  rejectReason: z.string(),
});

export const ExplainResponse = z.object({
  /** Seconds whose records of both directions are listed; an accepted request may be older. */
  window: Window,
  /** First second that was looked through for an accepted request. */
  since: z.number(),
  /** Oldest first. */
  flows: z.array(ExplainedFlow),
  /** There are more records of this flow than are listed. */
  cut: z.boolean(),
  protocol: z.string(),
  /** Whether the refused packets left the interface; null: not known. */
  egress: z.boolean().nullable(),
  /** What is known of the interface as of the record's start; empty text and lists: nothing is. */
  interface: z.object({
    id: z.string(),
    type: z.string(),
    description: z.string(),
    account: z.string(),
    region: z.string(),
    vpcId: z.string(),
    subnetId: z.string(),
    instanceId: z.string(),
    instanceName: z.string(),
    securityGroups: z.array(z.object({ id: z.string(), name: z.string() })),
  }),
  verdict: z.object({
    by: z.enum(REFUSERS),
    reply: z.boolean(),
    changed: z.boolean(),
    reason: z.string(),
    doubts: z.array(z.string()),
    allow: z.array(
      z.object({
        control: z.enum(['security-group', 'network-acl']),
        direction: z.enum(['inbound', 'outbound']),
        protocol: z.string(),
        ports: z.string(),
        cidr: z.string(),
        what: z.enum(['request', 'reply']),
        ifInterfaceIs: z.enum(['source', 'destination']).optional(),
      }),
    ),
  }),
});

export type ExplainRequest = z.infer<typeof ExplainRequest>;
export type ExplainResponse = z.infer<typeof ExplainResponse>;
