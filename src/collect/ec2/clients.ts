/** Clients of EC2, one a region, and of STS, for one lookup. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { AwsConnection } from '../aws-connection.ts';
import type { Environment } from '../proxy.ts';
import type { Doing } from '../s3/problems.ts';
import type { Ec2Settings } from './settings.ts';

/**
 * Regions that are enabled in every account; all that came after 2019-03-20 must be switched on, and their STS refuses everything before.
 * https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 */
const ALWAYS_ENABLED =
  /^(us-(east|west)-[12]|ap-south-1|ap-northeast-[123]|ap-southeast-[12]|ca-central-1|eu-central-1|eu-west-[123]|eu-north-1|sa-east-1|us-gov-.*|cn-.*)$/;

export class Ec2Clients {
  readonly #settings: Ec2Settings;
  readonly #connection: AwsConnection;
  readonly #clients = new Map<string, EC2Client>();

  constructor(settings: Ec2Settings, environment: Environment = process.env) {
    this.#settings = settings;
    this.#connection = new AwsConnection({ ...settings, region: this.stsRegion }, environment);
  }

  /** One that is not enabled must not keep the others from being asked. */
  get stsRegion(): string {
    const { regions } = this.#settings;
    return regions.find((region) => ALWAYS_ENABLED.test(region)) ?? regions[0] ?? '';
  }

  in(region: string): EC2Client {
    const known = this.#clients.get(region);
    if (known) return known;
    const { endpoint } = this.#settings;
    const client = new EC2Client({
      region,
      credentials: this.#connection.credentials,
      // Asked again by describe.ts, which says so.
      maxAttempts: 1,
      ...(endpoint ? { endpoint } : {}),
      ...this.#connection.transport(this.#url('ec2', region)),
    });
    this.#clients.set(region, client);
    return client;
  }

  /** Whether STS can say whose the credentials are: one that is not AWS's own knows nothing of another's keys. */
  get hasIdentity(): boolean {
    return this.#settings.endpoint === undefined || this.#settings.stsEndpoint !== undefined;
  }

  /** Account and ARN of the credentials. Rejects with errors of the SDK. */
  async identity(signal: AbortSignal): Promise<{ readonly account: string; readonly arn: string }> {
    const answer = await this.#connection.sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
    return { account: answer.Account ?? '', arn: answer.Arn ?? 'an identity without a name' };
  }

  /** Whose interfaces are asked for: the account, or the endpoint's host where no account is known. Rejects as `identity`. */
  async scope(signal: AbortSignal): Promise<string> {
    const { endpoint } = this.#settings;
    if (!this.hasIdentity) return new URL(endpoint ?? '').host;
    return (await this.identity(signal)).account;
  }

  /** With the proxy that the request goes through, for messages. */
  doing(doing: Doing): Doing {
    const proxy = this.#connection.proxyFor(new URL(this.#url(doing.action.split(':')[0] ?? '', doing.region ?? this.stsRegion)).href);
    return proxy ? { ...doing, proxy: proxy.host } : doing;
  }

  close(): void {
    for (const client of this.#clients.values()) client.destroy();
    this.#connection.close();
  }

  #url(service: string, region: string): string {
    const { endpoint, stsEndpoint } = this.#settings;
    return (service === 'sts' ? stsEndpoint : endpoint) ?? `https://${service}.${region}.amazonaws.com`;
  }
}
