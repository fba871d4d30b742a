/** What the page knows of records that are events: their JSON by path, as queries reach into it, and their actor in words. Pure. */
import { parseExactly } from '../../model/json.ts';
import { CLOUDTRAIL, DATASETS, formatOf, type LogFormat, VPC_FLOW } from '../../model/log-formats.ts';
import { isPartOfEvent } from '../../query/event-parts.ts';
import { jsonPath } from '../../query/operators/json-path.ts';
import type { Rec } from './flow.ts';

export type Json = { readonly [key: string]: unknown };

export function isEvent({ dataset }: Pick<Rec, 'dataset'>): boolean {
  return dataset === CLOUDTRAIL.main;
}

export function formatOfRecord({ dataset }: Pick<Rec, 'dataset'>): LogFormat {
  return formatOf(DATASETS.find((name) => name === dataset) ?? VPC_FLOW.flows);
}

const PARSED = new WeakMap<Rec, Json | null>();

/** The record as it was received, a number that JavaScript would change as its digits; null where it is no event. */
export function eventJson(record: Rec): Json | null {
  let known = PARSED.get(record);
  if (known === undefined) {
    known = isEvent(record) ? objectIn(record.raw) : null;
    PARSED.set(record, known);
  }
  return known;
}

function objectIn(text: string): Json | null {
  try {
    const value = parseExactly(text);
    return isBranch(value) ? value : null;
  } catch {
    return null;
  }
}

export function isBranch(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of the record, JSON as text; undefined where there is none. */
export function valueAt(record: Rec, path: string): unknown {
  let value: unknown = eventJson(record) ?? undefined;
  for (const step of (value !== undefined && jsonPath(path)) || []) {
    if (step.step !== 'key' || typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step.key];
  }
  if (value === undefined || value === eventJson(record)) return undefined;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

/** The path of a key or a place below a path, as a query writes it. */
export function pathBelow(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (/^[^.[\]"'*\s]+$/.test(key)) return path === '' ? key : `${path}.${key}`;
  // A key with both kinds of quotation marks cannot be written; nothing is found by it.
  return `${path}[${key.includes('"') ? `'${key}'` : `"${key}"`}]`;
}

/** Where an event's own JSON stands in its document. */
const IN_DOCUMENT = /^aws\.cloudtrail\.json\.(?:rest\.)?/;

/** What a query calls the value at a path of the record or of its document; undefined where it cannot reach it. */
export function queryPath(path: string): string | undefined {
  const own = path.replace(IN_DOCUMENT, '');
  return isPartOfEvent(own) && jsonPath(own) !== undefined ? own : undefined;
}

/** Types of identities in words, as https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html explains them. */
const KINDS: Readonly<Record<string, string>> = {
  Root: 'root user',
  IAMUser: 'IAM user',
  AssumedRole: 'session of a role',
  Role: 'role',
  FederatedUser: 'federated user',
  Directory: 'user of a directory',
  AWSAccount: 'another account',
  AWSService: 'AWS service',
  IdentityCenterUser: 'Identity Center user',
  SAMLUser: 'SAML user',
  WebIdentityUser: 'web identity',
  Unknown: 'unknown',
};

/** `IAM user`; the type itself where it is a new one. */
export function kindOfActor(type: unknown): string {
  return KINDS[String(type ?? '')] ?? String(type ?? '');
}
