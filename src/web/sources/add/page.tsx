/** Adding a source step by step. The step and what was chosen are in the URL, what was typed is in this tab. */
import '../sources.css';
import { Button, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { SourceList, SourceMade } from '../../../api/contract/sources.ts';
import { isPushed } from '../../../model/source.ts';
import { PageFailed } from '../../app/failed.tsx';
import { usePage } from '../../app/use-page.ts';
import { useTitle } from '../../app/use-title.ts';
import { AddressShown, Reach } from '../address.tsx';
import { createCollector, createSource, sourcesQuery, useSourceChange } from '../ask.ts';
import { type SourceDraft, toBody } from '../draft.ts';
import { SourceFields, useFocusOnWrong } from '../fields/source-form.tsx';
import { alongside } from '../page.tsx';
import { Commands, FormLook } from '../parts.tsx';
import { readOutputs, type S3Draft } from '../s3-draft.ts';
import { Arrival } from './arrival.tsx';
import { AwsSide } from './aws-side.tsx';
import { CHOICES, type Choice, ChoiceList } from './choices.tsx';
import { curlCommands } from './commands.ts';
import { LookupSide } from './lookup-side.tsx';
import { type NewDraft, useSessionDraft } from './session-draft.ts';

type Step = 'choose' | 'aws' | 'source' | 'send';

const STEPS: Readonly<Record<Step, string>> = { choose: 'What you have', aws: 'In AWS', source: 'The source', send: 'First records' };

/** A source that is sent to is made before the AWS side, which needs its address and key. A lookup brings no records to wait for. */
function stepsOf(choice: Choice | undefined): readonly Step[] {
  if (choice?.kind === 'ec2') return ['choose', 'aws', 'source'];
  return choice?.kind === 's3' ? ['choose', 'aws', 'source', 'send'] : ['choose', 'source', 'send'];
}

export function AddSourcePage() {
  const { search } = usePage();
  const sources = useQuery(sourcesQuery);
  useTitle('Add a source');
  if (sources.isError && !sources.data) return <PageFailed error={sources.error} onRetry={() => void sources.refetch()} />;
  const choice = CHOICES.find((c) => c.id === search.kind);
  return (
    <main className="bz-sources bz-source-add" aria-busy={sources.isPending}>
      <header className="bz-sources-head">
        <h1>
          <Link to="/sources" search={alongside(search)} className="bz-dim">
            Sources
          </Link>{' '}
          <span className="bz-dim">/</span> Add a source
        </h1>
      </header>
      <FormLook>{sources.data && (choice ? <Chosen key={choice.id} choice={choice} list={sources.data} /> : <Choose />)}</FormLook>
    </main>
  );
}

function Choose() {
  const { search } = usePage();
  return (
    <>
      <StepList steps={stepsOf(undefined)} step="choose" />
      <h2>What do you have?</h2>
      <ChoiceList search={alongside(search)} />
    </>
  );
}

function StepList({ steps, step }: { steps: readonly Step[]; step: Step }) {
  const at = steps.indexOf(step);
  return (
    <ol className="bz-source-steps" aria-label="Steps">
      {steps.map((one, i) => (
        <li key={one} aria-current={one === step ? 'step' : undefined} data-done={i < at || undefined}>
          {STEPS[one]}
        </li>
      ))}
    </ol>
  );
}

function Chosen({ choice, list }: { choice: Choice; list: SourceList }) {
  const { search, change } = usePage();
  const navigate = useNavigate();
  const [draft, setDraft, forget] = useSessionDraft(choice.id);
  const [made, setMade] = useState<SourceMade | undefined>();
  const steps = stepsOf(choice);
  const step = steps.find((s) => s === search.step && s !== 'choose' && (s !== 'send' || search.view !== undefined)) ?? (steps[1] as Step);
  const go = (next: Step) => change({ step: next });
  return (
    <>
      <StepList steps={steps} step={step} />
      <p className="bz-source-chosen">
        <b>{choice.title}.</b>{' '}
        {step !== 'send' && (
          <Link to="/sources/new" search={alongside(search)}>
            Choose another
          </Link>
        )}
      </p>
      {step === 'aws' && (
        <>
          {choice.kind === 'ec2' ? <LookupSide draft={draft} onDraft={setDraft} /> : <AwsSide choice={choice} draft={draft} onDraft={setDraft} />}
          <div className="bz-source-buttons">
            <Button size="xs" onClick={() => go('source')}>
              The AWS side is made: next
            </Button>
          </div>
        </>
      )}
      {step === 'source' && (
        <Create
          choice={choice}
          list={list}
          draft={draft}
          onDraft={setDraft}
          onBack={isPushed(choice.kind) ? undefined : () => go('aws')}
          onMade={(source) => {
            forget();
            if (choice.kind === 'ec2') return void navigate({ to: '/sources/$id', params: { id: source.source.id }, search: alongside(search), replace: true });
            setMade(source);
            change({ step: 'send', view: source.source.id }, { replace: true });
          }}
        />
      )}
      {step === 'send' && <Send choice={choice} list={list} id={search.view ?? ''} made={made} draft={draft} onDraft={setDraft} />}
    </>
  );
}

interface CreateProps {
  readonly choice: Choice;
  readonly list: SourceList;
  readonly draft: NewDraft;
  readonly onDraft: (change: Partial<NewDraft>) => void;
  readonly onBack: (() => void) | undefined;
  readonly onMade: (source: SourceMade) => void;
}

function Create({ choice, list, draft: typed, onDraft, onBack, onMade }: CreateProps) {
  const { collectors, sources } = list;
  const draft = withStart(typed, choice, list);
  const making = useSourceChange(async () => {
    let { collector } = draft;
    if (collector === '') {
      collector = (await createCollector({ name: draft.newCollector, description: '' })).id;
      // It is there, also when the source is refused: the next try is not to make it again.
      onDraft({ collector });
    }
    return createSource({ ...toBody(draft, choice.kind, collector), kind: choice.kind });
  });
  useFocusOnWrong(making.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate(undefined, { onSuccess: onMade });
  };
  const set = (change: Partial<SourceDraft>) => onDraft(change);
  return (
    <form className="bz-source-form" aria-label="New source" onSubmit={submit}>
      {choice.kind === 's3' && choice.template !== undefined && <PasteOutputs onS3={(s3) => onDraft({ s3: { ...draft.s3, ...s3 } })} />}
      <SourceFields kind={choice.kind} draft={draft} onDraft={set} collectors={collectors} error={making.error} />
      <div className="bz-source-buttons">
        {onBack && (
          <Button size="xs" variant="default" onClick={onBack}>
            Back
          </Button>
        )}
        <Button size="xs" type="submit" loading={making.isPending}>
          Create the source
        </Button>
        {sources.length >= 1000 && <span className="bz-source-wrong">There are 1,000 sources already.</span>}
      </div>
    </form>
  );
}

/** A name that is free and a collector, until somebody says another. */
function withStart(draft: NewDraft, choice: Choice, { collectors, sources }: SourceList): NewDraft {
  const mode = choice.id === 's3-list' ? 'list' : 'queue';
  const untouched = draft.collector === '' && draft.newCollector === '';
  const collector = untouched ? (collectors[0]?.id ?? '') : collectors.some((c) => c.id === draft.collector) ? draft.collector : '';
  const taken = new Set(sources.map(({ name }) => name.toLowerCase()));
  let name = choice.name;
  for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${choice.name} ${i}`;
  return {
    ...draft,
    name: draft.name || name,
    collector,
    s3: { ...draft.s3, mode },
  };
}

const OUTPUTS: Readonly<Record<string, keyof S3Draft>> = {
  QueueUrl: 'queue',
  QueueArn: 'queue',
  QueueName: 'queue',
  BucketName: 'bucket',
  ObjectPrefix: 'prefix',
  Region: 'region',
  RoleArn: 'roleArn',
  ExternalId: 'externalId',
  AccessKeyId: 'accessKeyId',
};

function PasteOutputs({ onS3 }: { onS3: (s3: Partial<S3Draft>) => void }) {
  const [text, setText] = useState('');
  const [filled, setFilled] = useState<readonly string[]>([]);
  const read = (pasted: string) => {
    setText(pasted);
    const outputs = readOutputs(pasted);
    // QueueUrl says most, then the ARN, then the name.
    const s3: Record<string, string> = {};
    for (const [output, field] of Object.entries(OUTPUTS)) {
      const value = outputs.get(output);
      if (value && s3[field] === undefined) s3[field] = value;
    }
    setFilled(Object.keys(s3));
    const credentials = s3.roleArn ? { credentials: 'role' as const } : s3.accessKeyId ? { credentials: 'keys' as const } : {};
    if (Object.keys(s3).length > 0) onS3({ ...s3, ...credentials });
  };
  return (
    <div>
      <Textarea
        label="Outputs of the stack"
        description="Paste what describe-stacks printed, or the console’s table, and the fields below are filled in. Nothing of it is kept."
        classNames={{ input: 'bz-mono' }}
        value={text}
        minRows={2}
        maxRows={6}
        autosize
        spellCheck={false}
        onChange={(e) => read(e.currentTarget.value)}
      />
      <p className="bz-small bz-dim" role="status">
        {text.trim() !== '' && (filled.length > 0 ? `Filled in: ${filled.length} fields.` : 'No output that is known is in it.')}
      </p>
    </div>
  );
}

interface SendProps extends Pick<CreateProps, 'choice' | 'list' | 'draft' | 'onDraft'> {
  readonly id: string;
  /** Made on this page just now: its address is known. */
  readonly made: SourceMade | undefined;
}

const HINTS: Readonly<Record<Exclude<Choice['id'], 'ec2'>, string>> = {
  's3-queue': 'Flow logs come to a bucket every five to ten minutes. This page looks by itself; you may leave it.',
  's3-list': 'The first page of the listing takes some seconds.',
  firehose: 'A delivery is made every minute or every 4 MiB, and the first ones of a new stream take some minutes.',
  forwarder: 'The function is invoked as soon as the log group gets records.',
  http: 'Send something with one of the commands above.',
};

function Send({ choice, list, id, made, draft, onDraft }: SendProps) {
  const { search } = usePage();
  const source = list.sources.find((s) => s.id === id);
  const collector = list.collectors.find((c) => c.id === source?.collector)?.name;
  const address = made?.address ?? undefined;
  const url = address?.url ?? list.listener ?? '';
  return (
    <>
      {choice.kind !== 's3' &&
        (address ? <AddressShown address={address} kind={choice.kind} /> : <Lost id={id} what={choice.kind === 'firehose' ? 'access key' : 'token'} />)}
      {choice.kind !== 's3' && <Reach url={url} kind={choice.kind} />}
      {choice.id === 'http' && <Commands commands={curlCommands(address?.url ?? 'https://…/v1/http/TOKEN')} />}
      {(choice.id === 'firehose' || choice.id === 'forwarder') && (
        <section aria-label="In AWS">
          <h2>In AWS</h2>
          <AwsSide choice={choice} draft={draft} onDraft={onDraft} {...(address ? { endpointUrl: address.url } : {})} />
        </section>
      )}
      <Arrival id={id} collector={collector} search={alongside(search)} hint={choice.id === 'ec2' ? '' : HINTS[choice.id]} />
    </>
  );
}

function Lost({ id, what }: { id: string; what: string }) {
  const { search } = usePage();
  return (
    <p className="bz-source-note">
      The address with its {what} was shown once, when the source was made.{' '}
      <Link to="/sources/$id" params={{ id }} search={{ ...alongside(search), step: 'rotate' }}>
        Make a new {what}
      </Link>
    </p>
  );
}
