/** One message: its time, its columns, what was searched for marked; opened by a click on it or by Enter. */
import { type KeyboardEvent, type MouseEvent, memo } from 'react';
import type { OutputColumn } from '../../../api/contract.ts';
import { Icon } from '../../app/icons.tsx';
import { linkOf } from '../../format/links.ts';
import { stamp } from '../../format/times.ts';
import { display, explained, isMono, isMonoText, roleOf } from '../../format/values.ts';
import type { Rec } from '../../records/flow.ts';
import { cornerOf, type Picked } from '../../records/value-menu.tsx';
import { Highlighted, type Term } from './highlight.tsx';
import { MessageDetail } from './message-detail.tsx';
import { RAW, valueIn } from './values.ts';

interface Props {
  readonly record: Rec | undefined;
  readonly index: number;
  readonly columns: readonly OutputColumn[];
  readonly made: readonly OutputColumn[];
  readonly terms: readonly Term[];
  readonly zone: string;
  readonly open: boolean;
  /** Opened to ask why it was refused. */
  readonly why: boolean;
  readonly focusable: boolean;
  readonly onToggle: (index: number) => void;
  readonly onMove: (index: number, event: KeyboardEvent) => void;
  readonly onPick: (picked: Picked) => void;
}

export const MessageRow = memo(function MessageRow(props: Props) {
  const { record, index, columns, made, terms, zone, open, why, focusable, onToggle, onMove, onPick } = props;
  if (!record) return <div className="bz-message-ghost" aria-hidden="true" />;
  const clicked = (event: MouseEvent) => {
    // A text that was just selected is to be copied, and a value opens its menu.
    if ((event.target as Element).closest('button, a') || window.getSelection()?.toString()) return;
    onToggle(index);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the button of the time does the same by keyboard */}
      <div className="bz-message-line" onClick={clicked} data-open={open || undefined}>
        <button
          type="button"
          className="bz-message-time"
          data-row={index}
          tabIndex={focusable ? 0 : -1}
          aria-expanded={open}
          aria-label={`Message of ${stamp(record.time, zone)}`}
          onClick={() => onToggle(index)}
          onKeyDown={(event) => onMove(index, event)}
        >
          <Icon name={open ? 'down' : 'right'} size={12} />
          {stamp(record.time, zone)}
        </button>
        {columns.map((column) =>
          column.name === RAW ? (
            <span key={column.name} className="bz-message-raw">
              <Highlighted text={record.raw} terms={terms} />
            </span>
          ) : (
            <Value key={column.name} column={column} value={valueIn(record, column.name)} terms={terms} zone={zone} onPick={onPick} />
          ),
        )}
      </div>
      {open && <MessageDetail key={why ? 'why' : ''} record={record} made={made} zone={zone} terms={terms} why={why} onPick={onPick} />}
    </>
  );
});

interface ValueProps {
  readonly column: OutputColumn;
  readonly value: unknown;
  readonly terms: readonly Term[];
  readonly zone: string;
  readonly onPick: (picked: Picked) => void;
}

function Value({ column, value, terms, zone, onPick }: ValueProps) {
  const role = roleOf(column);
  const right = role === 'number';
  if (value === null || value === undefined || value === '') {
    return (
      <span className="bz-message-value bz-dim" data-name={column.name} data-right={right || undefined}>
        –
      </span>
    );
  }
  const link = linkOf(column, value);
  if (link) {
    return (
      <span className="bz-message-value" data-name={column.name}>
        <a className="bz-outside" href={link.url} target="_blank" rel="noopener noreferrer" title={link.url}>
          {link.name}
        </a>
      </span>
    );
  }
  const text = display(value, role, zone);
  return (
    <span className="bz-message-value" data-name={column.name} data-right={right || undefined} title={explained(value) ?? text}>
      <button
        type="button"
        tabIndex={-1}
        className={isMono(role) || isMonoText(text) ? 'bz-cell bz-mono' : 'bz-cell'}
        data-meaning={role === 'action' || role === 'direction' ? text.toLowerCase() : undefined}
        aria-haspopup="menu"
        onClick={(event) => onPick({ field: column.name, value: String(value), at: cornerOf(event.currentTarget) })}
      >
        <Highlighted text={text} terms={terms} field={column.field ?? column.name} />
      </button>
    </span>
  );
}
