import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, readAwsTemplate, templateParameters } from '../../src/api/aws-templates.ts';
import { AWS_TEMPLATES } from '../../src/api/contract/aws-templates.ts';
import { readTemplate } from './cloudformation.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the table of templates', () => {
  it('names every file, and the package holds them', () => {
    const files = readdirSync(join(ROOT, 'deploy/aws')).filter((name) => name.endsWith('.yaml'));
    expect(AWS_TEMPLATES.map((t) => `${t.name}.yaml`).sort()).toEqual(files.sort());
    expect((JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }).files).toContain('deploy/aws/*.yaml');
  });

  it.each(AWS_TEMPLATES)('$name: asks for what is there, gives what is there, and every output is named', async (entry) => {
    const text = await readAwsTemplate(entry.name);
    const parameters = templateParameters(text);
    const names = parameters.map((p) => p.name);
    expect(names).toEqual(expect.arrayContaining([...entry.asked, ...Object.keys(entry.given)]));
    expect(entry.asked.filter((name) => name in entry.given || parameters.find((p) => p.name === name)?.secret)).toEqual([]);
    const withoutDefault = parameters.filter((p) => p.default === undefined).map((p) => p.name);
    expect([...entry.asked, ...Object.keys(entry.given)]).toEqual(expect.arrayContaining(withoutDefault));
    expect(Object.keys(readTemplate(text).Outputs).sort()).toEqual(Object.keys(entry.outputs).sort());
  });

  it('refuses a name that is none, be it a path', async () => {
    for (const name of ['other', '../../package', '']) await expect(readAwsTemplate(name)).rejects.toMatchObject({ code: 'unknown-template' });
  });
});

describe('templateParameters', () => {
  it('says what a form needs', async () => {
    const parameters = templateParameters(await readAwsTemplate('cloudwatch-forwarder'));
    const of = (name: string) => parameters.find((p) => p.name === name);
    expect(of('EndpointUrl')).toMatchObject({ label: 'Address of the HTTP source', default: undefined, secret: true });
    expect(of('IncludeSecurityGroupInfo')).toMatchObject({ default: 'false', values: ['true', 'false'], secret: false });
    expect(of('AlarmThreshold')).toMatchObject({ default: '1', values: undefined });
  });
});

describe('fillTemplate', () => {
  const SMALL = `Parameters:
  First:
    Type: String
    Description: 'Default: none'
  Second:
    Type: String   # a comment
    Default: ''
    AllowedPattern: '^[a-z]*$'
    ConstraintDescription: Small letters.
  Size:
    Type: Number
    MinValue: 1
    MaxValue: 10
    Default: 3
  Key:
    Type: String
    NoEcho: true
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: !Sub '\${First}-\${Second}-\${Size}-\${Key}' }
`;

  it('changes the defaults and nothing else', () => {
    expect(fillTemplate(SMALL, { First: 'a: "b"', Second: 'x', Size: '7' })).toBe(
      SMALL.replace("    Type: String\n    Description: 'Default", '    Type: String\n    Default: "a: \\"b\\""\n    Description: \'Default')
        .replace("Default: ''", 'Default: "x"')
        .replace('Default: 3', 'Default: 7'),
    );
    expect(fillTemplate(SMALL, {})).toBe(SMALL);
  });

  it('takes any text as text', () => {
    const parts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\u2028', '\u0085', '": ', "'", '!Ref x', '${AWS::Region}', '# ', '{{', '\\', '\u0000', '---\n', 'Resources:\n'),
    );
    fc.assert(
      fc.property(
        fc
          .array(parts, { maxLength: 8 })
          .map((p) => p.join(''))
          .filter((text) => text.isWellFormed()),
        (value) => {
          const before = readTemplate(SMALL);
          const after = readTemplate(fillTemplate(SMALL, { First: value }));
          expect(after.Parameters.First?.Default).toBe(value);
          expect({ ...after, Parameters: { ...after.Parameters, First: before.Parameters.First } }).toEqual(before);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each<[Record<string, string>, string, RegExp]>([
    [{ Third: 'x' }, 'unknown-parameter', /no parameter Third: First, Second, Size, Key/],
    [{ constructor: 'x' }, 'unknown-parameter', /constructor/],
    [{ Key: 'secret' }, 'secret-parameter', /^Key is secret/],
    [{ Second: 'X' }, 'value-not-accepted', /Second: Small letters\./],
    [{ Second: 'x\n' }, 'value-not-accepted', /Second/],
    [{ Size: '11' }, 'value-not-accepted', /Size: from 1 to 10/],
    [{ Size: '007' }, 'value-not-accepted', /Size: a number/],
    [{ Size: '1e1' }, 'value-not-accepted', /Size: a number/],
    [{ First: 'x'.repeat(4097) }, 'value-not-accepted', /First/],
    [{ First: '\ud800' }, 'value-not-accepted', /First/],
  ])('refuses %j', (parameters, code, message) => {
    let error: unknown;
    try {
      fillTemplate(SMALL, parameters);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses what is no template', () => {
    for (const text of ['a: [', 'Resources: {}', '']) expect(() => fillTemplate(text, { A: 'x' })).toThrow(expect.objectContaining({ code: 'not-a-template' }));
  });

  it('fills a real template, whose other parts stay as they are', async () => {
    const text = await readAwsTemplate('s3-source');
    const filled = fillTemplate(text, { BucketName: 'logs-of-ours', Access: 'user', ExternalId: 'bartizan:1', ExpirationDays: '0' });
    expect(templateParameters(filled).map((p) => [p.name, p.default])).toEqual(
      templateParameters(text).map((p) => [
        p.name,
        { BucketName: 'logs-of-ours', Access: 'user', ExternalId: 'bartizan:1', ExpirationDays: '0' }[p.name] ?? p.default,
      ]),
    );
    expect(readTemplate(filled).Resources).toEqual(readTemplate(text).Resources);
    expect(filled.split('\n').length).toBe(text.split('\n').length + 1);
  });
});
