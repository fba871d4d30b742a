/** One stream's question: its samples by column, the fields that each could be, and the layout that comes of it. */
import { Button, Modal, Textarea } from '@mantine/core';
import { useId, useState } from 'react';
import type { LayoutAnswered, LayoutQuestion } from '../../../api/contract/sources.ts';
import { Icon } from '../../app/icons.tsx';
import { exact } from '../../format/numbers.ts';
import { stamp } from '../../format/times.ts';
import { ProblemNote } from '../../library/problem.tsx';
import { answerLayout, useLayoutChange } from '../ask.ts';
import { FormLook, When } from '../parts.tsx';
import { many } from '../words.ts';
import { candidateWords, formatPrefix, type Layout, namesOf, optionsOf, readLayout, streamName, tell, widthOf, withName } from './choice.ts';
import { Samples } from './samples.tsx';

/** Candidates that are offered before somebody asks for all. */
const LIKELIEST = 4;

interface Props {
  readonly question: LayoutQuestion;
  readonly zone: string;
  readonly now: number;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly onAnswered: (counts: LayoutAnswered) => void;
}

export function Question({ question, zone, now, open, onOpen, onAnswered }: Props) {
  const { records, first, last } = question;
  const id = useId();
  return (
    <section className="bz-layout" aria-labelledby={id}>
      <h3 id={id}>
        <button type="button" aria-expanded={open} onClick={() => onOpen(!open)}>
          <Icon name={open ? 'down' : 'right'} size={14} /> {streamName(question)}
        </button>
      </h3>
      <p className="bz-dim bz-small">
        <b>{many(records, 'record')}</b> {records === 1 ? 'waits' : 'wait'} since <When ms={first} zone={zone} now={now} />
        {last !== first && (
          <>
            , the newest came <When ms={last} zone={zone} now={now} />
          </>
        )}
      </p>
      {open && <Choose question={question} zone={zone} onAnswered={onAnswered} />}
    </section>
  );
}

function Choose({ question, zone, onAnswered }: Pick<Props, 'question' | 'zone' | 'onAnswered'>) {
  const { candidates, samples } = question;
  const [text, setText] = useState(candidates[0] ?? '');
  const [asking, setAsking] = useState(false);
  const width = widthOf(question);
  const reading = readLayout(text, width);
  const layout = 'layout' in reading ? reading.layout : undefined;
  // Columns can be chosen also while the text is none that can be read: then from the likeliest.
  const chosen: Layout = layout ?? namesOf(candidates[0] ?? '');
  return (
    <>
      <Samples
        samples={samples}
        options={optionsOf(question)}
        chosen={chosen}
        onName={(position, name) =>
          setText(formatPrefix(text) + (chosen.length === 0 ? only(width, position, name) : withName(question, chosen, position, name)).join(' '))
        }
      />
      {candidates.length > 1 && <Candidates question={question} chosen={chosen.join(' ')} onChoose={setText} />}
      {candidates.length === 0 && (
        <p className="bz-dim">Too little is known to propose a layout: write what the flow log was made with, or the name of a preset such as v2 or v5.</p>
      )}
      <FormLook>
        <Textarea
          label="Layout"
          description={`Field names separated by blanks, or a preset: v2 to v11 (v6 is that of transit gateways), also with -alphabetical. The records have ${many(width, 'value')}.`}
          classNames={{ input: 'bz-mono' }}
          value={text}
          autosize
          minRows={1}
          maxRows={6}
          maxLength={4096}
          spellCheck={false}
          error={'problem' in reading && text !== '' ? [reading.problem, reading.hint].filter(Boolean).join(' ') : undefined}
          onChange={(e) => setText(e.currentTarget.value)}
        />
      </FormLook>
      {layout && samples[0] !== undefined && <Preview sample={samples[0]} layout={layout} zone={zone} />}
      <div className="bz-source-buttons">
        <Button size="xs" disabled={!layout} onClick={() => setAsking(true)}>
          Use this layout
        </Button>
      </div>
      {asking && <Confirm question={question} text={text} onClose={() => setAsking(false)} onAnswered={onAnswered} />}
    </>
  );
}

/** A first name where nothing is known; the places of the others are held by a dash, which is no field. */
function only(width: number, position: number, name: string): Layout {
  return Array.from({ length: width }, (_, i) => (i === position ? name : '-'));
}

function Candidates({ question, chosen, onChoose }: { question: LayoutQuestion; chosen: string; onChoose: (candidate: string) => void }) {
  const [all, setAll] = useState(false);
  const { candidates } = question;
  return (
    <fieldset className="bz-layout-candidates">
      <legend>The likeliest first</legend>
      {candidates.slice(0, all ? candidates.length : LIKELIEST).map((candidate) => (
        <button key={candidate} type="button" aria-pressed={namesOf(candidate).join(' ') === chosen} title={candidate} onClick={() => onChoose(candidate)}>
          <Icon name="check" size={12} /> {candidateWords(question, candidate)}
        </button>
      ))}
      {candidates.length > LIKELIEST && (
        <button type="button" className="bz-link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'fewer' : `${candidates.length - LIKELIEST} more`}
        </button>
      )}
    </fieldset>
  );
}

function Preview({ sample, layout, zone }: { sample: string; layout: Layout; zone: string }) {
  return (
    <section aria-label="The first record, read so" className="bz-layout-preview">
      <h4>The first record, read so</h4>
      <dl>
        {tell(sample, layout).map(({ name, value, doc, at }) => (
          <div key={name} title={doc}>
            <dt>{name}</dt>
            <dd className="bz-mono">
              {value} {at !== undefined && <span className="bz-dim">{stamp(at, zone)}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

interface ConfirmProps {
  readonly question: LayoutQuestion;
  readonly text: string;
  readonly onClose: () => void;
  readonly onAnswered: (counts: LayoutAnswered) => void;
}

function Confirm({ question, text, onClose, onAnswered }: ConfirmProps) {
  const answering = useLayoutChange(async () => {
    const counts = await answerLayout(question.stream, text);
    // The question is gone with the list that is asked for next.
    onAnswered(counts);
  });
  return (
    <Modal opened onClose={onClose} title={`Read ${streamName(question)} so?`} size="md">
      <div className="bz-library-form">
        <p className="bz-mono bz-source-raw">{text}</p>
        <p>
          The <b>{many(question.records, 'record')}</b> that {question.records === 1 ? 'waits is' : 'wait are'} read again with this layout, and what comes is
          read so from now on. What still cannot be read stays in quarantine, as it was received.
        </p>
        <p className="bz-dim">A wrong layout can be learned anew later; records that it has stored stay stored.</p>
        <ProblemNote error={answering.error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={answering.isPending} onClick={() => answering.mutate(undefined, { onSuccess: onClose })} data-autofocus>
            Read {question.records === 1 ? 'it' : exact(question.records)} again
          </Button>
        </div>
      </div>
    </Modal>
  );
}
