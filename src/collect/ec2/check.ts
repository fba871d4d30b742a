/** Tries an interface lookup's settings step by step, changing nothing: whose the credentials are, then each right in each region. */
import { DescribeInstancesCommand, DescribeNetworkInterfacesCommand, DescribeSecurityGroupsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { Ec2Clients } from './clients.ts';
import { type Ec2ProblemCode, explainEc2 } from './problems.ts';
import type { Ec2Settings } from './settings.ts';

export interface Ec2Check {
  /** `credentials`, or `interfaces`, `instances` and `groups` with the region behind a colon. */
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  readonly hint?: string;
  readonly code?: Ec2ProblemCode;
}

export interface Ec2TestOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

const LONGEST_MS = 60_000;
/** The least that EC2 lets a page have. */
const FEW = 5;

const STEPS: readonly {
  readonly name: string;
  readonly action: string;
  readonly what: string;
  readonly ask: (client: EC2Client, abortSignal: AbortSignal) => Promise<number>;
}[] = [
  {
    name: 'interfaces',
    action: 'ec2:DescribeNetworkInterfaces',
    what: 'interfaces',
    ask: async (client, abortSignal) =>
      (await client.send(new DescribeNetworkInterfacesCommand({ MaxResults: FEW }), { abortSignal })).NetworkInterfaces?.length ?? 0,
  },
  {
    name: 'instances',
    action: 'ec2:DescribeInstances',
    what: 'instances',
    ask: async (client, abortSignal) => (await client.send(new DescribeInstancesCommand({ MaxResults: FEW }), { abortSignal })).Reservations?.length ?? 0,
  },
  {
    name: 'groups',
    action: 'ec2:DescribeSecurityGroups',
    what: 'security groups',
    ask: async (client, abortSignal) =>
      (await client.send(new DescribeSecurityGroupsCommand({ MaxResults: FEW }), { abortSignal })).SecurityGroups?.length ?? 0,
  },
];

/** Never throws. */
export async function testEc2Source(settings: Ec2Settings, options: Ec2TestOptions = {}): Promise<readonly Ec2Check[]> {
  const clients = new Ec2Clients(settings, options.environment);
  const signal = AbortSignal.any([AbortSignal.timeout(LONGEST_MS), ...(options.signal ? [options.signal] : [])]);
  const checks: Ec2Check[] = [];
  const fail = (name: string, error: unknown, action: string, resource: string, region: string): void => {
    const { code, message, hint } = explainEc2(error, clients.doing({ action, resource, region }));
    checks.push({ name, result: 'failed', message, hint, code });
  };
  try {
    if (!clients.hasIdentity)
      checks.push({
        name: 'credentials',
        result: 'skipped',
        message: 'The endpoint is not AWS’s own: whose the credentials are was not asked. The next steps use them.',
      });
    else
      try {
        const { arn } = await clients.identity(signal);
        checks.push({ name: 'credentials', result: 'ok', message: `The lookup acts as ${arn}.` });
      } catch (error) {
        fail('credentials', error, 'sts:GetCallerIdentity', 'the credentials', clients.stsRegion);
        return checks;
      }
    for (const region of settings.regions) {
      for (const { name, action, what, ask } of STEPS) {
        const named = `${name}:${region}`;
        try {
          const found = await ask(clients.in(region), signal);
          if (found > 0 || name !== 'interfaces') checks.push({ name: named, result: 'ok', message: `The ${what} of ${region} can be listed.` });
          else
            checks.push({
              name: named,
              result: 'warning',
              message: `${region} can be asked, and has no interfaces.`,
              hint: 'Check that this is the region and the account that are meant.',
            });
        } catch (error) {
          fail(named, error, action, region, region);
        }
      }
    }
    return checks;
  } finally {
    clients.close();
  }
}
