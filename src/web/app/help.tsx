import { Kbd, Modal } from '@mantine/core';

type Entry = readonly [keys: readonly string[], what: string];

const EVERYWHERE: readonly Entry[] = [
  [['/'], 'Search: to the query'],
  [['f'], 'Add a filter'],
  [['t'], 'Time range'],
  [['r'], 'Refresh, or run again'],
  [['e'], 'Edit the dashboard, or a copy of it'],
  [['o'], 'Search: open a saved one'],
  [['s'], 'Search: save this one'],
  [['g', 'd'], 'Go to the dashboard'],
  [['g', 's'], 'Go to the search page'],
  [['g', 'c'], 'Go to the completeness board'],
  [['g', 't'], 'Go to the feeds and indicators of threats'],
  [['g', 'a'], 'Go to the list of administrators'],
  [['g', 'o'], 'Go to the sources'],
  [['↑', '↓', '←', '→'], 'In a table: from cell to cell; Page keys, Home and End as well; Enter opens'],
  [['w'], 'On a refused message: why it was refused'],
  [['Esc'], 'Leave what is open'],
  [['?'], 'This help'],
];

const IN_THE_QUERY: readonly Entry[] = [
  [['Ctrl', 'Enter'], 'Run'],
  [['Enter'], 'Run a query of one line'],
  [['Shift', 'Enter'], 'New line'],
  [['Ctrl', 'Space'], 'Completions; Tab or Enter takes one'],
  [['Shift', 'Alt', 'F'], 'Format'],
  [['Ctrl', '/'], 'Lines to comments, and back'],
  [['Ctrl', 'F'], 'Find in the query'],
  [['↑'], 'In an empty query: what was run before'],
  [['Tab'], 'To what comes next on the page'],
];

const EDITING: readonly Entry[] = [
  [['↑', '↓', '←', '→'], 'Move the panel in focus'],
  [['Shift', '→'], 'Resize it: any arrow'],
  [['Enter'], 'Open it'],
  [['d'], 'Duplicate it'],
  [['Del'], 'Remove it'],
  [['a'], 'Add a panel'],
  [['Ctrl', 'Z'], 'Undo; with Shift, do it again'],
  [['Ctrl', 'S'], 'Save'],
];

const POINTER: readonly (readonly [how: string, what: string])[] = [
  ['click a value', 'The records behind it'],
  ['Shift-click a value', 'Filter the dashboard by it'],
  ['drag on a time chart', 'Zoom; Back returns'],
];

export function Help({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard and pointer" size="md">
      <Keys entries={EVERYWHERE} />
      <h3 className="bz-help-title">In the query</h3>
      <Keys entries={IN_THE_QUERY} />
      <h3 className="bz-help-title">While a dashboard is edited</h3>
      <Keys entries={EDITING} />
      <h3 className="bz-help-title">Pointer</h3>
      <dl className="bz-help">
        {POINTER.map(([how, what]) => (
          <div key={how}>
            <dt>{how}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

function Keys({ entries }: { entries: readonly Entry[] }) {
  return (
    <dl className="bz-help">
      {entries.map(([keys, what]) => (
        <div key={what}>
          <dt>
            {keys.map((key) => (
              <Kbd key={key} size="xs">
                {key}
              </Kbd>
            ))}
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
