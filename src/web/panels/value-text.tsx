/** A value of a record in a table: shown enriched, shortened in the middle, a click drills down, the copy button copies it whole. */
import { CopyButton, UnstyledButton } from '@mantine/core';
import type { OutputColumn, Window } from '../../api/contract.ts';
import { Icon } from '../app/icons.tsx';
import { linkOf } from '../format/links.ts';
import { dateOf, goesWithoutDay } from '../format/times.ts';
import { display, explained, isMono, isMonoText, type Role, roleOf, shortenMiddle } from '../format/values.ts';
import { MEANING_COLORS, meaningOf } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';

interface Props {
  readonly column: OutputColumn;
  readonly value: unknown;
  readonly zone: string;
  /** That the values are of. */
  readonly window: Window;
  /** On a narrow page, where the next column should be seen, too. */
  readonly narrow: boolean;
  /** Letters that there is room for. */
  readonly room: number;
  /** Whether Tab stops at it. */
  readonly stop: boolean;
  readonly onDrill: (shift: boolean) => void;
}

/** Letters of what is shown where there is no room for more; the tooltip and what is copied are whole. The longest name of an event of AWS's security groups has 38. */
const MOST = 26;
const MOST_WORDS = 40;
const MOST_NARROW = 18;

/** Longer texts get a copy button, times aside; a port is quicker typed. */
const COPY_FROM = 7;

export function ValueText({ column, value, zone, window, narrow, room, stop, onDrill }: Props) {
  const role = roleOf(column);
  const text = display(value, role, zone);
  const tabIndex = stop ? 0 : -1;
  if (value === null || value === undefined || value === '')
    return (
      // Arrow keys pass it.
      <span className="bz-dim" tabIndex={tabIndex} data-cell>
        –
      </span>
    );
  const link = linkOf(column, value);
  if (link) {
    return (
      <a className="bz-outside" tabIndex={tabIndex} data-cell href={link.url} target="_blank" rel="noopener noreferrer" title={link.url}>
        {shortenMiddle(link.name, Math.max(MOST_WORDS, room))}
      </a>
    );
  }
  const mono = isMono(role) || isMonoText(text);
  // On a telephone it is seen in the tooltip alone, and heard.
  const day = role === 'time' && typeof value === 'number' && goesWithoutDay(value, window) ? `${dateOf(value, zone)} ` : '';
  const words = !mono && (role === 'text' || role === 'country' || role === 'action');
  const most = narrow ? MOST_NARROW : Math.max(words ? MOST_WORDS : MOST, room);
  return (
    <span className="bz-valuetext">
      <button
        type="button"
        className={mono ? 'bz-cell bz-mono' : 'bz-cell'}
        tabIndex={tabIndex}
        data-cell
        title={`${explained(value) ?? text} · open the records, with shift filter by it`}
        onClick={(event) => onDrill(event.shiftKey)}
      >
        <Mark role={role} text={text} />
        {day && <span className="bz-day">{day}</span>}
        {shortenMiddle(text.slice(day.length), most)}
      </button>
      {role !== 'time' && String(value).length >= COPY_FROM && (
        <CopyButton value={String(value)}>
          {({ copied, copy }) => (
            <UnstyledButton className="bz-copy" aria-label={copied ? 'Copied' : `Copy ${text}`} title={copied ? 'Copied' : 'Copy'} onClick={copy} tabIndex={-1}>
              <Icon name={copied ? 'check' : 'copy'} size={12} />
            </UnstyledButton>
          )}
        </CopyButton>
      )}
    </span>
  );
}

/** The colour of what a value means, before it: of an action and a direction a dot, of a confidence as many bars as it is worth. */
function Mark({ role, text }: { role: Role; text: string }) {
  const scheme = useScheme();
  if (role === 'confidence') {
    const level = CONFIDENCES.indexOf(text.toLowerCase());
    return level < 0 ? null : <span className="bz-confidence" data-level={level} aria-hidden="true" />;
  }
  const meaning = role === 'action' || role === 'direction' ? meaningOf(text) : undefined;
  return meaning ? <span className="bz-dot" style={{ background: MEANING_COLORS[scheme][meaning] }} aria-hidden="true" /> : null;
}

const CONFIDENCES = ['unverified', 'low', 'medium', 'high'];
