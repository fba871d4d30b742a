/** What people have, and the kind of source that takes it in. */
import { Link } from '@tanstack/react-router';
import type { Source } from '../../../api/contract/sources.ts';
import { isPushed } from '../../../model/source.ts';
import type { Search } from '../../app/search.ts';

export interface Choice {
  readonly id: 's3-queue' | 's3-list' | 'firehose' | 'forwarder' | 'http' | 'ec2';
  readonly kind: Source['kind'];
  readonly title: string;
  readonly description: string;
  /** Template that makes the AWS side. */
  readonly template?: string;
  /** A name to begin with. */
  readonly name: string;
}

export const CHOICES: readonly Choice[] = [
  {
    id: 's3-queue',
    kind: 's3',
    title: 'A bucket that tells a queue of new objects',
    description:
      'The way to start with. S3 puts a message into an SQS queue for each object, and Bartizan fetches both: nothing needs to reach this machine, and objects wait while it is away.',
    template: 's3-source',
    name: 'S3 flow logs',
  },
  {
    id: 's3-list',
    kind: 's3',
    title: 'A bucket, read by listing',
    description:
      'Nothing is changed in AWS. For logs of the past, from a day on, and for buckets that you may only read; new objects are looked for every minute.',
    template: 's3-source',
    name: 'S3 archive',
  },
  {
    id: 'firehose',
    kind: 'firehose',
    title: 'A CloudWatch log group, through Firehose',
    description: 'Firehose sends it here as it comes. AWS must reach this server over HTTPS on port 443.',
    template: 'firehose-source',
    name: 'Firehose',
  },
  {
    id: 'forwarder',
    kind: 'http',
    title: 'A CloudWatch log group, through a Lambda function',
    description: 'A function in your account sends it here: without internal traffic, with the security groups of the interfaces, and from inside a VPC.',
    template: 'cloudwatch-forwarder',
    name: 'CloudWatch forwarder',
  },
  {
    id: 'http',
    kind: 'http',
    title: 'Anything that can POST',
    description: 'Lines or JSON over HTTP, plain or compressed: a script, an agent, a pipeline of your own.',
    name: 'HTTP',
  },
  {
    id: 'ec2',
    kind: 'ec2',
    title: 'Names of the interfaces in your records',
    description: 'Brings no records: asks EC2 what their interfaces are. Instances, names, security groups and more, as they were at each record’s time.',
    name: 'EC2 interfaces',
  },
];

export function ChoiceList({ search }: { search: Search }) {
  return (
    <ul className="bz-source-choices">
      {CHOICES.map(({ id, kind, title, description }) => (
        <li key={id}>
          <Link to="/sources/new" search={{ ...search, kind: id, step: isPushed(kind) ? 'source' : 'aws' } as never}>
            <b>{title}</b>
            <span>{description}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
