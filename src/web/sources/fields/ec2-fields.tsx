/** The connection of an interface lookup: which regions it asks, how often, and as whom. */
import { NumberInput, TagsInput } from '@mantine/core';
import { useState } from 'react';
import type { Ec2Draft } from '../ec2-draft.ts';
import { Folded } from '../parts.tsx';
import { Credentials, Secret, Text } from './aws-fields.tsx';
import type { FieldProps } from './field-props.ts';
import { PROXY } from './secret-input.tsx';

const ADVANCED = ['endpoint', 'stsEndpoint', 'proxy'] as const;

export function Ec2Fields(props: FieldProps<Ec2Draft>) {
  const { draft, set, wrong } = props;
  const [open, setOpen] = useState(ADVANCED.some((name) => draft[name] !== '') || draft.kept.includes('proxy'));
  const isWrong = ADVANCED.some((name) => wrong(`connection.${name}`) !== undefined);
  return (
    <>
      <div className="bz-source-pair">
        <Ec2Regions regions={draft.regions} onRegions={(regions) => set({ regions })} error={regionsWrong(draft.regions, wrong)} />
        <NumberInput
          label="Minutes between looks"
          description="A change is known at most so much later."
          placeholder="10"
          min={1}
          max={1440}
          allowDecimal={false}
          value={draft.intervalMinutes}
          error={wrong('connection.intervalMinutes')}
          onChange={(value) => set({ intervalMinutes: String(value) })}
        />
      </div>
      <Credentials {...props} />
      <Folded title="Advanced: endpoints and proxy" open={open || isWrong} onOpen={setOpen}>
        <Text {...props} name="endpoint" label="EC2 endpoint" description="Of every region, where it is not AWS’s own." placeholder="https://ec2.example.net" />
        <Text {...props} name="stsEndpoint" label="STS endpoint" placeholder="https://sts.example.net" />
        <Secret {...props} {...PROXY} path="proxy" />
      </Folded>
    </>
  );
}

interface RegionsProps {
  readonly regions: readonly string[];
  readonly onRegions: (regions: readonly string[]) => void;
  readonly error?: string | undefined;
}

export function Ec2Regions({ regions, onRegions, error }: RegionsProps) {
  return (
    <TagsInput
      label="Regions"
      description="Each is asked for all its interfaces. Enter, a comma or a blank ends one."
      placeholder={regions.length === 0 ? 'eu-central-1' : ''}
      classNames={{ input: 'bz-mono' }}
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      value={[...regions]}
      splitChars={[',', ' ', ';', '\n']}
      acceptValueOnBlur
      maxTags={50}
      spellCheck={false}
      error={error}
      onChange={(tags) => onRegions(regionsIn(tags))}
    />
  );
}

/** What was typed or pasted may be several. */
function regionsIn(tags: readonly string[]): string[] {
  return [...new Set(tags.flatMap((tag) => tag.split(/[\s,;]+/)).filter((region) => region !== ''))];
}

/** The regions are one field here and a list there: each wrong one is named. */
function regionsWrong(regions: readonly string[], wrong: FieldProps<Ec2Draft>['wrong']): string | undefined {
  const each = regions.flatMap((region, i) => {
    const message = wrong(`connection.regions.${i}`);
    return message === undefined ? [] : [`${region}: ${message}`];
  });
  return each.length > 0 ? each.join('; ') : wrong('connection.regions');
}
