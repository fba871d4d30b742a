/**
 * Reads CloudFormation templates and finds what is wrong with their structure: what they name must be there, what is
 * there must be used. Short forms (`!Ref x`) are read as the long ones (`{Ref: x}`).
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
import { parseDocument, type ScalarTag } from 'yaml';

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

export interface Parameter {
  readonly Type: string;
  readonly Description?: string;
  readonly Default?: string | number;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: readonly (string | number)[];
  readonly MinValue?: number;
  readonly MaxValue?: number;
  readonly MinLength?: number;
  readonly MaxLength?: number;
  readonly NoEcho?: boolean;
}

export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: string | string[];
  readonly Properties?: { [name: string]: Value };
}

export interface Output {
  readonly Description?: string;
  readonly Condition?: string;
  readonly Value: Value;
}

export interface Template {
  readonly Description?: string;
  readonly Metadata?: {
    readonly 'AWS::CloudFormation::Interface': {
      readonly ParameterGroups: { Label: { default: string }; Parameters: string[] }[];
      readonly ParameterLabels: Record<string, { default: string }>;
    };
  };
  readonly Parameters: Record<string, Parameter>;
  readonly Rules?: Record<string, Value>;
  readonly Conditions?: Record<string, Value>;
  readonly Resources: Record<string, Resource>;
  readonly Outputs: Record<string, Output>;
}

const FUNCTIONS = ['Base64', 'Equals', 'Not', 'And', 'Or', 'If', 'Join', 'Split', 'Select', 'Sub', 'GetAtt'] as const;
const SHORT: readonly [tag: string, long: string][] = [
  ['!Ref', 'Ref'],
  ['!Condition', 'Condition'],
  ...FUNCTIONS.map((name): [string, string] => [`!${name}`, `Fn::${name}`]),
];

/** Throws with every error of the YAML, a key that is there twice among them. */
export function readTemplate(text: string): Template {
  const customTags = SHORT.flatMap(([tag, long]) => [
    { tag, resolve: (value: string) => ({ [long]: long === 'Fn::GetAtt' ? value.split('.', 2) : value }) } satisfies ScalarTag as ScalarTag,
    { tag, collection: 'seq' as const, resolve: (seq: { toJSON(): unknown }) => ({ [long]: seq.toJSON() }) },
  ]);
  const document = parseDocument(text, { customTags, version: '1.1' });
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) throw new Error(wrong.map((error) => error.message).join('\n'));
  return JSON.parse(JSON.stringify(document.toJS())) as Template;
}

