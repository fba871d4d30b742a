/** Before changes are lost: on leaving, and when somebody else saved meanwhile. */
import { Button, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ApiFailure } from '../../api/client.ts';
import { ProblemNote } from '../../library/problem.tsx';

interface LeavingProps {
  readonly count: number;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onStay: () => void;
  readonly onSave: () => void;
  readonly onDrop: () => void;
}

export function Leaving({ count, busy, error, onStay, onSave, onDrop }: LeavingProps) {
  return (
    <Modal opened onClose={onStay} title="Leave without saving?" size="md">
      <div className="bz-library-form">
        <p>{count === 1 ? 'A change of this dashboard is' : `${count} changes of this dashboard are`} not saved, and would be lost.</p>
        <ProblemNote error={error} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onStay} data-autofocus>
            Stay
          </Button>
          <Button color="red" variant="light" onClick={onDrop}>
            Discard
          </Button>
          <Button onClick={onSave} loading={busy}>
            Save and leave
          </Button>
        </div>
      </div>
    </Modal>
  );
}

/** It was changed, or removed, since the session began. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiFailure && (error.body.code === 'edited-meanwhile' || error.body.code === 'not-found' || error.body.code === 'name-taken');
}

interface ConflictProps {
  readonly title: string;
  readonly error: unknown;
  readonly busy: boolean;
  readonly onCopy: (title: string) => void;
  readonly onOverwrite: () => void;
  readonly onTheirs: () => void;
  readonly onClose: () => void;
}

export function Conflict({ title, error, busy, onCopy, onOverwrite, onTheirs, onClose }: ConflictProps) {
  const [name, setName] = useState(`${title.slice(0, 190)} (mine)`);
  const code = error instanceof ApiFailure ? error.body.code : '';
  return (
    <Modal opened onClose={onClose} title={TITLES[code] ?? 'It was not saved'} size="md">
      <div className="bz-library-form">
        <ProblemNote error={error} />
        <p>Yours is still here. Save it as another dashboard{code === 'edited-meanwhile' ? ', put it in the place of theirs, or go on from theirs' : ''}.</p>
        <TextInput label="Title of mine" value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={200} />
        <div className="bz-row-end">
          <Button variant="default" onClick={onClose}>
            Go on editing
          </Button>
          {code === 'edited-meanwhile' && (
            <>
              <Button color="red" variant="light" onClick={onTheirs}>
                Load theirs
              </Button>
              <Button color="red" variant="light" onClick={onOverwrite} loading={busy}>
                Overwrite theirs
              </Button>
            </>
          )}
          <Button onClick={() => onCopy(name.trim())} disabled={name.trim() === ''} loading={busy}>
            Save mine as a copy
          </Button>
        </div>
      </div>
    </Modal>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  'edited-meanwhile': 'Somebody else changed this dashboard',
  'not-found': 'Somebody else removed this dashboard',
  'name-taken': 'Another dashboard has this title',
};
