/** A feed's settings as a form. */
import type { Feed } from '../../api/contract/feeds.ts';
import { KeptForm, useKept } from '../sources/kept-form.tsx';
import { changeFeed, useThreatsChange } from './ask.ts';
import { fromFeed, toSettings } from './draft.ts';
import { FeedFields } from './fields.tsx';

export function EditFeed({ feed, onDone }: { feed: Feed; onDone: () => void }) {
  const kept = useKept(feed, fromFeed);
  const { opened, draft, set } = kept;
  const saving = useThreatsChange(() => changeFeed(opened.name, { settings: toSettings(opened.kind, draft), revision: opened.revision }));
  return (
    <KeptForm what="feed" name={opened.name} kept={kept} saving={saving} onDone={onDone}>
      {(error) => <FeedFields kind={opened.kind} draft={draft} set={set} error={error} name={opened.name} />}
    </KeptForm>
  );
}
