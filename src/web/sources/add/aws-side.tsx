/** The AWS side of a source: a template or commands, filled in with what somebody typed. */
import { SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Commands, Folded } from '../parts.tsx';
import type { Choice } from './choices.tsx';
import { flowLogByHand, listByHand, notificationsAfterStack, queueByHand } from './commands.ts';
import type { NewDraft } from './session-draft.ts';
import { TemplateForm } from './template-form.tsx';

interface Props {
  readonly choice: Choice;
  readonly draft: NewDraft;
  readonly onDraft: (change: Partial<NewDraft>) => void;
  /** Of a source that is sent to. */
  readonly endpointUrl?: string;
}

/** Parameters that are fields of the source, too: typed once. */
const SHARED: Readonly<Record<string, 'bucket' | 'queue' | 'prefix'>> = { BucketName: 'bucket', SQSName: 'queue', ObjectPrefix: 'prefix' };

export function AwsSide({ choice, draft, onDraft, endpointUrl }: Props) {
  const [how, setHow] = useState<'template' | 'hand'>(choice.id === 's3-list' ? 'hand' : 'template');
  const [flowLog, setFlowLog] = useState(false);
  const { s3 } = draft;
  const s3Source = choice.kind === 's3';
  const listing = choice.id === 's3-list';
  const shared = (parameter: string) => (s3Source && !(listing && parameter === 'SQSName') ? SHARED[parameter] : undefined);
  const values = (template: string): Record<string, string> => {
    const own = { ...draft.templates[template] };
    for (const [parameter, field] of Object.entries(SHARED)) if (shared(parameter) && s3[field] !== '') own[parameter] = s3[field];
    return own;
  };
  const set = (template: string) => (parameter: string, value: string) => {
    const field = shared(parameter);
    onDraft(
      field ? { s3: { ...s3, [field]: value } } : { templates: { ...draft.templates, [template]: { ...draft.templates[template], [parameter]: value } } },
    );
  };
  const place = { bucket: s3.bucket, prefix: s3.prefix, region: s3.region, queue: s3.queue, externalId: s3.externalId };
  const known = { externalId: s3.externalId, ...(endpointUrl === undefined || choice.kind !== 'firehose' ? {} : { endpointUrl }) };
  return (
    <div className="bz-source-aws">
      <TextInput
        label="Region"
        description={s3Source ? 'Of the bucket and its queue.' : 'Of the log group.'}
        placeholder="eu-central-1"
        classNames={{ input: 'bz-mono' }}
        value={s3.region}
        spellCheck={false}
        onChange={(e) => onDraft({ s3: { ...s3, region: e.currentTarget.value.trim() } })}
      />
      {s3Source && (
        <SegmentedControl
          size="xs"
          aria-label="How the AWS side is made"
          data={[
            { value: 'template', label: 'CloudFormation template' },
            { value: 'hand', label: 'Commands' },
          ]}
          value={how}
          onChange={(value) => setHow(value as 'template' | 'hand')}
        />
      )}
      {how === 'template' && choice.template !== undefined && (
        <TemplateForm name={choice.template} region={s3.region} values={values(choice.template)} onValue={set(choice.template)} known={known} />
      )}
      {how === 'template' && choice.id === 's3-queue' && draft.templates['s3-source']?.CreateBucket === 'no' && (
        <Commands commands={[notificationsAfterStack(place)]} />
      )}
      {how === 'hand' && s3Source && (
        <>
          <div className="bz-source-grid">
            <Own label="Bucket" value={s3.bucket} placeholder="acme-flow-logs" onValue={(bucket) => onDraft({ s3: { ...s3, bucket } })} />
            <Own label="Prefix" value={s3.prefix} placeholder="AWSLogs/" onValue={(prefix) => onDraft({ s3: { ...s3, prefix } })} />
            {!listing && <Own label="Queue" value={s3.queue} placeholder="bartizan-flow-logs" onValue={(queue) => onDraft({ s3: { ...s3, queue } })} />}
          </div>
          <p className="bz-dim">For a bucket that is there. The commands need the AWS CLI{listing ? '' : ', jq'} and bash.</p>
          <Commands commands={listing ? listByHand(place) : queueByHand(place)} />
        </>
      )}
      {s3Source ? (
        <Folded title="No flow log yet? Make one to this bucket" open={flowLog} onOpen={setFlowLog}>
          {flowLog && (
            <>
              <Commands commands={[flowLogByHand(place)]} />
              <p className="bz-dim">Or with a template, also for subnets, interfaces and transit gateways:</p>
              <TemplateForm name="flow-log" region={s3.region} values={values('flow-log')} onValue={set('flow-log')} known={known} />
            </>
          )}
        </Folded>
      ) : (
        <Folded title="No flow log in a log group yet? Make one" open={flowLog} onOpen={setFlowLog}>
          {flowLog && (
            <TemplateForm
              name="flow-log"
              region={s3.region}
              values={{ Destination: 'cloud-watch-logs', ...values('flow-log') }}
              onValue={set('flow-log')}
              known={known}
            />
          )}
        </Folded>
      )}
    </div>
  );
}

function Own({ label, value, placeholder, onValue }: { label: string; value: string; placeholder: string; onValue: (value: string) => void }) {
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      classNames={{ input: 'bz-mono' }}
      value={value}
      spellCheck={false}
      onChange={(e) => onValue(e.currentTarget.value.trim())}
    />
  );
}
