import { Kbd, Modal } from '@mantine/core';

const HELP: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['/'], 'Search records'],
  [['f'], 'Add a filter'],
  [['t'], 'Time range'],
  [['r'], 'Refresh'],
  [['g', 'd'], 'Go to the dashboard'],
  [['g', 'r'], 'Go to the records'],
  [['Esc'], 'Leave what is open'],
  [['?'], 'This help'],
];

export function Help({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard and pointer" size="md">
      <dl className="bz-help">
        {HELP.map(([keys, what]) => (
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
        <div>
          <dt>click a value</dt>
          <dd>The records behind it</dd>
        </div>
        <div>
          <dt>Shift-click a value</dt>
          <dd>Filter the dashboard by it</dd>
        </div>
        <div>
          <dt>drag on a time chart</dt>
          <dd>Zoom; Back returns</dd>
        </div>
      </dl>
    </Modal>
  );
}
