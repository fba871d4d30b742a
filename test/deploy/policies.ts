/** Rights that a template gives: none to everybody, none on everything, and none to a service without saying for whom it acts. */
import { intrinsic, isMap, type Template, type Value } from './cloudformation.ts';

/** Actions for which AWS knows no narrower resource than `*`. */
const UNBOUND_ACTIONS = new Set(['ec2:DescribeNetworkInterfaces', 'cloudtrail:ListPublicKeys']);
/** Services that act for nobody but the owner of the role. */
const OWN_SERVICES = new Set(['lambda.amazonaws.com']);

interface Statement {
  readonly at: string;
  readonly value: { [name: string]: Value };
}

export function policyProblems({ Resources }: Template): string[] {
  return Object.entries(Resources)
    .flatMap(([name, { Properties }]) => [...statements(Properties ?? {}, `Resources.${name}`)])
    .flatMap(({ at, value }) => check(value, at));
}

/** Actions that the statements allow, with what they allow them on, as JSON. */
export function allowed({ Resources }: Template): { action: string; on: string; conditional: boolean }[] {
  return Object.entries(Resources)
    .flatMap(([name, { Properties }]) => [...statements(Properties ?? {}, name)])
    .filter(({ value }) => value.Effect === 'Allow')
    .flatMap(({ value, at }) =>
      list(value.Action).map((action) => ({ action: String(action), on: JSON.stringify(value.Resource ?? null), conditional: at.includes('.then') })),
    );
}

function* statements(value: Value, at: string): Generator<Statement> {
  if (Array.isArray(value)) for (const [i, element] of value.entries()) yield* statements(element, `${at}[${i}]`);
  else if (isMap(value)) {
    if ('Effect' in value) yield { at, value };
    else if (intrinsic(value) === 'Fn::If') {
      const [condition, then, otherwise] = value['Fn::If'] as [string, Value, Value];
      yield* statements(then, `${at}.then(${condition})`);
      yield* statements(otherwise, `${at}.else(${condition})`);
    } else for (const [name, part] of Object.entries(value)) yield* statements(part, `${at}.${name}`);
  }
}

const list = (value: Value | undefined): Value[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function check(statement: { [name: string]: Value }, at: string): string[] {
  const problems: string[] = [];
  const { Effect, Principal, Action, Resource, Condition } = statement;
  const actions = list(Action).map(String);
  if (Effect !== 'Allow' && Effect !== 'Deny') problems.push(`${at}: Effect is Allow or Deny`);
  if (actions.length === 0) problems.push(`${at}: no Action`);
  if (Effect !== 'Allow') return problems;
  if (actions.some((action) => action.includes('*'))) problems.push(`${at}: allows every action`);
  const principals = isMap(Principal) ? Object.values(Principal).flatMap((p) => list(p)) : list(Principal);
  if (principals.includes('*')) problems.push(`${at}: allows everybody`);
  const services = isMap(Principal) ? list(Principal.Service).map(String) : [];
  if (services.some((service) => !OWN_SERVICES.has(service)) && !namesOrigin(Condition)) problems.push(`${at}: allows a service whoever it acts for`);
  const unbound = list(Resource).includes('*') && Condition === undefined;
  if (unbound && !actions.every((action) => UNBOUND_ACTIONS.has(action))) problems.push(`${at}: on every resource`);
  return problems;
}

/** Whether a condition says for whom a service may act. */
function namesOrigin(condition: Value | undefined): boolean {
  const keys = isMap(condition) ? Object.values(condition).flatMap((test) => (isMap(test) ? Object.keys(test) : [])) : [];
  return keys.some((key) => ['aws:SourceArn', 'aws:SourceAccount', 'sts:ExternalId'].includes(key));
}
