/** The sources page's pure parts: forms and back, commands for a shell, refusals by field, outputs of stacks. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { RecordSettings } from '../../src/api/contract/sources.ts';
import { Ec2Settings } from '../../src/collect/ec2/settings.ts';
import { S3Settings } from '../../src/collect/s3/settings.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import {
  curlCommands,
  flowLogByHand,
  listByHand,
  lookupByHand,
  notificationsAfterStack,
  queueByHand,
  quoted,
  stackCommands,
} from '../../src/web/sources/add/commands.ts';
import { fromRecords, NEW_RECORDS, toRecords } from '../../src/web/sources/draft.ts';
import { fromEc2Connection, NEW_EC2, toEc2Connection } from '../../src/web/sources/ec2-draft.ts';
import { candidateWords, formatPrefix, optionsOf, readLayout, tell, valuesOf, waitingWords, widthOf, withName } from '../../src/web/sources/layouts/choice.ts';
import { fieldProblems } from '../../src/web/sources/problems.ts';
import { fromConnection, NEW_S3, readOutputs, toConnection } from '../../src/web/sources/s3-draft.ts';
import { searchOf } from '../../src/web/sources/search-of.ts';
import { lagText, lookupSummary } from '../../src/web/sources/words.ts';

const HOSTILE = `a'b"c$(touch /tmp/x)\`id\`\\ ; rm -rf / #`;
const bash = (script: string): string => execFileSync('bash', ['-c', script], { encoding: 'utf8' });

describe('the form of a connection', () => {
  const connections = [
    { mode: 'queue', queue: 'flows', region: 'eu-central-1', credentials: { kind: 'instance' } },
    { mode: 'queue', queue: 'flows', bucket: 'acme', prefix: 'a/', region: 'eu-central-1', visibilitySeconds: 60, credentials: { kind: 'profile', name: 'p' } },
    {
      mode: 'list',
      bucket: 'acme',
      region: 'eu-west-1',
      follow: false,
      credentials: { kind: 'role', roleArn: 'arn:aws:iam::123456789012:role/r', externalId: 'abc' },
    },
    {
      mode: 'list',
      bucket: 'acme',
      region: 'eu-west-1',
      follow: true,
      followSeconds: 5,
      endpoint: 'http://127.0.0.1:9',
      pathStyle: true,
      credentials: { kind: 'instance' },
    },
  ];
  it.each(connections)('gives %o as it was, and what the server takes', (connection) => {
    const back = toConnection(fromConnection(connection));
    expect(back).toEqual(connection);
    expect(S3Settings.safeParse(back).success).toBe(true);
  });

  it('keeps stored secrets, replaces them, and takes them out only where that was said', () => {
    const keys = { kind: 'keys', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret', sessionToken: 'secret' };
    const connection = { mode: 'list', bucket: 'acme', region: 'eu-west-1', follow: true, credentials: keys, proxy: 'secret' };
    const draft = fromConnection(connection);
    expect(draft.secretAccessKey).toBe('');
    expect(toConnection(draft)).toEqual(connection);
    expect(toConnection({ ...draft, secretAccessKey: 'new', dropped: ['proxy', 'sessionToken'] })).toEqual({
      ...connection,
      credentials: { ...keys, secretAccessKey: 'new', sessionToken: '' },
      proxy: '',
    });
    const base = { ...connection, credentials: { kind: 'role', roleArn: 'arn:aws:iam::123456789012:role/r', base: keys } };
    expect(toConnection(fromConnection(base))).toEqual(base);
  });

  it.each([
    { regions: ['eu-central-1'], intervalMinutes: 10, credentials: { kind: 'instance' } },
    {
      regions: ['eu-central-1', 'us-east-1'],
      intervalMinutes: 1440,
      endpoint: 'http://127.0.0.1:9',
      stsEndpoint: 'http://127.0.0.1:9',
      credentials: { kind: 'role', roleArn: 'arn:aws:iam::123456789012:role/r', externalId: 'abc', base: { kind: 'profile', name: 'p' } },
    },
  ])('gives a lookup %o as it was, and what the server takes', (connection) => {
    const back = toEc2Connection(fromEc2Connection(connection));
    expect(back).toEqual(connection);
    expect(Ec2Settings.safeParse(back).success).toBe(true);
  });

  it('keeps the secrets of a lookup, and lets the server say what is missing', () => {
    const connection = {
      regions: ['eu-west-1'],
      intervalMinutes: 5,
      credentials: { kind: 'keys', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
      proxy: 'secret',
    };
    const draft = fromEc2Connection(connection);
    expect(toEc2Connection(draft)).toEqual(connection);
    expect(toEc2Connection({ ...draft, dropped: ['proxy'] })).toEqual({ ...connection, proxy: '' });
    expect(toEc2Connection({ ...NEW_EC2, intervalMinutes: 'often' })).toEqual({ regions: [], intervalMinutes: 'often', credentials: { kind: 'role' } });
  });

  it('sends what is no number as it was written, so that the server says what is wrong', () => {
    expect(toConnection({ ...NEW_S3, visibilitySeconds: 'ten' }).visibilitySeconds).toBe('ten');
    expect(toConnection(NEW_S3)).toEqual({ mode: 'queue', credentials: { kind: 'role' } });
  });
});

it('gives record settings as they were', () => {
  expect(toRecords(NEW_RECORDS)).toEqual(DEFAULT_RECORD_SETTINGS);
  const settings = RecordSettings.parse({
    format: 'vpc-flow',
    layout: 'v5',
    rules: [
      { kind: 'mask', name: 'm', pattern: '(\\d+)', replacement: 'X' },
      { kind: 'exclude', name: 'e', pattern: ' NODATA' },
    ],
    timestampLocator: '\\s(\\d{10})',
    multiline: { mode: 'boundary', pattern: '^2 ' },
    internalTraffic: ['10.0.0.0/8', '2001:db8::/32'],
  });
  expect(toRecords(fromRecords(settings))).toEqual(settings);
  expect(toRecords({ ...NEW_RECORDS, internalTraffic: ' 10.0.0.0/8, 10.1.0.0/16;\n\n192.168.0.0/16 ' }).internalTraffic).toEqual([
    '10.0.0.0/8',
    '10.1.0.0/16',
    '192.168.0.0/16',
  ]);
});

describe('commands', () => {
  it('give a shell back what a person typed, whatever it was', () => {
    for (const text of [HOSTILE, '', 'plain-1', "it's", '-n', '~', 'a b', '$HOME', '\n']) expect(bash(`printf %s ${quoted(text)}`)).toBe(text);
  });

  it('run nothing of what a person typed, and write policies with it', () => {
    const place = { bucket: 'acme', prefix: HOSTILE, region: HOSTILE, queue: HOSTILE, externalId: 'id-1' };
    const aws = 'aws() { case "$1" in sts) echo 123456789012;; esac; }; jq() { :; }; cd "$(mktemp -d)"';
    const all = [...queueByHand(place), flowLogByHand(place), notificationsAfterStack(place)].map(({ text }) => text.replace(/^read .*$/m, 'QUEUE_ARN=x'));
    expect(bash(`${aws}\n${all.join('\n')}\nprintf '%s|%s' "$REGION" "$PREFIX"`)).toContain(`${HOSTILE}|${HOSTILE}`);
    const listed = listByHand({ ...place, prefix: 'AWSLogs/', region: 'eu-central-1' }).map(({ text }) => text);
    const read = bash(`${aws}\n${listed.join('\n')} > /dev/null\ncat read.json`);
    expect(JSON.parse(read).Statement.map((s: { Resource: string }) => s.Resource)).toEqual(['arn:aws:s3:::acme', 'arn:aws:s3:::acme/AWSLogs/*']);
    expect(JSON.parse(bash(`${aws}\n${listed.join('\n')} > /dev/null\ncat trust.json`)).Statement[0]).toMatchObject({
      Principal: { AWS: 'arn:aws:iam::123456789012:root' },
      Condition: { StringEquals: { 'sts:ExternalId': 'id-1' } },
    });
    const [queue] = queueByHand({ ...place, prefix: '', region: 'eu-central-1', queue: 'flows' }).slice(1);
    const [names] = queueByHand({ ...place, prefix: '', region: 'eu-central-1', queue: 'flows' });
    const policy = JSON.parse(bash(`${aws}\n${names?.text}\n${queue?.text}\ncat queue-policy.json`));
    expect(policy.Statement[0]).toMatchObject({
      Resource: 'arn:aws:sqs:eu-central-1:123456789012:flows',
      Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:s3:::acme' }, StringEquals: { 'aws:SourceAccount': '123456789012' } },
    });
  });

  it('let a role describe the regions that were typed, whatever they were', () => {
    const script = (regions: readonly string[]) =>
      `aws() { case "$1" in sts) echo 123456789012;; esac; }; cd "$(mktemp -d)"\n${lookupByHand({ regions, externalId: HOSTILE })
        .map(({ text }) => text)
        .join('\n')} > /dev/null`;
    for (const regions of [['eu-central-1', 'us-east-1'], [HOSTILE]]) {
      const { Statement } = JSON.parse(bash(`${script(regions)}\ncat describe.json`));
      expect(Statement).toEqual([
        {
          Effect: 'Allow',
          Action: ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeInstances', 'ec2:DescribeSecurityGroups'],
          Resource: '*',
          Condition: { StringEquals: { 'aws:RequestedRegion': regions } },
        },
      ]);
    }
  });

  it('make a stack with the answers, and let the shell ask for secrets', () => {
    const [make, show] = stackCommands({
      template: 'firehose-source',
      region: 'eu-central-1',
      parameters: { LogGroupName: HOSTILE, Empty: '' },
      secrets: ['AccessKey'],
    });
    const script = make?.text.replace(/^read .*$/m, "ACCESS_KEY='a b'") ?? '';
    const args = bash(`aws() { printf '%s\\n' "$@"; }\n${script}`).split('\n');
    expect(args).toEqual(expect.arrayContaining(['bartizan-firehose', 'firehose-source.yaml', 'eu-central-1', `LogGroupName=${HOSTILE}`, 'AccessKey=a b']));
    expect(args.some((arg) => arg.startsWith('Empty'))).toBe(false);
    expect(show?.text).toContain('describe-stacks --region eu-central-1 --stack-name bartizan-firehose');
  });

  it('send a record that the layout of version 2 fits', () => {
    const [one] = curlCommands('http://127.0.0.1:1/v1/http/t');
    const body = bash(`curl() { printf '%s' "\${@: -1}"; }\n${one?.text}`);
    expect(body.split(' ')).toHaveLength(14);
    expect(body).toMatch(/ \d{10} \d{10} REJECT OK$/);
  });
});

describe('refusals', () => {
  it('are told by field', () => {
    const message =
      'connection.region: write a region; or not; connection.credentials.roleArn: write: the ARN; body.records.rules.0.pattern: no RE2: missing )';
    expect([...fieldProblems(message)]).toEqual([
      ['connection.region', 'write a region; or not'],
      ['connection.credentials.roleArn', 'write: the ARN'],
      ['records.rules.0.pattern', 'no RE2: missing )'],
    ]);
    expect([...fieldProblems('There are 1000 sources already.')]).toEqual([['', 'There are 1000 sources already.']]);
    expect([...fieldProblems('Names: name: too long')]).toEqual([['', 'Names: name: too long']]);
  });
});

describe('outputs of a stack', () => {
  const expected = [
    ['QueueUrl', 'https://sqs.eu-central-1.amazonaws.com/123456789012/flows'],
    ['RoleArn', 'arn:aws:iam::123456789012:role/reader'],
  ];
  it.each([
    [
      'JSON',
      JSON.stringify(
        expected.map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue, Description: 'x' })),
        null,
        2,
      ),
    ],
    ['JSON with the description between', JSON.stringify(expected.map(([OutputKey, OutputValue]) => ({ OutputKey, Description: 'x', OutputValue })))],
    ['tabs', `Key\tValue\n${expected.map(([k, v]) => `${k}\t${v}`).join('\n')}`],
    ['lines', expected.map(([k, v]) => `${k} ${v}`).join('\n')],
    ['a table', `-----\n|  OutputKey  |  OutputValue  |\n+----+----+\n${expected.map(([k, v]) => `|  ${k}  |  ${v}  |`).join('\n')}\n`],
  ])('are read as %s', (_, text) => {
    expect([...readOutputs(text)].filter(([key]) => key !== 'Key')).toEqual(expected);
  });
  it('are none where there are none', () => {
    expect(readOutputs('An error occurred (ValidationError): no such stack').get('QueueUrl')).toBeUndefined();
    expect(readOutputs('').size).toBe(0);
  });
});

it('names the records of a source as they are stored', () => {
  const source = { kind: 'http' as const, name: 'edge "a"', sourceName: '', sourceHost: '', connection: {} };
  expect(searchOf(source, 'main')).toBe('_collector="main" _sourceName="edge \\"a\\""');
  expect(searchOf({ ...source, kind: 's3', connection: { bucket: 'acme' } }, 'main')).toBe('_collector="main" _sourceHost="acme"');
});

it('says lags in one unit', () => {
  expect([0, 12.4, 999, 1000, 3240, 59_000, 240_000, 9_000_000, 200_000_000].map(lagText)).toEqual([
    '0 ms',
    '12 ms',
    '999 ms',
    '1 s',
    '3.2 s',
    '59 s',
    '4 min',
    '2.5 h',
    '2.3 d',
  ]);
});

it('says what a lookup looks up, briefly', () => {
  expect(lookupSummary({ connection: { regions: ['eu-central-1'], intervalMinutes: 1 } })).toBe('eu-central-1, every minute');
  expect(lookupSummary({ connection: { regions: ['a', 'b', 'c', 'd'], intervalMinutes: 10 } })).toBe('a, b and 2 more regions, every 10 minutes');
});

describe('choosing a layout', () => {
  const question = {
    samples: ['10.0.0.1 10.0.0.2 443 55000 OK', '- - - - NODATA', 'cut off'],
    candidates: ['srcaddr dstaddr srcport dstport log-status', 'dstaddr srcaddr dstport srcport log-status', 'srcaddr dstaddr dstport srcport log-status'],
    ambiguous: [
      { position: 0, names: ['srcaddr', 'dstaddr'] },
      { position: 1, names: ['srcaddr', 'dstaddr'] },
      { position: 2, names: ['srcport', 'dstport'] },
      { position: 3, names: ['srcport', 'dstport'] },
    ],
  };
  const first = question.candidates[0]?.split(' ') ?? [];

  it('offers what is open, and keeps what is decided', () => {
    expect(optionsOf(question).map((names) => names.length)).toEqual([2, 2, 2, 2, 1]);
    expect(optionsOf(question)[4]).toEqual(['log-status']);
    expect(candidateWords(question, 'srcaddr dstaddr dstport srcport log-status')).toBe('1 srcaddr · 2 dstaddr · 3 dstport · 4 srcport');
  });

  it('offers all where nothing is known, for as many values as most samples have', () => {
    const unknown = { samples: ['a b c', 'd e f', 'cut'], candidates: [], ambiguous: [] };
    expect(widthOf(unknown)).toBe(3);
    expect(optionsOf(unknown).map((names) => names.includes('srcaddr'))).toEqual([true, true, true]);
    expect(widthOf({ samples: [], candidates: [] })).toBe(0);
  });

  it('lets the other columns follow: to the nearest candidate, or in exchange', () => {
    expect(withName(question, first, 2, 'dstport').join(' ')).toBe('srcaddr dstaddr dstport srcport log-status');
    expect(withName(question, first, 0, 'dstaddr').join(' ')).toBe('dstaddr srcaddr dstport srcport log-status');
    expect(withName(question, first, 0, 'log-status').join(' ')).toBe('log-status dstaddr srcport dstport srcaddr');
    expect(withName({ candidates: [] }, ['-', '-'], 1, 'bytes')).toEqual(['-', 'bytes']);
  });

  it('reads presets and lists, and says what is wrong', () => {
    expect(readLayout(' dstaddr, srcaddr\nsrcport dstport log_status', 5)).toEqual({ layout: ['dstaddr', 'srcaddr', 'srcport', 'dstport', 'log-status'] });
    expect(readLayout('v2', 14)).toMatchObject({ layout: expect.arrayContaining(['srcaddr', 'log-status']) });
    expect(readLayout('v2', 5)).toEqual({ problem: 'the layout has 14 fields, the records have 5 values' });
    expect(readLayout('srcadr dstaddr', 2)).toMatchObject({ problem: 'The layout names an unknown field: “srcadr”.', hint: 'Did you mean “srcaddr”?' });
    expect(readLayout('srcaddr srcaddr', 2)).toEqual({ problem: 'The layout names “srcaddr” twice.', hint: 'Leave one of them out.' });
    expect(readLayout('', 2)).toMatchObject({ problem: 'The layout is empty.' });
  });

  it('knows layouts of transit gateways, with their format before the names where it is said', () => {
    expect(readLayout('v6', 36)).toMatchObject({ layout: expect.arrayContaining(['tgw-id', 'packets-lost-no-route']) });
    expect(readLayout('tgw-flow:srcaddr start', 2)).toEqual({ layout: ['srcaddr', 'start'] });
    expect(readLayout('tgw-id interface-id', 2)).toMatchObject({
      problem: 'The layout mixes formats: “tgw-id” is a field of transit gateway flow logs alone.',
    });
    expect(readLayout('tgw-flow:action start', 2)).toMatchObject({ problem: 'The layout mixes formats: “action” is a field of VPC flow logs alone.' });
    expect(optionsOf({ samples: ['a b'], candidates: [], ambiguous: [] })[0]).toContain('tgw-id');
    const candidates = ['tgw-flow:srcaddr dstaddr', 'tgw-flow:dstaddr srcaddr'];
    expect(withName({ candidates }, ['srcaddr', 'dstaddr'], 0, 'dstaddr')).toEqual(['dstaddr', 'srcaddr']);
    expect([formatPrefix(candidates[0] as string), formatPrefix('srcaddr start')]).toEqual(['tgw-flow:', '']);
  });

  it('tells a record by field, times as instants, and does not fail on one that is cut', () => {
    expect(valuesOf(' 1  2\t3\r\n')).toEqual(['1', '2', '3']);
    const told = tell('1792168057 10.0.0.1', ['start', 'srcaddr', 'bytes']);
    expect(told.map(({ name, value, at }) => [name, value, at])).toEqual([
      ['start', '1792168057', 1_792_168_057_000],
      ['srcaddr', '10.0.0.1', undefined],
      ['bytes', '', undefined],
    ]);
  });

  it('says how much waits', () => {
    expect(waitingWords([{ records: 1204 }])).toBe('1 stream waits for its layout (1,204 records in quarantine)');
    expect(waitingWords([{ records: 1 }])).toBe('1 stream waits for its layout (1 record in quarantine)');
    expect(waitingWords([{ records: 1000 }, { records: 204 }])).toBe('2 streams wait for their layouts (1,204 records in quarantine)');
  });
});