export function isMap(value: Value | undefined): value is { [name: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The one key of an intrinsic function's object, or undefined. */
export function intrinsic(value: Value): string | undefined {
  if (!isMap(value)) return undefined;
  const [key, ...others] = Object.keys(value);
  return others.length === 0 && key !== undefined && (key === 'Ref' || key.startsWith('Fn::')) ? key : undefined;
}

const PSEUDO = new Set(['AccountId', 'NoValue', 'Partition', 'Region', 'StackId', 'StackName', 'URLSuffix', 'NotificationARNs'].map((name) => `AWS::${name}`));

interface Use {
  /** Where, dotted. */
  readonly at: string;
  readonly kind: 'name' | 'attribute' | 'condition';
  readonly name: string;
  readonly attribute?: string;
  /** Conditions that hold there. */
  readonly holds: ReadonlySet<string>;
}

/** Everything that is named in a value. */
function* uses(value: Value, at: string, holds: ReadonlySet<string>): Generator<Use> {
  if (Array.isArray(value)) {
    for (const [i, element] of value.entries()) yield* uses(element, `${at}[${i}]`, holds);
    return;
  }
  if (!isMap(value)) return;
  const key = intrinsic(value);
  const argument = key === undefined ? null : (value[key] ?? null);
  if (key === 'Ref' && typeof argument === 'string') yield { at, kind: 'name', name: argument, holds };
  else if (key === 'Fn::GetAtt' && Array.isArray(argument)) yield { at, kind: 'attribute', name: String(argument[0]), attribute: String(argument[1]), holds };
  else if (key === 'Fn::Sub') yield* inText(String(argument), at, holds);
  else if (key === 'Fn::If' && Array.isArray(argument)) {
    const [condition, then, otherwise] = argument as [Value, Value, Value];
    yield { at, kind: 'condition', name: String(condition), holds };
    yield* uses(then, `${at}.then`, new Set([...holds, String(condition)]));
    yield* uses(otherwise, `${at}.else`, holds);
  } else for (const [name, part] of Object.entries(value)) yield* uses(part, `${at}.${name}`, holds);
}

function* inText(text: string, at: string, holds: ReadonlySet<string>): Generator<Use> {
  for (const match of text.matchAll(/\$\{(?!!)([^}]*)\}/g)) {
    const [name = '', ...attribute] = (match[1] ?? '').split('.');
    yield attribute.length > 0 ? { at, kind: 'attribute', name, attribute: attribute.join('.'), holds } : { at, kind: 'name', name, holds };
  }
}

function allUses(template: Template): Use[] {
  const none: ReadonlySet<string> = new Set();
  const of = (condition: string | undefined): ReadonlySet<string> => (condition === undefined ? none : new Set([condition]));
  const found: Use[] = [];
  for (const [name, value] of Object.entries(template.Conditions ?? {})) found.push(...uses(value, `Conditions.${name}`, none));
  for (const [name, value] of Object.entries(template.Rules ?? {})) found.push(...uses(value, `Rules.${name}`, none));
  for (const [name, { Condition, DependsOn, Properties }] of Object.entries(template.Resources)) {
    const at = `Resources.${name}`;
    if (Condition !== undefined) found.push({ at, kind: 'condition', name: Condition, holds: none });
    for (const other of [DependsOn ?? []].flat()) found.push({ at: `${at}.DependsOn`, kind: 'name', name: other, holds: of(Condition) });
    found.push(...uses(Properties ?? {}, at, of(Condition)));
  }
  for (const [name, { Condition, Value }] of Object.entries(template.Outputs)) {
    if (Condition !== undefined) found.push({ at: `Outputs.${name}`, kind: 'condition', name: Condition, holds: none });
    found.push(...uses(Value, `Outputs.${name}`, of(Condition)));
  }
  return found;
}

/** What is wrong with the names in a template. `hasAttribute`: whether a type of resource returns an attribute. */
export function nameProblems(template: Template, hasAttribute: (type: string, attribute: string) => boolean): string[] {
  const { Parameters, Resources } = template;
  const conditions = template.Conditions ?? {};
  const problems: string[] = [];
  const used = new Set<string>();
  const needs = new Map<string, Set<string>>();
  for (const { at, kind, name, attribute, holds } of allUses(template)) {
    used.add(`${kind === 'condition' ? 'Conditions' : 'Parameters'}.${name}`);
    if (kind === 'condition') {
      if (!(name in conditions)) problems.push(`${at}: there is no condition ${name}`);
      continue;
    }
    const resource = Resources[name];
    if (kind === 'name' && (name in Parameters || PSEUDO.has(name))) {
      if (at.endsWith('.DependsOn')) problems.push(`${at}: ${name} is no resource`);
      continue;
    }
    if (!resource) {
      problems.push(`${at}: there is no ${name}`);
      continue;
    }
    if (attribute !== undefined && !hasAttribute(resource.Type, attribute)) problems.push(`${at}: ${resource.Type} has no attribute ${attribute}`);
    if (resource.Condition !== undefined && !holds.has(resource.Condition)) problems.push(`${at}: ${name} may not be there (${resource.Condition})`);
    const [section = '', from = ''] = at.split('.');
    if (section === 'Resources') needs.set(from, (needs.get(from) ?? new Set()).add(name));
  }
  for (const name of Object.keys(Parameters)) if (!used.has(`Parameters.${name}`)) problems.push(`Parameters.${name}: nothing uses it`);
  for (const name of Object.keys(conditions)) if (!used.has(`Conditions.${name}`)) problems.push(`Conditions.${name}: nothing uses it`);
  return [...problems, ...circles(needs)];
}

function circles(needs: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) found.push(`Resources: a circle ${[...path.slice(path.indexOf(name)), name].join(' → ')}`);
    if (done.has(name) || path.includes(name)) return;
    for (const next of needs.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
  return found;
}

/** What is wrong with parameters, their grouping, and outputs. */
export function formProblems({ Parameters, Metadata, Outputs, Description }: Template): string[] {
  const problems: string[] = [];
  const shown = Metadata?.['AWS::CloudFormation::Interface'];
  const grouped = shown?.ParameterGroups.flatMap((group) => group.Parameters) ?? [];
  if (!Description || Description.length > 1024) problems.push('Description: 1 to 1024 characters');
  for (const [name, parameter] of Object.entries(Parameters)) {
    const at = `Parameters.${name}`;
    if (!/^[A-Za-z0-9]{1,255}$/.test(name)) problems.push(`${at}: a name is letters and digits`);
    if (!['String', 'Number', 'CommaDelimitedList'].includes(parameter.Type)) problems.push(`${at}: type ${parameter.Type}`);
    if (!parameter.Description) problems.push(`${at}: no description`);
    if (parameter.Type === 'String' && !parameter.AllowedPattern && !parameter.AllowedValues && parameter.MaxLength === undefined)
      problems.push(`${at}: takes everything`);
    if (parameter.Default !== undefined && !accepts(parameter, parameter.Default)) problems.push(`${at}: does not take its own default`);
    if (grouped.filter((other) => other === name).length !== 1) problems.push(`${at}: not in exactly one group`);
  }
  for (const name of [...grouped, ...Object.keys(shown?.ParameterLabels ?? {})]) if (!(name in Parameters)) problems.push(`Metadata: there is no ${name}`);
  for (const [name, output] of Object.entries(Outputs)) if (!output.Description) problems.push(`Outputs.${name}: no description`);
  return problems;
}

/** Whether CloudFormation takes a value for a parameter. */
export function accepts(parameter: Parameter, value: string | number): boolean {
  const text = String(value);
  if (parameter.AllowedValues) return parameter.AllowedValues.map(String).includes(text);
  if (parameter.AllowedPattern !== undefined && !new RegExp(`^(?:${parameter.AllowedPattern})$`).test(text)) return false;
  if (parameter.Type === 'Number') return text !== '' && Number(text) >= (parameter.MinValue ?? -Infinity) && Number(text) <= (parameter.MaxValue ?? Infinity);
  return text.length >= (parameter.MinLength ?? 0) && text.length <= (parameter.MaxLength ?? 4096);
}
