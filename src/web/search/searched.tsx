/** The choice of what is searched, where flows and events are stored. It shows what the text says, and writes into it. */
import { SegmentedControl } from '@mantine/core';
import { useMemo } from 'react';
import { datasetsOf, type Surroundings } from './editor/language.ts';
import { CHOICES, type Choice, choiceOf, withIndex } from './index-choice.ts';

interface Props {
  readonly text: string;
  readonly surroundings: Surroundings;
  readonly onText: (text: string) => void;
}

const LABELS: Readonly<Record<Choice, string>> = { flows: 'Flows', events: 'Events', both: 'Both' };

export function Searched({ text, surroundings, onText }: Props) {
  const { present = [] } = surroundings;
  const choice = useMemo(() => choiceOf(datasetsOf(text, surroundings)), [text, surroundings]);
  if (choiceOf(present) !== 'both') return null;
  return (
    <SegmentedControl
      size="xs"
      aria-label="What is searched"
      className="bz-searched"
      data={CHOICES.map((value) => ({ value, label: LABELS[value] }))}
      value={choice ?? ''}
      onChange={(value) => onText(withIndex(text, value as Choice, present))}
    />
  );
}
