/** Layouts that streams are read by, who decided them, and a way to have one learned anew. */
import { Button, Modal } from '@mantine/core';
import { useState } from 'react';
import type { LayoutList } from '../../../api/contract/sources.ts';
import { ProblemNote } from '../../library/problem.tsx';
import { forgetLayout, useLayoutChange } from '../ask.ts';
import { When } from '../parts.tsx';
import { streamName } from './choice.ts';

type LearnedLayout = LayoutList['learned'][number];

const BY = { evidence: 'by evidence', person: 'by you' } as const;

export function Learned({ learned, zone, now }: { learned: readonly LearnedLayout[]; zone: string; now: number }) {
  const [forgetting, setForgetting] = useState<LearnedLayout | undefined>();
  return (
    <section aria-label="Learned layouts">
      <h2>Learned layouts</h2>
      {learned.length === 0 ? (
        <p className="bz-dim">None yet. Headers, presets and the layouts in the settings of sources need no learning.</p>
      ) : (
        <ul className="bz-layout-learned">
          {learned.map((one) => (
            <li key={one.stream}>
              <div>
                <b>{streamName(one)}</b>{' '}
                <span className="bz-dim">
                  {BY[one.by]}, since <When ms={one.since} zone={zone} now={now} />
                </span>
                <p className="bz-mono">{one.layout}</p>
              </div>
              <Button size="compact-xs" variant="default" aria-label={`Learn the layout of ${streamName(one)} anew`} onClick={() => setForgetting(one)}>
                Learn anew
              </Button>
            </li>
          ))}
        </ul>
      )}
      {forgetting && <Forget layout={forgetting} onClose={() => setForgetting(undefined)} />}
    </section>
  );
}

function Forget({ layout, onClose }: { layout: LearnedLayout; onClose: () => void }) {
  const forgetting = useLayoutChange(() => forgetLayout(layout.stream));
  return (
    <Modal opened onClose={onClose} title={`Learn the layout of ${streamName(layout)} anew?`} size="md">
      <div className="bz-library-form">
        <p>
          What comes next is looked at as if the stream were new. Until its values decide the layout, or you do, its records wait in quarantine. What is stored
          stays as it was read.
        </p>
        <ProblemNote error={forgetting.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button loading={forgetting.isPending} onClick={() => forgetting.mutate(undefined, { onSuccess: onClose })}>
            Learn anew
          </Button>
        </div>
      </div>
    </Modal>
  );
}
