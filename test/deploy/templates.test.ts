/** Every template is checked here, without a network, against its own names and AWS's description of its resources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accepts, formProblems, nameProblems, readTemplate, type Template } from './cloudformation.ts';
import { allowed, policyProblems } from './policies.ts';
import { hasAttribute, schemaProblems } from './resource-schema.ts';

const FOLDER = join(import.meta.dirname, '../../deploy/aws');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const text = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const template = (name: string): Template => readTemplate(text(`${name}.yaml`));

const problems = (t: Template) => [...formProblems(t), ...nameProblems(t, hasAttribute), ...schemaProblems(t), ...policyProblems(t)];

describe('templates', () => {
  it('are all there', () => {
    expect(FILES).toEqual(['cloudtrail-source.yaml', 'cloudwatch-forwarder.yaml', 'firehose-source.yaml', 'flow-log.yaml', 's3-source.yaml']);
  });

  it.each(FILES)('%s has no problem', (name) => {
    expect(problems(readTemplate(text(name)))).toEqual([]);
  });

  it.each(FILES)('%s shows no secret in its outputs, and hides those that it is given', (name) => {
    const { Outputs, Parameters } = readTemplate(text(name));
    const values = JSON.stringify(Outputs);
    expect(values).not.toContain('SecretAccessKey');
    for (const [parameter, { NoEcho, Description }] of Object.entries(Parameters)) {
      if (/token/.test(Description ?? '')) expect(NoEcho, parameter).toBe(true);
      if (NoEcho) expect(values).not.toContain(`"${parameter}"`);
    }
  });
});

describe('the checks find', () => {
  const good = text('s3-source.yaml');
  it.each<[string, string, string, RegExp]>([
    ['a name that is not there', '!Ref SQSName\n', '!Ref SqsName\n', /Resources\.Queue\.QueueName: there is no SqsName/],
    ['a name in a text that is not there', "${SQSName}-dead-letters'", "${Name}-dead-letters'", /there is no Name/],
    ['an attribute that is not there', '!GetAtt Queue.QueueName', '!GetAtt Queue.Name', /AWS::SQS::Queue has no attribute Name/],
    ['a condition that is not there', 'Condition: WithUser', 'Condition: WithUsers', /there is no condition WithUsers/],
    ['what may not be there', '  RoleArn:\n    Condition: WithRole\n', '  RoleArn:\n', /Outputs\.RoleArn: Role may not be there \(WithRole\)/],
    ['a DependsOn that is not there', 'DependsOn: QueuePolicy', 'DependsOn: Policy', /Bucket\.DependsOn: there is no Policy/],
    [
      'a circle',
      "sourceQueueArns: [!Sub 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${SQSName}']",
      'sourceQueueArns: [!GetAtt Queue.Arn]',
      /a circle/,
    ],
    ['an unknown property', 'VisibilityTimeout: 300', 'VisibilityTimeoutSeconds: 300', /unknown VisibilityTimeoutSeconds/],
    ['an unknown property deep down', 'DaysAfterInitiation: 7', 'Days: 7', /unknown Days/],
    ['a property that is missing', '      UserName: !Ref User\n', '', /AccessKey: UserName is missing/],
    ['a value of a wrong kind', 'VisibilityTimeout: 300', 'VisibilityTimeout: [300]', /VisibilityTimeout: is no integer/],
    ['a value that AWS does not know', 'ObjectOwnership: BucketOwnerEnforced', 'ObjectOwnership: Owner', /Owner is none of/],
    ['a resource that AWS does not know', 'Type: AWS::IAM::User', 'Type: AWS::IAM::Person', /there is no AWS::IAM::Person/],
    ['rights for everybody', 'Principal: { Service: s3.amazonaws.com }', "Principal: '*'", /allows everybody/],
    [
      'a service without an origin',
      "              ArnEquals: { 'aws:SourceArn': !Sub 'arn:${AWS::Partition}:s3:::${BucketName}' }\n              StringEquals: { 'aws:SourceAccount': !Ref AWS::AccountId }\n",
      "              Bool: { 'aws:SecureTransport': 'true' }\n",
      /a service whoever it acts for/,
    ],
    ['rights on everything', "Resource: !Sub 'arn:${AWS::Partition}:s3:::${BucketName}'", "Resource: '*'", /on every resource/],
    ['every action', 'Action: kms:Decrypt', 'Action: kms:*', /allows every action/],
    ['a default that is not taken', 'Default: bartizan-flow-logs', 'Default: bartizan flow logs', /SQSName: does not take its own default/],
    ['a parameter outside the groups', 'Parameters: [SQSName]', 'Parameters: []', /SQSName: not in exactly one group/],
  ])('%s', (_, before, after, expected) => {
    expect(good).toContain(before);
    expect(problems(readTemplate(good.replace(before, () => after))).join('\n')).toMatch(expected);
  });

  it('a parameter and a condition that nothing uses', () => {
    const extra = good
      .replace('\nRules:', '  Unused:\n    Type: String\n    Description: Nothing.\n    MaxLength: 5\n\nRules:')
      .replace('\nResources:', "  Never: !Equals [!Ref SQSName, '']\n\nResources:");
    expect(problems(readTemplate(extra))).toEqual(expect.arrayContaining(['Parameters.Unused: nothing uses it', 'Conditions.Never: nothing uses it']));
  });

  it('a key that is there twice, and a tag that is none', () => {
    expect(() => readTemplate(`${good}\nOutputs: {}\n`)).toThrow(/unique/);
    expect(() => readTemplate(good.replace('!Ref SQSName', '!Reference SQSName'))).toThrow(/Reference/);
  });
});

describe('s3-source', () => {
  const t = template('s3-source');
  it('gives its reader these rights and no other, and a key only when one is named', () => {
    const read = allowed({ ...t, Resources: { ReadPolicy: t.Resources.ReadPolicy as Template['Resources'][string] } });
    expect(read.map((r) => r.action).sort()).toEqual(
      [
        's3:GetObject',
        's3:ListBucket',
        's3:GetBucketLocation',
        's3:GetBucketNotification',
        ...['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes', 'GetQueueUrl', 'GetQueueAttributes', 'GetQueueUrl'].map(
          (a) => `sqs:${a}`,
        ),
        'kms:Decrypt',
      ].sort(),
    );
    expect(read.filter((r) => r.conditional).map((r) => r.action)).toEqual(['kms:Decrypt']);
  });

  it('takes the names that people know, and refuses others', () => {
    for (const name of ['BucketName', 'SQSName', 'IAMUserName']) expect(t.Parameters).toHaveProperty(name);
    const parameter = (name: string) => t.Parameters[name] as Template['Parameters'][string];
    for (const [name, value, taken] of [
      ['BucketName', 'flow-logs.example', true],
      ['BucketName', 'Flow-Logs', false],
      ['SQSName', 'x'.repeat(67), true],
      ['SQSName', 'x'.repeat(68), false],
      ['TrustedPrincipalArn', 'arn:aws:iam::123456789012:role/path/bartizan', true],
      ['TrustedPrincipalArn', '*', false],
      ['KmsKeyArn', 'arn:aws:kms:eu-central-1:123456789012:key/0a1b', true],
      ['KmsKeyArn', 'arn:aws:kms:eu-central-1:123456789012:alias/x', false],
      ['SourceAccounts', '123456789012,210987654321', true],
      ['SourceAccounts', '12345', false],
      ['ExternalId', '*', false],
    ] as const)
      expect(accepts(parameter(name), value), `${name}=${value}`).toBe(taken);
  });
});

describe('flow-log', () => {
  const t = template('flow-log');
  it('logs everything of a VPC by default, every minute, and says nothing of traffic for a transit gateway', () => {
    expect(t.Parameters.TrafficType?.Default).toBe('ALL');
    expect(t.Resources.FlowLog?.Properties).toMatchObject({
      MaxAggregationInterval: 60,
      TrafficType: { 'Fn::If': ['IsTransitGateway', { Ref: 'AWS::NoValue' }, { Ref: 'TrafficType' }] },
    });
    for (const [id, taken] of [
      ['vpc-0123456789abcdef0', true],
      ['subnet-01234567', true],
      ['eni-01234567', true],
      ['tgw-0123456789abcdef0', true],
      ['i-0123456789abcdef0', false],
    ] as const)
      expect(accepts(t.Parameters.ResourceId as Template['Parameters'][string], id)).toBe(taken);
    const format = t.Parameters.LogFormat as Template['Parameters'][string];
    expect(accepts(format, '${version} ${flow-direction}')).toBe(true);
    expect(accepts(format, 'version flow-direction')).toBe(false);
  });
});

describe('cloudwatch-forwarder', () => {
  const t = template('cloudwatch-forwarder');
  it('asks EC2 only with group info', () => {
    expect(allowed(t).filter((r) => r.action.startsWith('ec2:'))).toEqual([{ action: 'ec2:DescribeNetworkInterfaces', on: '"*"', conditional: true }]);
  });

  it('denies it to the code otherwise, though Lambda may need it of the role inside a VPC', () => {
    const text = JSON.stringify(t.Resources.FunctionRole?.Properties);
    expect(text).toMatch(
      /"Fn::If":\["GroupInfo",\{"Sid":"Interfaces","Effect":"Allow".*?\{"Sid":"NoInterfaces","Effect":"Deny","Action":"ec2:DescribeNetworkInterfaces"/,
    );
    expect(text).toContain('"lambda:SourceFunctionArn"');
  });

  it('takes prefixes and formats as people write them', () => {
    const parameter = (name: string) => t.Parameters[name] as Template['Parameters'][string];
    for (const prefix of ['', '10.0.', '10.8.0.0,10.9.0.0', '10.0.0.0/8, 2001:db8::/32']) expect(accepts(parameter('VpcCidrPrefix'), prefix)).toBe(true);
    expect(accepts(parameter('VpcCidrPrefix'), 'ten')).toBe(false);
    expect(accepts(parameter('FlowLogFormat'), '${srcaddr} ${dstaddr}')).toBe(true);
    expect(accepts(parameter('EndpointUrl'), 'https://bartizan.example/v1/http/abc')).toBe(true);
    expect(accepts(parameter('EndpointUrl'), 'bartizan.example')).toBe(false);
  });
});
