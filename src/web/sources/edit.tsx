/** A source's settings as a form. What somebody else saved meanwhile is not overwritten. */
import { Button } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Collector, Source } from '../../api/contract/sources.ts';
import { isPushed } from '../../model/source.ts';
import { changeSource, createCollector, useSourceChange } from './ask.ts';
import { fromSource, type SourceDraft, toBody } from './draft.ts';
import { SourceFields, useFocusOnWrong } from './fields/source-form.tsx';
import { FormLook } from './parts.tsx';

export function EditForm({ source, collectors, onDone }: { source: Source; collectors: readonly Collector[]; onDone: () => void }) {
  // As it was when the form was opened: the list behind it is asked for anew all the time.
  const [opened] = useState(source);
  const [draft, setDraft] = useState<SourceDraft>(() => fromSource(source));
  const focusOnWrong = useFocusOnWrong();
  const saving = useSourceChange(async () => {
    const collector = draft.collector || (await createCollector({ name: draft.newCollector, description: '' })).id;
    const { connection, ...body } = toBody(draft, opened.kind, collector);
    await changeSource(opened.id, { ...body, ...(isPushed(opened.kind) ? {} : { connection }), revision: opened.revision });
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(undefined, { onSuccess: onDone, onError: focusOnWrong });
  };
  return (
    <form className="bz-source-form" aria-label={`Settings of ${opened.name}`} onSubmit={submit}>
      <FormLook>
        <SourceFields
          kind={opened.kind}
          draft={draft}
          onDraft={(change) => setDraft((old) => ({ ...old, ...change }))}
          collectors={collectors}
          error={saving.error}
          source={opened.id}
        />
      </FormLook>
      <div className="bz-source-buttons">
        <Button size="xs" type="submit" loading={saving.isPending}>
          Save
        </Button>
        <Button size="xs" variant="default" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
