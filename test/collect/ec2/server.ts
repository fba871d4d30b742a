/**
 * EC2 and STS as AWS's SDK sees them, on loopback: the query protocol with XML answers, pages, and errors in the words of AWS.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/making-api-requests.html
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const ACCOUNT = '123456789012';
export const KEYS = { kind: 'keys', accessKeyId: 'AKIAEXAMPLEEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' } as const;

export interface Eni {
  readonly id: string;
  readonly owner?: string;
  readonly instance?: string;
  /** Epoch seconds. */
  readonly attached?: number;
  readonly description?: string;
  readonly groups?: readonly string[];
  readonly ips?: readonly string[];
  readonly publicIp?: string;
  readonly vpc?: string;
  readonly subnet?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Region {
  enis: Eni[];
  /** Name tags by instance; null: it has none. */
  instances: Record<string, string | null>;
  groups: Record<string, string>;
}

export interface Call {
  readonly action: string;
  readonly region: string;
  readonly key: string;
  readonly params: URLSearchParams;
}

interface Fault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export const NOT_AUTHORIZED = (action: string): Fault => ({
  status: 403,
  code: 'UnauthorizedOperation',
  message: `You are not authorized to perform this operation. User: arn:aws:iam::${ACCOUNT}:user/reader is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
});
export const THROTTLED: Fault = { status: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.' };

const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const tag = (name: string, content: string | undefined) => (content === undefined ? '' : `<${name}>${content}</${name}>`);
const set = (name: string, items: readonly string[]) => tag(name, items.map((item) => tag('item', item)).join(''));

export class FakeEc2 {
  readonly regions = new Map<string, Region>();
  readonly calls: Call[] = [];
  /** Asked before every answer; an error is given in its place. */
  fault: (call: Call) => Fault | undefined = () => undefined;
  /** Most of one page, whatever is asked for. */
  page = 1000;
  /** Every page has a next one, which is the same. */
  endless = false;
  account = ACCOUNT;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeEc2> {
    const server = createServer();
    const fake = new FakeEc2(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const params = new URLSearchParams(Buffer.concat(chunks).toString());
        const [, key = '', region = ''] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
        const call = { action: params.get('Action') ?? '', region, key, params };
        fake.calls.push(call);
        const { status, body } = fake.#answer(call);
        response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8' }).end(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  region(name: string): Region {
    let region = this.regions.get(name);
    if (!region) {
      region = { enis: [], instances: {}, groups: {} };
      this.regions.set(name, region);
    }
    return region;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(call: Call): { readonly status: number; readonly body: string } {
    const fault = this.fault(call);
    const sts = call.action === 'GetCallerIdentity' || call.action === 'AssumeRole';
    if (fault) {
      const error = `<Error><Code>${fault.code}</Code><Message>${escaped(fault.message)}</Message></Error>`;
      return { status: fault.status, body: sts ? tag('ErrorResponse', error) : `<Response><Errors>${error}</Errors><RequestID>r-1</RequestID></Response>` };
    }
    return { status: 200, body: sts ? this.#sts(call) : this.#ec2(call) };
  }

  #sts({ action }: Call): string {
    const result =
      action === 'AssumeRole'
        ? `<Credentials><AccessKeyId>ASIAASSUMEDASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`
        : `<Arn>arn:aws:iam::${this.account}:user/reader</Arn><UserId>AIDA</UserId><Account>${this.account}</Account>`;
    return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${result}</${action}Result></${action}Response>`;
  }

  #ec2({ action, region, params }: Call): string {
    const { enis, instances, groups } = this.region(region);
    const items: Record<string, readonly [string, readonly string[]]> = {
      DescribeNetworkInterfaces: ['networkInterfaceSet', enis.map((eni) => this.#eni(eni, groups))],
      DescribeInstances: [
        'reservationSet',
        Object.entries(instances).map(([id, name]) =>
          set('instancesSet', [`<instanceId>${id}</instanceId>${tags({ team: 'x', ...(name === null ? {} : { Name: name }) })}`]),
        ),
      ],
      DescribeSecurityGroups: [
        'securityGroupInfo',
        Object.entries(groups).map(([id, name]) => `<groupId>${id}</groupId><groupName>${escaped(name)}</groupName>`),
      ],
    };
    const [name, all] = items[action] ?? ['unknown', []];
    const from = Number(/^page-(\d+)$/.exec(params.get('NextToken') ?? '')?.[1] ?? 0);
    const to = from + Math.min(this.page, Number(params.get('MaxResults') ?? 1000));
    const next = this.endless ? 'page-0' : to < all.length ? `page-${to}` : undefined;
    return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId>${set(name, all.slice(from, to))}${tag('nextToken', next)}</${action}Response>`;
  }

  #eni(
    { id, owner, instance, attached, description = '', groups = [], ips = [], publicIp, vpc, subnet, tags: own = {} }: Eni,
    names: Readonly<Record<string, string>>,
  ): string {
    const attachment =
      instance === undefined
        ? undefined
        : `<attachmentId>eni-attach-1</attachmentId><instanceId>${instance}</instanceId><status>attached</status>${tag('attachTime', attached === undefined ? undefined : new Date(attached * 1000).toISOString())}`;
    return [
      tag('networkInterfaceId', id),
      tag('ownerId', owner ?? this.account),
      tag('description', escaped(description)),
      tag('interfaceType', 'interface'),
      tag('vpcId', vpc),
      tag('subnetId', subnet),
      tag('availabilityZone', 'eu-central-1a'),
      tag('privateIpAddress', ips[0]),
      set(
        'privateIpAddressesSet',
        ips.map((ip) => tag('privateIpAddress', ip)),
      ),
      set(
        'groupSet',
        groups.map((group) => tag('groupId', group) + tag('groupName', names[group])),
      ),
      tag('association', publicIp && tag('publicIp', publicIp)),
      tag('attachment', attachment),
      tags(own),
    ].join('');
  }
}

function tags(values: Readonly<Record<string, string>>): string {
  return set(
    'tagSet',
    Object.entries(values).map(([key, value]) => `<key>${escaped(key)}</key><value>${escaped(value)}</value>`),
  );
}
