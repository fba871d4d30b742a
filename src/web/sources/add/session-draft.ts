/** What somebody has typed of a new source, kept for this tab: a reload loses nothing but secrets. */
import { useEffect, useState } from 'react';
import { NEW_SOURCE, type SourceDraft } from '../draft.ts';

export interface NewDraft extends SourceDraft {
  /** Parameters of templates by template. */
  readonly templates: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const KEY = 'bartizan-new-source';

export function useSessionDraft(choice: string): readonly [NewDraft, (change: Partial<NewDraft>) => void, () => void] {
  const [draft, setDraft] = useState<NewDraft>(() => read(choice));
  useEffect(() => {
    const none = { secretAccessKey: '', sessionToken: '', proxy: '' };
    const open = { ...draft, s3: { ...draft.s3, ...none }, ec2: { ...draft.ec2, ...none } };
    try {
      sessionStorage.setItem(`${KEY} ${choice}`, JSON.stringify(open));
    } catch {
      // A full or forbidden storage: the draft lives as long as the page.
    }
  }, [draft, choice]);
  return [draft, (change) => setDraft((old) => ({ ...old, ...change })), () => sessionStorage.removeItem(`${KEY} ${choice}`)];
}

function read(choice: string): NewDraft {
  const externalId = newExternalId();
  const fresh: NewDraft = { ...NEW_SOURCE, s3: { ...NEW_SOURCE.s3, externalId }, ec2: { ...NEW_SOURCE.ec2, externalId }, templates: {} };
  try {
    const kept = JSON.parse(sessionStorage.getItem(`${KEY} ${choice}`) ?? '{}') as Partial<NewDraft>;
    return { ...fresh, ...kept, s3: { ...fresh.s3, ...kept.s3 }, ec2: { ...fresh.ec2, ...kept.ec2 }, records: { ...fresh.records, ...kept.records } };
  } catch {
    return fresh;
  }
}

/** 128 bits by chance: nobody else’s role asks for the same. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html */
function newExternalId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `bartizan-${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
}
