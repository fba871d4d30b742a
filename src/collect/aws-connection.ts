/**
 * A source's way into AWS: credentials that renew themselves, STS, and how requests leave this machine.
 * Clients of every service are made with it.
 */
import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent';
import type { AwsCredentials } from './aws-credentials.ts';
import { type Environment, environmentProxy } from './proxy.ts';
import { CredentialsFailure } from './s3/problems.ts';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}
type Provider = () => Promise<Keys>;

const CONNECT_MS = 10_000;
/** Longer than SQS's longest poll. */
const ANSWER_MS = 35_000;

export interface AwsAccess {
  readonly credentials: AwsCredentials;
  /** Of STS. */
  readonly region: string;
  readonly stsEndpoint?: string | undefined;
  /** Goes before HTTPS_PROXY and NO_PROXY of the environment. */
  readonly proxy?: string | undefined;
}

export class AwsConnection {
  readonly credentials: Provider;
  readonly #access: AwsAccess;
  readonly #environment: Environment;
  #sts: STSClient | undefined;
  #base: STSClient | undefined;

  constructor(access: AwsAccess, environment: Environment) {
    this.#access = access;
    this.#environment = environment;
    this.credentials = this.#provider(access.credentials);
  }

  get sts(): STSClient {
    this.#sts ??= this.#newSts(this.credentials);
    return this.#sts;
  }

  close(): void {
    for (const client of [this.#sts, this.#base]) client?.destroy();
  }

  #newSts(credentials: Provider): STSClient {
    const { region, stsEndpoint } = this.#access;
    return new STSClient({
      region,
      credentials,
      ...(stsEndpoint ? { endpoint: stsEndpoint } : {}),
      ...this.transport(stsEndpoint ?? `https://sts.${region}.amazonaws.com`),
    });
  }

  #provider(credentials: AwsCredentials): Provider {
    switch (credentials.kind) {
      case 'keys': {
        const { accessKeyId, secretAccessKey, sessionToken } = credentials;
        return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) });
      }
      case 'profile':
        return named(fromIni({ profile: credentials.name, clientConfig: this.#credentialsClient() }));
      case 'instance':
        return named(fromNodeProviderChain({ clientConfig: this.#credentialsClient() }));
      case 'role': {
        const base = this.#provider(credentials.base ?? { kind: 'instance' });
        this.#base = this.#newSts(base);
        const sts = this.#base;
        const { roleArn, externalId } = credentials;
        return async () => {
          const answer = await sts
            .send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'bartizan', ...(externalId ? { ExternalId: externalId } : {}) }))
            .catch((error: unknown) => {
              throw error instanceof CredentialsFailure ? error : new CredentialsFailure(error, roleArn);
            });
          const keys = answer.Credentials;
          if (!keys?.AccessKeyId || !keys.SecretAccessKey) throw new CredentialsFailure(new Error('STS answered without credentials'), roleArn);
          return {
            accessKeyId: keys.AccessKeyId,
            secretAccessKey: keys.SecretAccessKey,
            ...(keys.SessionToken ? { sessionToken: keys.SessionToken } : {}),
            ...(keys.Expiration ? { expiration: keys.Expiration } : {}),
          };
        };
      }
      default:
        return credentials satisfies never;
    }
  }

  #credentialsClient() {
    const { region } = this.#access;
    return { region, ...this.transport(`https://sts.${region}.amazonaws.com`) };
  }

  /** Timeouts, and the proxy for that address if there is one. */
  transport(url: string) {
    const proxy = this.proxyFor(url);
    const agents = { keepAlive: true, maxSockets: 128 };
    const handler: { httpAgent: HttpAgent | object; httpsAgent: HttpsAgent | object } = proxy
      ? { httpAgent: new HttpProxyAgent({ ...agents, proxy }), httpsAgent: new HttpsProxyAgent({ ...agents, proxy }) }
      : { httpAgent: agents, httpsAgent: agents };
    return {
      requestHandler: { ...handler, connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true, socketTimeout: ANSWER_MS },
    };
  }

  /** The proxy for that address if there is one. */
  proxyFor(url: string): URL | undefined {
    if (this.#access.proxy) return new URL(this.#access.proxy);
    return environmentProxy(new URL(url), this.#environment);
  }
}

/** Says of every failure of a provider that it is one, so that it is not taken for an answer of the service asked. */
function named(provider: Provider): Provider {
  return async () => {
    try {
      return await provider();
    } catch (error) {
      throw new CredentialsFailure(error);
    }
  };
}
