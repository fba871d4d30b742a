/** How messages are listed: which first, wrapped or not, with which columns. */
import { Checkbox, Popover, TextInput, UnstyledButton } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Icon } from '../../app/icons.tsx';
import { fieldGroups, filtered } from './field-list.ts';
import type { Pages } from './pages.ts';
import { RAW } from './values.ts';

interface Props {
  readonly pages: Pages;
  readonly order: 'newest' | 'oldest';
  /** The query has an order of its own. */
  readonly sorted: boolean;
  readonly wrap: boolean;
  /** The messages are events. */
  readonly events: boolean;
  readonly shown: readonly string[];
  readonly onOrder: (order: 'newest' | 'oldest') => void;
  readonly onWrap: (wrap: boolean) => void;
  readonly onColumns: (names: readonly string[] | null) => void;
}

export function MessageTools({ pages, order, sorted, wrap, events, shown, onOrder, onWrap, onColumns }: Props) {
  return (
    <div className="bz-message-tools">
      {!sorted && (
        <UnstyledButton className="bz-tool" onClick={() => onOrder(order === 'newest' ? 'oldest' : 'newest')}>
          {order === 'newest' ? 'Newest first' : 'Oldest first'}
        </UnstyledButton>
      )}
      <UnstyledButton className="bz-tool" aria-pressed={wrap} onClick={() => onWrap(!wrap)}>
        Wrap lines
      </UnstyledButton>
      <Columns pages={pages} events={events} shown={shown} onColumns={onColumns} />
    </div>
  );
}

function Columns({ pages, events, shown, onColumns }: Pick<Props, 'pages' | 'events' | 'shown' | 'onColumns'>) {
  const [typed, setTyped] = useState('');
  const [opened, setOpened] = useState(false);
  const groups = useMemo(() => (opened ? fieldGroups(pages.made, pages.first) : []), [opened, pages.made, pages.first]);
  const all = [{ title: 'Message', fields: [{ name: RAW, found: 'message _raw' }] }, ...filtered(groups, typed)];
  const toggle = (name: string) => onColumns(withColumn(shown, name));
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={280} trapFocus returnFocus withinPortal>
      <Popover.Target>
        <UnstyledButton className="bz-tool" aria-haspopup="dialog" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          <Icon name="table" size={12} /> Columns
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className="bz-columns-chooser" aria-label="Columns">
        <TextInput
          size="xs"
          data-autofocus
          aria-label="Find a column"
          placeholder="Find a column"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <div className="bz-columns-list">
          {all.map((group) => (
            <fieldset key={group.title}>
              <legend>{group.title}</legend>
              {group.fields.map(({ name }) => (
                <Checkbox
                  key={name}
                  size="xs"
                  label={name === RAW ? 'Message as received' : name}
                  checked={shown.includes(name)}
                  onChange={() => toggle(name)}
                />
              ))}
            </fieldset>
          ))}
        </div>
        <div className="bz-row-end">
          <button type="button" className="bz-link bz-small" onClick={() => onColumns(events ? EVENT : FLOW)}>
            {events ? 'An event at a glance' : 'A flow at a glance'}
          </button>
          <button type="button" className="bz-link bz-small" onClick={() => onColumns(null)}>
            As it comes
          </button>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

/** What says most of a flow in one line. */
const FLOW: readonly string[] = ['action', 'network.direction', 'srcaddr', 'srcport', 'dstaddr', 'dstport', 'protocol', 'packets', 'bytes', 'interface_id'];

/** What says most of an event in one line. */
const EVENT: readonly string[] = ['eventSource', 'eventName', 'userName', 'sourceIPAddress', 'client', 'awsRegion', 'outcome', 'errorCode'];

/** Takes a column away, or adds it before the message, which stays last. */
export function withColumn(shown: readonly string[], name: string): string[] {
  if (shown.includes(name)) return shown.filter((s) => s !== name);
  return name === RAW ? [...shown, RAW] : [...shown.filter((s) => s !== RAW), name, ...shown.filter((s) => s === RAW)];
}
