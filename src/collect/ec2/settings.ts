/** The settings of an interface lookup: their shape with messages for people. It has no records of its own. */
import { z } from 'zod';
import { AwsCredentials, Endpoint, joined, OutboundProxy, Region } from '../aws-credentials.ts';

export const Ec2Settings = z.strictObject({
  /** Each is asked for all its interfaces. */
  regions: z
    .array(Region, { error: 'name at least one region' })
    .min(1, 'name at least one region')
    .max(50)
    .refine((regions) => new Set(regions).size === regions.length, 'name each region once'),
  credentials: AwsCredentials,
  intervalMinutes: z.number().int().min(1, 'at least a minute').max(1440, 'at most a day: 1440 minutes').default(10),
  /** Of EC2 in every region, where it is not AWS's own. */
  endpoint: Endpoint.optional(),
  stsEndpoint: Endpoint.optional(),
  proxy: OutboundProxy.optional(),
});

export type Ec2Settings = z.infer<typeof Ec2Settings>;
/** As people write them. */
export type Ec2SettingsInput = z.input<typeof Ec2Settings>;

/** The settings whole again. Throws an Error that names what is wrong with them. */
export function joinEc2Secrets(open: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>>): Ec2Settings {
  return joined(Ec2Settings, open, secrets);
}
