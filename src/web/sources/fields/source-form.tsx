/** The form of a source, of a new one and of one that is there: its fields, a test of its connection, and what the server refused by field. */
import { useCallback, useMemo, useState } from 'react';
import type { Collector, Source } from '../../../api/contract/sources.ts';
import { explain } from '../../api/client.ts';
import { ProblemNote } from '../../library/problem.tsx';
import { ConnectionTest } from '../connection-test.tsx';
import type { SourceDraft } from '../draft.ts';
import { Folded } from '../parts.tsx';
import { fieldProblems } from '../problems.ts';
import { toConnection } from '../s3-draft.ts';
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
      <PlaceFields draft={draft} set={onDraft} wrong={wrong} collectors={collectors} />
      {kind === 's3' && (
        <fieldset className="bz-source-group">
          <legend>Connection</legend>
          <S3Fields draft={draft.s3} set={(change) => onDraft({ s3: { ...draft.s3, ...change } })} wrong={wrong} />
          <ConnectionTest
            request={() => ({ kind: 's3', connection: toConnection(draft.s3), ...(source === undefined ? {} : { source }) })}
            about={draft.s3}
            onError={setTestError}
          />
        </fieldset>
      )}
      <Folded title="Advanced: format, processing rules, timestamps, internal traffic" open={open || recordsWrong} onOpen={setOpen}>
        <RecordFields draft={draft} set={onDraft} wrong={wrong} />
      </Folded>
      <ProblemNote error={rest} />
    </div>
  );
}

/** Puts the keyboard where the first wrong field is, once it is drawn. */
export function useFocusOnWrong(): () => void {
  return useCallback(() => {
    requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector<HTMLElement>('.bz-source-fields [aria-invalid="true"]')?.focus()));
  }, []);
}
