/**
 * Commands for a person's shell, with what they typed in them. Every value of theirs is quoted for a POSIX shell; secrets
 * are asked for by the shell and never in the text. Pure.
 */

export interface Command {
  /** What it is for, in a sentence. */
  readonly title: string;
  readonly text: string;
}

/** One word of a shell's line. */
export function quoted(text: string): string {
  return text !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A stack from a downloaded template: only what differs from the template's defaults is given. */
export function stackCommands(options: {
  readonly template: string;
  readonly region: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Parameters that the shell asks for. */
  readonly secrets: readonly string[];
}): Command[] {
  const { template, region, parameters, secrets } = options;
  const stack = `bartizan-${template.replace(/-source$/, '')}`;
  const where = region === '' ? '' : ` --region ${quoted(region)}`;
  const given = [
    ...Object.entries(parameters)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => quoted(`${name}=${value}`)),
    ...secrets.map((name) => `${name}="$${shellName(name)}"`),
  ];
  const overrides = given.length === 0 ? '' : ` \\\n  --parameter-overrides ${given.join(' \\\n    ')}`;
  const ask = secrets.map((name) => `read -rsp '${name}: ' ${shellName(name)}\n`).join('');
  return [
    {
      title: 'Make the stack from the downloaded file:',
      text: `${ask}aws cloudformation deploy${where} --stack-name ${stack} \\\n  --template-file ${template}.yaml --capabilities CAPABILITY_NAMED_IAM${overrides}`,
    },
    {
      title: 'Show its outputs:',
      text: `aws cloudformation describe-stacks${where} --stack-name ${stack} \\\n  --query 'Stacks[0].Outputs' --output json`,
    },
  ];
}

function shellName(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly queue: string;
  readonly externalId: string;
}

const OR = { bucket: 'YOUR-BUCKET', region: 'YOUR-REGION', queue: 'bartizan-flow-logs' };

/** What the other commands refer to. Texts of a person are quoted here and nowhere else: a variable's value is not read again. */
function variables({ bucket, prefix, region, queue, externalId }: S3Place, withQueue: boolean): string {
  const name = /^[\w-]{1,80}$/.test(queue) ? queue : OR.queue;
  return [
    'ACCOUNT=$(aws sts get-caller-identity --query Account --output text)',
    `REGION=${quoted(region || OR.region)}`,
    `BUCKET=${quoted(bucket || OR.bucket)}`,
    `PREFIX=${prefix === '' ? '' : quoted(prefix)}`,
    ...(withQueue ? [`QUEUE=${quoted(name)}`] : []),
    `EXTERNAL_ID=${quoted(externalId)}`,
  ].join('\n');
}

/** A policy that a shell writes to a file, with its variables filled in. */
function policyFile(name: string, ...statements: readonly object[]): string {
  return `cat > ${name} <<EOF\n{"Version": "2012-10-17", "Statement": [\n  ${statements.map((s) => JSON.stringify(s)).join(',\n  ')}\n]}\nEOF`;
}

const TRUST = {
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::$ACCOUNT:root' },
  Action: 'sts:AssumeRole',
  Condition: { StringEquals: { 'sts:ExternalId': '$EXTERNAL_ID' } },
};
const QUEUE_ARN = 'arn:aws:sqs:$REGION:$ACCOUNT:$QUEUE';

/** By hand, for a bucket that is there: the queue, what it tells, and a role that may read both. */
export function queueByHand(place: S3Place): Command[] {
  const send = {
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: QUEUE_ARN,
    Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:s3:::$BUCKET' }, StringEquals: { 'aws:SourceAccount': '$ACCOUNT' } },
  };
  return [
    { title: 'What the commands below refer to:', text: variables(place, true) },
    {
      title: 'A queue that S3 may send to for this bucket, with a dead-letter queue:',
      text: [
        'aws sqs create-queue --region "$REGION" --queue-name "$QUEUE-dead-letters" --attributes MessageRetentionPeriod=1209600',
        policyFile('queue-policy.json', send),
        `jq -n --rawfile policy queue-policy.json --arg dead "${QUEUE_ARN}-dead-letters" '{Policy: $policy, MessageRetentionPeriod: "1209600",`,
        `  VisibilityTimeout: "120", RedrivePolicy: ({deadLetterTargetArn: $dead, maxReceiveCount: "5"} | tojson)}' > queue.json`,
        'aws sqs create-queue --region "$REGION" --queue-name "$QUEUE" --attributes file://queue.json',
      ].join('\n'),
    },
    notificationByHand(`${QUEUE_ARN}`),
    roleByHand(true),
  ];
}

/** Puts the queue beside the notifications that a bucket has: the call replaces all of them. */
function notificationByHand(queueArn: string): Command {
  return {
    title: 'Tell the queue of new objects, beside the notifications that the bucket has:',
    text: [
      'aws s3api get-bucket-notification-configuration --bucket "$BUCKET" > before.json',
      `jq -n --arg queue "${queueArn}" --arg prefix "$PREFIX" '(try input catch {}) | .QueueConfigurations += [`,
      '  {Id: "bartizan", QueueArn: $queue, Events: ["s3:ObjectCreated:*"],',
      `   Filter: {Key: {FilterRules: [{Name: "prefix", Value: $prefix}]}}}]' before.json > after.json`,
      'aws s3api put-bucket-notification-configuration --bucket "$BUCKET" --notification-configuration file://after.json',
    ].join('\n'),
  };
}

