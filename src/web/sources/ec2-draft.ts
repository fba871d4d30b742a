/** An interface lookup's connection as the fields of a form, all texts, and back (src/collect/ec2/settings.ts is what is accepted). Pure. */
import { type AwsDraft, filled, fromAws, NEW_AWS, type Tree, text, toAws, whole } from './aws-draft.ts';

export interface Ec2Draft extends AwsDraft {
  readonly regions: readonly string[];
  readonly intervalMinutes: string;
}

export const NEW_EC2: Ec2Draft = { ...NEW_AWS, regions: [], intervalMinutes: '' };

export function toEc2Connection(draft: Ec2Draft): Record<string, unknown> {
  return filled({ regions: draft.regions, intervalMinutes: whole(draft.intervalMinutes), ...toAws(draft) });
}

export function fromEc2Connection(connection: Tree): Ec2Draft {
  const { regions } = connection;
  return {
    ...NEW_EC2,
    ...fromAws(connection),
    regions: Array.isArray(regions) ? regions.map(String) : [],
    intervalMinutes: text(connection, 'intervalMinutes'),
  };
}
