/** What the environment of the function says. The template (../cloudwatch-forwarder.yaml) sets it from its parameters. */
import { type Network, readNetworks } from './networks.ts';

/** Names of the environment variables. Three of them are as in other forwarders, so that settings can be taken over. */
export const VARIABLES = {
  endpoint: 'ENDPOINT_URL',
  format: 'LogFormat',
  networks: 'VPC_CIDR_PREFIX',
  groups: 'INCLUDE_SECURITY_GROUP_INFO',
  layout: 'FLOW_LOG_FORMAT',
} as const;

export interface Config {
  /** Address of the HTTP source. Its path holds the source's token: never logged. */
  readonly endpoint: URL;
  /** VPC-RAW: the line itself. VPC-JSON: an object around it. */
  readonly format: 'VPC-RAW' | 'VPC-JSON';
  readonly networks: readonly Network[];
  /** Whether objects say the interface's VPC, subnet, security groups and the direction. */
  readonly groups: boolean;
  readonly layout: Layout;
  readonly region: string;
}

/** Places of the fields that are looked at, in a line split at blanks; -1: the line has no such field. */
export interface Layout {
  readonly source: number;
  readonly destination: number;
  readonly interface: number;
  readonly flowDirection: number;
}

/** AWS's default format. https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html */
const DEFAULT_FORMAT = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';

export class ConfigError extends Error {
  readonly code = 'wrong-configuration';
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

/** Throws ConfigError and NetworkError; no message holds the endpoint. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const value = (name: string): string => (environment[name] ?? '').trim();
  const format = value(VARIABLES.format) || 'VPC-RAW';
  if (format !== 'VPC-RAW' && format !== 'VPC-JSON') throw new ConfigError(`${VARIABLES.format} is VPC-RAW or VPC-JSON.`);
  const groups = value(VARIABLES.groups).toLowerCase() || 'false';
  if (groups !== 'true' && groups !== 'false') throw new ConfigError(`${VARIABLES.groups} is true or false.`);
  if (groups === 'true' && format === 'VPC-RAW')
    throw new ConfigError(`${VARIABLES.groups} needs ${VARIABLES.format} VPC-JSON: a raw line has no place for it.`);
  return {
    endpoint: readEndpoint(value(VARIABLES.endpoint)),
    format,
    networks: readNetworks(value(VARIABLES.networks)),
    groups: groups === 'true',
    layout: readLayout(value(VARIABLES.layout) || DEFAULT_FORMAT),
    region: value('AWS_REGION'),
  };
}

function readEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') throw new ConfigError(`${VARIABLES.endpoint} is no http or https address.`);
  return url;
}

/** `text`: the flow log's format as AWS writes it (`${srcaddr} …`), or the bare names. */
function readLayout(text: string): Layout {
  const names = text.split(/\s+/).map((name) => name.replace(/^\$\{(.*)\}$/, '$1'));
  const unknown = names.find((name) => !/^[a-z][a-z0-9-]*$/.test(name));
  if (unknown !== undefined) throw new ConfigError(`${VARIABLES.layout}: "${unknown.slice(0, 60)}" is no name of a field.`);
  return {
    source: names.indexOf('srcaddr'),
    destination: names.indexOf('dstaddr'),
    interface: names.indexOf('interface-id'),
    flowDirection: names.indexOf('flow-direction'),
  };
}
