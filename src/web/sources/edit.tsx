/** A source's settings as a form. */
import type { Collector, Source } from '../../api/contract/sources.ts';
import { isPushed } from '../../model/source.ts';
import { changeSource, createCollector, useSourceChange } from './ask.ts';
import { fromSource, toBody } from './draft.ts';
import { SourceFields } from './fields/source-form.tsx';
import { KeptForm, useKept } from './kept-form.tsx';

export function EditForm({ source, collectors, onDone }: { source: Source; collectors: readonly Collector[]; onDone: () => void }) {
  const kept = useKept(source, fromSource);
  const { opened, draft, set } = kept;
  const saving = useSourceChange(async () => {
    const collector = draft.collector || (await createCollector({ name: draft.newCollector, description: '' })).id;
    const { connection, ...body } = toBody(draft, opened.kind, collector);
    await changeSource(opened.id, { ...body, ...(isPushed(opened.kind) ? {} : { connection }), revision: opened.revision });
  });
  return (
    <KeptForm what="source" name={opened.name} kept={kept} saving={saving} onDone={onDone}>
      {(error) => <SourceFields kind={opened.kind} draft={draft} onDraft={set} collectors={collectors} error={error} source={opened.id} />}
    </KeptForm>
  );
}
