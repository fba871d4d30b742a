/**
 * All interfaces of a region, with the names of their instances and groups, by three paged requests of EC2. A page that AWS
 * throttles, or that fails on the way, is asked for again after a pause that grows; a region is answered whole or not at all.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html
 */
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type NetworkInterface,
  type Tag,
} from '@aws-sdk/client-ec2';
import type { InterfaceFacts } from '../../model/network-interface.ts';
import { Backoff } from '../s3/timing.ts';
import type { Observed } from './history.ts';
import { Ec2Failure, isTransient } from './problems.ts';

/** How a page is asked for again. Tests make the times short; nobody else changes them. */
export interface Retries {
  readonly tries: number;
  /** First pause, doubled each time up to the longest. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
}

export const RETRIES: Retries = { tries: 8, retryMs: 500, longestRetryMs: 20_000 };

/** The most that EC2 gives in one page. */
const PAGE = 1000;
/** Most of one kind in a region. */
const MOST = 200_000;
/** EC2 may give pages with less than it could, or nothing; not without end. */
const MOST_PAGES = 10_000;
const MOST_TEXT = 512;
const MOST_LIST = 64;

export interface Asking {
  readonly client: EC2Client;
  readonly region: string;
  readonly retries: Retries;
  readonly signal: AbortSignal;
  /** What is asked for next, for messages. */
  readonly onAction: (action: string) => void;
  readonly onRetry: (error: unknown) => void;
}

/** Rejects with errors of the SDK and Ec2Failure. */
export async function describeRegion(asking: Asking): Promise<Observed[]> {
  const { client, region, signal: abortSignal } = asking;
  const interfaces: NetworkInterface[] = [];
  await pages(asking, 'ec2:DescribeNetworkInterfaces', async (NextToken) => {
    const answer = await client.send(new DescribeNetworkInterfacesCommand({ MaxResults: PAGE, NextToken }), { abortSignal });
    interfaces.push(...(answer.NetworkInterfaces ?? []));
    return { next: answer.NextToken, total: interfaces.length };
  });
  const names = new Map<string, string>();
  await pages(asking, 'ec2:DescribeInstances', async (NextToken) => {
    const answer = await client.send(new DescribeInstancesCommand({ MaxResults: PAGE, NextToken }), { abortSignal });
    for (const { Instances = [] } of answer.Reservations ?? []) for (const { InstanceId = '', Tags } of Instances) names.set(InstanceId, nameOf(Tags));
    return { next: answer.NextToken, total: names.size };
  });
  const groups = new Map<string, string>();
  await pages(asking, 'ec2:DescribeSecurityGroups', async (NextToken) => {
    const answer = await client.send(new DescribeSecurityGroupsCommand({ MaxResults: PAGE, NextToken }), { abortSignal });
    for (const { GroupId = '', GroupName = '' } of answer.SecurityGroups ?? []) groups.set(GroupId, GroupName);
    return { next: answer.NextToken, total: groups.size };
  });
  return interfaces.map((one) => observed(one, region, names, groups));
}

/** `ask` answers with the next page's token and how much there is by now. */
async function pages(
  { region, retries, signal, onAction, onRetry }: Asking,
  action: string,
  ask: (token: string | undefined) => Promise<{ readonly next: string | undefined; readonly total: number }>,
): Promise<void> {
  onAction(action);
  const tokens = new Set<string>();
  for (let token: string | undefined; ; ) {
    const { next, total } = await persistently(() => ask(token));
    if (!next) return;
    if (total > MOST)
      throw new Ec2Failure('answer-too-large', `${region} has more than ${MOST} of what ${action} lists.`, 'Such a region is not looked up.', false);
    if (tokens.has(next) || tokens.size >= MOST_PAGES)
      throw new Ec2Failure('answer-endless', `${action} in ${region} gives pages again and again.`, 'Check the endpoint: AWS itself does not do so.');
    tokens.add(next);
    token = next;
  }

  async function persistently<T>(once: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(retries.retryMs, retries.longestRetryMs);
    for (let tried = 1; ; tried++) {
      try {
        return await once();
      } catch (error) {
        if (tried >= retries.tries || signal.aborted || !isTransient(error)) throw error;
        onRetry(error);
        await backoff.wait(signal);
      }
    }
  }
}

function observed(one: NetworkInterface, region: string, names: ReadonlyMap<string, string>, groups: ReadonlyMap<string, string>): Observed {
  if (!one.NetworkInterfaceId)
    throw new Ec2Failure('answer-incomplete', `${region} answered with an interface that has no id.`, 'Check the endpoint: AWS itself does not do so.');
  const instanceId = clean(one.Attachment?.InstanceId);
  const primary = clean(one.PrivateIpAddress);
  const others = [...(one.PrivateIpAddresses ?? []).map((a) => clean(a.PrivateIpAddress)), ...(one.Ipv6Addresses ?? []).map((a) => clean(a.Ipv6Address))];
  // AWS keeps no order: in one of ours, the same is the same.
  const mine = (one.Groups ?? [])
    .map(({ GroupId, GroupName }) => ({ id: clean(GroupId), name: clean(groups.get(GroupId ?? '') || GroupName) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, MOST_LIST);
  const facts: InterfaceFacts = {
    interfaceId: clean(one.NetworkInterfaceId),
    account: clean(one.OwnerId),
    region,
    instanceId,
    instanceName: names.get(instanceId) ?? '',
    description: clean(one.Description),
    type: clean(one.InterfaceType),
    vpcId: clean(one.VpcId),
    subnetId: clean(one.SubnetId),
    zone: clean(one.AvailabilityZone),
    publicIp: clean(one.Association?.PublicIp),
    privateIps: [...(primary ? [primary] : []), ...[...new Set(others)].filter((a) => a && a !== primary).sort()].slice(0, MOST_LIST),
    groupIds: mine.map(({ id }) => id),
    groupNames: mine.map(({ name }) => name),
    tags: (one.TagSet ?? [])
      .map(({ Key, Value }) => clean(`${Key ?? ''}=${Value ?? ''}`))
      .sort()
      .slice(0, MOST_LIST),
  };
  const attached = one.Attachment?.AttachTime?.getTime();
  return { facts, attached: attached === undefined ? undefined : Math.floor(attached / 1000), named: names.has(instanceId) };
}

function nameOf(tags: readonly Tag[] = []): string {
  return clean(tags.find(({ Key }) => Key === 'Name')?.Value);
}

/** Text of the other side without control characters, and not endless. */
function clean(text: string | undefined): string {
  return (text ?? '').slice(0, MOST_TEXT).replace(/\p{Cc}+/gu, ' ');
}
