/** The fields of events beside the results: those that the messages have, by what they tell, and the values in their JSON by path. Pure. */
import { CLOUDTRAIL_ONLY } from '../../../model/cloudtrail-fields.ts';
import { ADDED_FIELDS, DERIVED_FIELDS, type Field, namesOf } from '../../../model/fields.ts';
import { awsName, CLOUDTRAIL, hasField } from '../../../model/log-formats.ts';
import { eventJson, isBranch, pathBelow, queryPath } from '../../records/event.ts';
import type { Rec } from '../../records/flow.ts';
import type { Group, Listed } from './listed.ts';
import { valueIn } from './values.ts';

/** Groups of fields, by the beginnings of their canonical names; what none of them names tells of the event itself. */
const GROUPS: readonly (readonly [title: string, of: RegExp])[] = [
  ['Actor', /^(?:user\.|aws\.cloudtrail\.(?:user_identity\.|mfa$|console_session$))/],
  ['Client', /^(?:source\.|user_agent\.|tls\.|aws\.cloudtrail\.(?:source_ip_address|vpc_endpoint))/],
  ['Event', /^/],
];

/** Parts of a record whose values are listed by their paths. */
const PARTS: readonly (readonly [title: string, key: string])[] = [
  ['Request', 'requestParameters'],
  ['Response', 'responseElements'],
  ['Additional data', 'additionalEventData'],
  ['Identity', 'userIdentity'],
];

/** Paths that are listed of a part, and how far down they go. */
const MOST_PATHS = 100;
const MOST_DEPTH = 8;

/** `sample`: some of the events. `isListed`: of a field that stands nowhere else in the list. */
export function eventGroups(sample: readonly Rec[], isListed: (field: Field) => boolean): { present: Group[]; absent: Listed[] } {
  const derived = DERIVED_FIELDS.filter((field) => hasField(CLOUDTRAIL, field));
  const added = ADDED_FIELDS.filter((field) => hasField(CLOUDTRAIL, field) && !field.name.startsWith('_'));
  const all = [...CLOUDTRAIL.fields, ...added, ...derived].filter(isListed);
  const has = (field: Field) => sample.some((record) => isThere(valueIn(record, awsName(CLOUDTRAIL, field))));
  const groupOf = ({ name }: Field) => GROUPS.find(([, of]) => of.test(name))?.[0] as string;
  const present = all.filter(has);
  const own = ['Event', 'Actor', 'Client'].map((title): Group => ({ title, fields: present.filter((f) => groupOf(f) === title).map(listed) }));
  const known = new Set(present.flatMap((field) => namesOf(field)));
  const parts = PARTS.map(
    ([title, key]): Group => ({
      title,
      fields: pathsOf(sample, key)
        .filter((path) => !known.has(path))
        .map(listedPath),
    }),
  );
  return { present: [...own, ...parts].filter((group) => group.fields.length > 0), absent: all.filter((field) => !has(field)).map(listed) };
}

/** Paths to values of a part, in the order in which they are met; of a list, those into its first entry. */
function pathsOf(sample: readonly Rec[], key: string): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, path: string, depth: number): void => {
    if (found.size >= MOST_PATHS || depth > MOST_DEPTH) return;
    if (Array.isArray(value)) visit(value[0], pathBelow(path, 0), depth + 1);
    else if (isBranch(value)) for (const [name, child] of Object.entries(value)) visit(child, pathBelow(path, name), depth + 1);
    else if (isThere(value) && path !== key && queryPath(path) !== undefined) found.add(path);
  };
  for (const record of sample) visit(eventJson(record)?.[key], key, 0);
  return [...found];
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function listed(field: Field): Listed {
  const name = awsName(CLOUDTRAIL, field);
  return {
    name,
    column: { name, kind: field.type, field: CLOUDTRAIL_ONLY.includes(field) ? name : field.name },
    doc: field.doc,
    made: false,
    carried: true,
    found: namesOf(field).join('\n').toLowerCase(),
  };
}

function listedPath(path: string): Listed {
  return { name: path, column: { name: path, kind: 'text', field: path }, doc: '', made: false, carried: true, found: path.toLowerCase() };
}
