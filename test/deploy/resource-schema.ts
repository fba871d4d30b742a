/** Resources against AWS's own description of them, which comes as a package and needs no network. */
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { intrinsic, isMap, type Resource, type Template, type Value } from './cloudformation.ts';

type Database = ReturnType<typeof loadAwsServiceSpecSync>;
type Described = ReturnType<Database['all']>[number] & object;
type ResourceType = Extract<Described, { cloudFormationType: string; properties: unknown }>;
type Properties = ResourceType['properties'];
type PropertyType = Properties[string]['type'];

const database = loadAwsServiceSpecSync();

function described(type: string): ResourceType | undefined {
  return database.lookup('resource', 'cloudFormationType', 'equals', type)[0];
}

export function hasAttribute(type: string, attribute: string): boolean {
  return attribute in (described(type)?.attributes ?? {});
}

/** Unknown types and properties, missing ones, and values of a wrong kind. */
export function schemaProblems({ Resources }: Template): string[] {
  return Object.entries(Resources).flatMap(([name, resource]) => check(resource, `Resources.${name}`));
}

const KEYS = new Set(['Type', 'Condition', 'DependsOn', 'DeletionPolicy', 'UpdateReplacePolicy', 'Properties']);

function check(resource: Resource, at: string): string[] {
  const type = described(resource.Type);
  if (!type) return [`${at}: there is no ${resource.Type}`];
  return [
    ...Object.keys(resource).flatMap((key) => (KEYS.has(key) ? [] : [`${at}: unknown ${key}`])),
    ...checkMap(resource.Properties ?? {}, type.properties, at),
  ];
}

function checkMap(value: { [name: string]: Value }, properties: Properties, at: string): string[] {
  const problems: string[] = [];
  for (const [name, property] of Object.entries(properties)) if (property.required && !(name in value)) problems.push(`${at}: ${name} is missing`);
  for (const [name, part] of Object.entries(value)) {
    const property = properties[name];
    if (property) problems.push(...checkValue(part, property.type, `${at}.${name}`));
    else problems.push(`${at}: unknown ${name}`);
  }
  return problems;
}

function checkValue(value: Value, type: PropertyType, at: string): string[] {
  const name = intrinsic(value);
  if (name === 'Fn::If') {
    const [, ...branches] = (value as { 'Fn::If': Value[] })['Fn::If'];
    return branches.flatMap((branch) => checkValue(branch, type, at));
  }
  // What a function gives is known when the stack is made; no function gives a map.
  if (name !== undefined && type.type !== 'ref' && type.type !== 'map') return [];
  if (name === 'Ref' && (value as { Ref: Value }).Ref === 'AWS::NoValue') return [];
  const wrong = [`${at}: is no ${type.type}`];
  switch (type.type) {
    case 'string':
      if (isMap(value) || Array.isArray(value) || value === null) return wrong;
      return type.allowedValues && !type.allowedValues.includes(String(value)) ? [`${at}: ${String(value)} is none of ${type.allowedValues.join(', ')}`] : [];
    case 'integer':
      return Number.isInteger(value) ? [] : wrong;
    case 'number':
      return typeof value === 'number' ? [] : wrong;
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong;
    case 'array':
      return Array.isArray(value) ? value.flatMap((element, i) => checkValue(element, type.element, `${at}[${i}]`)) : wrong;
    case 'map':
      return isMap(value) ? Object.entries(value).flatMap(([key, part]) => checkValue(part, type.element, `${at}.${key}`)) : wrong;
    case 'ref':
      return isMap(value) ? checkMap(value, database.get('typeDefinition', type.reference.$ref).properties, at) : wrong;
    case 'tag':
      return isMap(value) && 'Key' in value && 'Value' in value ? [] : wrong;
    case 'json':
      return isMap(value) ? [] : wrong;
    case 'union':
      return type.types.some((one) => checkValue(value, one, at).length === 0) ? [] : wrong;
    default:
      return wrong;
  }
}
