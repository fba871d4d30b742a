/** The AWS side of an interface lookup: a role, by commands that are filled in. */
import { Ec2Regions } from '../fields/ec2-fields.tsx';
import { Commands } from '../parts.tsx';
import { lookupByHand } from './commands.ts';
import type { NewDraft } from './session-draft.ts';

export function LookupSide({ draft: { ec2 }, onDraft }: { draft: NewDraft; onDraft: (change: Partial<NewDraft>) => void }) {
  return (
    <div className="bz-source-aws">
      <Ec2Regions regions={ec2.regions} onRegions={(regions) => onDraft({ ec2: { ...ec2, regions } })} />
      <p className="bz-dim">One lookup is for one account: for several, make a role and a lookup in each. The commands need the AWS CLI and bash.</p>
      <Commands commands={lookupByHand(ec2)} />
    </div>
  );
}