/** After a stack that left the bucket alone. */
export function notificationsAfterStack({ bucket, prefix }: Pick<S3Place, 'bucket' | 'prefix'>): Command {
  const { title, text } = notificationByHand('$QUEUE_ARN');
  const names = `BUCKET=${quoted(bucket || OR.bucket)}\nPREFIX=${prefix === '' ? '' : quoted(prefix)}\nread -rp 'QueueArn of the outputs: ' QUEUE_ARN`;
  return { title: `${title.replace(/:$/, '')} (the stack leaves a bucket alone that it did not make):`, text: `${names}\n${text}` };
}

/** By hand, for a source that lists: a role that may list and read. */
export function listByHand(place: S3Place): Command[] {
  return [{ title: 'What the commands below refer to:', text: variables(place, false) }, roleByHand(false)];
}

/** By hand, for an interface lookup: a role that may describe interfaces, instances and groups of these regions. */
export function lookupByHand({ regions, externalId }: { readonly regions: readonly string[]; readonly externalId: string }): Command[] {
  const describe = {
    Effect: 'Allow',
    Action: ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeInstances', 'ec2:DescribeSecurityGroups'],
    Resource: '*',
    Condition: { StringEquals: { 'aws:RequestedRegion': '$REGIONS' } },
  };
  return [
    {
      title: 'What the commands below refer to:',
      text: [
        'ACCOUNT=$(aws sts get-caller-identity --query Account --output text)',
        `REGIONS=${quoted(JSON.stringify(regions.length === 0 ? [OR.region] : regions))}`,
        `EXTERNAL_ID=${quoted(externalId)}`,
      ].join('\n'),
    },
    {
      title: 'A role that may ask these three, which read only. In its trust, name the account or the role that Bartizan runs as, where that is another:',
      text: [
        policyFile('trust.json', TRUST),
        // A list is no text: the variable holds its brackets and quotes.
        policyFile('describe.json', describe).replace('"$REGIONS"', '$REGIONS'),
        'aws iam create-role --role-name bartizan-interfaces --assume-role-policy-document file://trust.json',
        'aws iam put-role-policy --role-name bartizan-interfaces --policy-name describe --policy-document file://describe.json',
        'echo "Role ARN: arn:aws:iam::$ACCOUNT:role/bartizan-interfaces"',
      ].join('\n'),
    },
  ];
}

function roleByHand(withQueue: boolean): Command {
  const read = [
    { Effect: 'Allow', Action: ['s3:ListBucket', 's3:GetBucketLocation', 's3:GetBucketNotification'], Resource: 'arn:aws:s3:::$BUCKET' },
    { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::$BUCKET/$PREFIX*' },
    ...(withQueue
      ? [
          {
            Effect: 'Allow',
            Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
            Resource: QUEUE_ARN,
          },
        ]
      : []),
  ];
  return {
    title: 'A role that may read, and nothing else. In its trust, name the account or the role that Bartizan runs as, where that is another:',
    text: [
      policyFile('trust.json', TRUST),
      policyFile('read.json', ...read),
      'aws iam create-role --role-name bartizan-reader --assume-role-policy-document file://trust.json',
      'aws iam put-role-policy --role-name bartizan-reader --policy-name read --policy-document file://read.json',
      'echo "Role ARN: arn:aws:iam::$ACCOUNT:role/bartizan-reader"',
    ].join('\n'),
  };
}

/** A flow log to the bucket, for who has none yet. */
export function flowLogByHand({ bucket, region }: Pick<S3Place, 'bucket' | 'region'>): Command {
  return {
    title: 'A flow log of a VPC to the bucket, for who has none yet:',
    text: [
      `aws ec2 create-flow-logs --region ${quoted(region || OR.region)} --resource-type VPC --resource-ids vpc-YOURS --traffic-type ALL \\`,
      `  --max-aggregation-interval 60 --log-destination-type s3 --log-destination ${quoted(`arn:aws:s3:::${bucket || OR.bucket}`)}`,
    ].join('\n'),
  };
}

/** What sends a file to an HTTP source. */
export function curlCommands(url: string): Command[] {
  return [
    {
      title: 'One record, to see that it works:',
      text: `curl -sS ${quoted(url)} -H 'X-Bartizan-Category: labs/vpc' \\\n  --data-binary "2 123456789012 eni-0a1b2c3d 203.0.113.12 10.0.0.5 44321 22 6 3 180 $(date +%s) $(($(date +%s) + 60)) REJECT OK"`,
    },
    {
      title: 'A file, gzip or plain. With a key of its own it is stored once, however often it is sent:',
      text: `curl -sS ${quoted(url)} -H 'Idempotency-Key: flows-2026-11-20-1' --data-binary @flows.log.gz`,
    },
  ];
}
