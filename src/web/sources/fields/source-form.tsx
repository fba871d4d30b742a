/** The form of a source, of a new one and of one that is there: its fields, a test of its connection, and what the server refused by field. */
import { useEffect, useMemo, useState } from 'react';
import type { Collector, Source } from '../../../api/contract/sources.ts';
import { isPushed } from '../../../model/source.ts';
import { explain } from '../../api/client.ts';
import { ProblemNote } from '../../library/problem.tsx';
import { ConnectionTest } from '../connection-test.tsx';
import { type SourceDraft, toConnectionOf } from '../draft.ts';
import { Folded } from '../parts.tsx';
import { fieldProblems } from '../problems.ts';
import { Ec2Fields } from './ec2-fields.tsx';
import { PlaceFields } from './place-fields.tsx';
import { RecordFields } from './record-fields.tsx';
import { S3Fields } from './s3-fields.tsx';

/** Refusals that belong to no field are shown as they are. */
export function useRefusal(error: unknown): { readonly problems: ReadonlyMap<string, string>; readonly rest: unknown } {
  return useMemo(() => {
    if (!error) return { problems: new Map(), rest: undefined };
    const { code, message } = explain(error);
    if (code === 'name-taken') return { problems: new Map([['name', message]]), rest: undefined };
    const problems = code === 'invalid-request' ? fieldProblems(message) : new Map<string, string>();
    return { problems, rest: problems.size === 0 || problems.has('') ? error : undefined };
  }, [error]);
}

interface Props {
  readonly kind: Source['kind'];
  readonly draft: SourceDraft;
  readonly onDraft: (change: Partial<SourceDraft>) => void;
  readonly collectors: readonly Collector[];
  /** Why it was not saved. */
  readonly error: unknown;
  /** Of a source that is there: its kept secrets are used. */
  readonly source?: string;
}

export function SourceFields({ kind, draft, onDraft, collectors, error, source }: Props) {
  const [testError, setTestError] = useState<unknown>();
  const { problems, rest } = useRefusal(error ?? testError);
  const wrong = (path: string): string | undefined => problems.get(path);
  const recordsWrong = [...problems.keys()].some((path) => path.startsWith('records') || path === 'sourceName' || path === 'sourceHost');
  const [open, setOpen] = useState(false);
  return (
    <div className="bz-source-fields">
      <PlaceFields lookup={kind === 'ec2'} draft={draft} set={onDraft} wrong={wrong} collectors={collectors} />
      {!isPushed(kind) && (
        <fieldset className="bz-source-group">
          <legend>Connection</legend>
          {kind === 's3' ? (
            <S3Fields draft={draft.s3} set={(change) => onDraft({ s3: { ...draft.s3, ...change } })} wrong={wrong} />
          ) : (
            <Ec2Fields draft={draft.ec2} set={(change) => onDraft({ ec2: { ...draft.ec2, ...change } })} wrong={wrong} />
          )}
          <ConnectionTest
            request={() => ({ kind, connection: toConnectionOf(kind, draft), ...(source === undefined ? {} : { source }) })}
            about={kind === 's3' ? draft.s3 : draft.ec2}
            onError={setTestError}
          />
        </fieldset>
      )}
      {kind !== 'ec2' && (
        <Folded title="Advanced: format, processing rules, timestamps, internal traffic" open={open || recordsWrong} onOpen={setOpen}>
          <RecordFields draft={draft} set={onDraft} wrong={wrong} />
        </Folded>
      )}
      <ProblemNote error={rest} />
    </div>
  );
}

/** Puts the keyboard where the first wrong field is, as soon as it is drawn. `error`: why the form was not taken. */
export function useFocusOnWrong(error: unknown): void {
  useEffect(() => {
    if (error !== null) document.querySelector<HTMLElement>('.bz-source-fields [aria-invalid="true"]')?.focus();
  }, [error]);
}
