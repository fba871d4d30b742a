/** One menu for every value of the page, at the value that was clicked: filter for it, filter it out, copy it. */
import { Menu } from '@mantine/core';
import { Icon } from '../app/icons.tsx';

export interface Picked {
  /** Canonical field; undefined when the value belongs to none and can only be copied. */
  readonly field: string | undefined;
  readonly value: string;
  readonly at: { readonly x: number; readonly y: number };
}

interface Props {
  readonly picked: Picked | null;
  readonly onClose: () => void;
  readonly onFilter: (field: string, value: string, negate: boolean) => void;
}

export function ValueMenu({ picked, onClose, onFilter }: Props) {
  if (!picked) return null;
  const { field, value, at } = picked;
  return (
    <Menu key={`${at.x} ${at.y}`} opened onChange={(opened) => !opened && onClose()} position="bottom-start" width={260} trapFocus returnFocus>
      <Menu.Target>
        <span className="bz-anchor" style={{ left: at.x, top: at.y }} />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {field ?? 'value'} <span className="bz-mono">{value.length > 60 ? `${value.slice(0, 60)}…` : value}</span>
        </Menu.Label>
        {field && (
          <>
            <Menu.Item leftSection={<Icon name="plus" size={14} />} onClick={() => onFilter(field, value, false)}>
              Only this value
            </Menu.Item>
            <Menu.Item leftSection={<Icon name="minus" size={14} />} onClick={() => onFilter(field, value, true)}>
              Without this value
            </Menu.Item>
          </>
        )}
        <Menu.Item
          leftSection={<Icon name="copy" size={14} />}
          onClick={() => {
            void navigator.clipboard.writeText(value);
            onClose();
          }}
        >
          Copy
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Where a menu for an element opens: at its lower left corner, in the window. */
export function cornerOf(element: Element): Picked['at'] {
  const box = element.getBoundingClientRect();
  return { x: box.left, y: box.bottom };
}
