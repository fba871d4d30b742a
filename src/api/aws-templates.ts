/** CloudFormation templates with a person's answers as the defaults of their parameters. */
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, type Pair, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { AWS_TEMPLATES } from './contract/aws-templates.ts';

export interface TemplateParameter {
  readonly name: string;
  /** Short, for a form. */
  readonly label: string;
  readonly description: string;
  /** Undefined: it must be given. */
  readonly default: string | undefined;
  /** Undefined: free text. */
  readonly values: readonly string[] | undefined;
  /** AWS hides its value; it is not written into a file. */
  readonly secret: boolean;
}

export type TemplateErrorCode = 'unknown-template' | 'not-a-template' | 'unknown-parameter' | 'secret-parameter' | 'value-not-accepted';

export class TemplateError extends Error {
  readonly code: TemplateErrorCode;
  constructor(code: TemplateErrorCode, message: string) {
    super(message);
    this.name = 'TemplateError';
    this.code = code;
  }
}

/** CloudFormation's own limit of a value. */
const MAX_VALUE = 4096;

/** Text of a template in `deploy/aws/`. Throws TemplateError for a name that is none. */
export async function readAwsTemplate(name: string): Promise<string> {
  const template = AWS_TEMPLATES.find((t) => t.name === name);
  if (!template) throw new TemplateError('unknown-template', `There is no template ${name}: ${AWS_TEMPLATES.map((t) => t.name).join(', ')}.`);
  return readFile(new URL(`../../deploy/aws/${template.name}.yaml`, import.meta.url), 'utf8');
}

/** The parameters of a template, in its order. Throws TemplateError. */
export function templateParameters(template: string): TemplateParameter[] {
  const document = parse(template);
  return parametersOf(document).items.map(({ key, value }) => {
    const fields = plain(value);
    const name = String(key.value);
    const label = document.getIn(['Metadata', 'AWS::CloudFormation::Interface', 'ParameterLabels', name, 'default']);
    return {
      name,
      label: typeof label === 'string' ? label : name,
      description: String(fields.Description ?? ''),
      default: fields.Default === undefined ? undefined : String(fields.Default),
      values: Array.isArray(fields.AllowedValues) ? fields.AllowedValues.map(String) : undefined,
      secret: fields.NoEcho === true,
    };
  });
}

/**
 * The template with `parameters` (name → value) as defaults. Nothing else of the text changes. Throws TemplateError for a
 * parameter that the template does not have, one that is secret (a default can be read by everybody who may read the
 * stack's template), and a value that CloudFormation would refuse.
 */
export function fillTemplate(template: string, parameters: Readonly<Record<string, string>>): string {
  const items = parametersOf(parse(template)).items;
  const edits = Object.entries(parameters).map(([name, value]) => {
    const item = items.find(({ key }) => key.value === name);
    if (!item) throw new TemplateError('unknown-parameter', `The template has no parameter ${name}: ${items.map(({ key }) => String(key.value)).join(', ')}.`);
    check(name, plain(item.value), value);
    return edit(template, item, value);
  });
  let filled = template;
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start)) filled = filled.slice(0, start) + text + filled.slice(end);
  return filled;
}

type ParameterPair = Pair<Scalar, YAMLMap<Scalar, unknown>>;

/** CloudFormation's short forms (`!Ref`) are unknown tags here, which are warnings only: nothing below `Parameters` has one. */
function parse(template: string): ReturnType<typeof parseDocument> {
  const document = parseDocument(template, { logLevel: 'error' });
  const [error] = document.errors;
  if (error) throw new TemplateError('not-a-template', `not valid YAML: ${error.message.split('\n')[0]}`);
  return document;
}

function parametersOf(document: ReturnType<typeof parseDocument>): { items: ParameterPair[] } {
  const parameters = document.get('Parameters');
  if (!isMap(parameters)) throw new TemplateError('not-a-template', 'the template has no Parameters');
  return { items: parameters.items.filter((item): item is ParameterPair => isScalar(item.key) && isMap(item.value)) };
}

function plain(map: YAMLMap | null): Record<string, unknown> {
  return (map?.toJSON() ?? {}) as Record<string, unknown>;
}

function check(name: string, parameter: Record<string, unknown>, value: string): void {
  const refuse = (why: string): never => {
    throw new TemplateError('value-not-accepted', `${name}: ${why}`);
  };
  if (parameter.NoEcho === true) {
    throw new TemplateError('secret-parameter', `${name} is secret: give it when the stack is made, it is not written into the file.`);
  }
  if (value.length > MAX_VALUE || !value.isWellFormed()) refuse(`at most ${MAX_VALUE} characters of text.`);
  const { Type, AllowedValues, AllowedPattern, ConstraintDescription } = parameter;
  if (Array.isArray(AllowedValues) && !AllowedValues.map(String).includes(value)) refuse(`one of ${AllowedValues.join(', ')}.`);
  // The pattern is the template's, not a person's.
  if (typeof AllowedPattern === 'string' && !new RegExp(`^(?:${AllowedPattern})$`).test(value))
    refuse(String(ConstraintDescription ?? `must match ${AllowedPattern}`));
  const limit = (key: string, fallback: number): number => (typeof parameter[key] === 'number' ? parameter[key] : fallback);
  if (Type === 'Number') {
    if (!/^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(value)) refuse('a number.');
    if (Number(value) < limit('MinValue', -Infinity) || Number(value) > limit('MaxValue', Infinity))
      refuse(`from ${parameter.MinValue ?? '…'} to ${parameter.MaxValue ?? '…'}.`);
  } else if (value.length < limit('MinLength', 0) || value.length > limit('MaxLength', MAX_VALUE)) {
    refuse(`from ${limit('MinLength', 0)} to ${limit('MaxLength', MAX_VALUE)} characters.`);
  }
}

/** Puts the value in the place of the default, or below the type where there is none. */
function edit(template: string, { value: parameter }: ParameterPair, value: string): { start: number; end: number; text: string } {
  const pair = (name: string) => parameter?.items.find((item) => item.key.value === name);
  const [current, type] = [pair('Default'), pair('Type')];
  const scalar = isScalar(type?.value) && type.value.value === 'Number' ? value : quoted(value);
  if (isScalar(current?.value) && current.value.range) {
    const [start, end] = current.value.range;
    return { start, end, text: scalar };
  }
  if (!isScalar(type?.value) || !type.value.range || !type.key.range) throw new TemplateError('not-a-template', 'a parameter has no Type');
  const [from] = type.key.range;
  const indent = ' '.repeat(from - (template.lastIndexOf('\n', from) + 1));
  const [, end] = type.value.range;
  return { start: end, end, text: `\n${indent}Default: ${scalar}` };
}

/** A double-quoted scalar in ASCII: as in JSON, which YAML of every version reads alike. */
function quoted(value: string): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
