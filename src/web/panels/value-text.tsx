/** A value of a record in a table: shown enriched, shortened in the middle, a click drills down, the copy button copies it whole. */
import { CopyButton, UnstyledButton } from '@mantine/core';
import type { OutputColumn } from '../../api/contract.ts';
import { Icon } from '../app/icons.tsx';
import { linkOf } from '../format/links.ts';
import { display, isMono, roleOf, shortenMiddle } from '../format/values.ts';

interface Props {
  readonly column: OutputColumn;
  readonly value: unknown;
  readonly zone: string;
  readonly onDrill: (shift: boolean) => void;
}

/** Longer texts get a copy button; a port is quicker typed. */
const COPY_FROM = 7;

export function ValueText({ column, value, zone, onDrill }: Props) {
  const role = roleOf(column);
  const text = display(value, role, zone);
  if (value === null || value === undefined || value === '') return <span className="bz-dim">–</span>;
  const link = linkOf(column, value);
  if (link) {
    return (
      <a className="bz-outside" href={link.url} target="_blank" rel="noopener noreferrer" title={link.url}>
        {shortenMiddle(link.name, 40)}
      </a>
    );
  }
  const most = role === 'text' ? 40 : role === 'country' ? 40 : 26;
  return (
    <span className="bz-valuetext">
      <button
        type="button"
        className={isMono(role) ? 'bz-cell bz-mono' : 'bz-cell'}
        title={`${text} · open the records, with shift filter by it`}
        onClick={(event) => onDrill(event.shiftKey)}
      >
        {shortenMiddle(text, most)}
      </button>
      {String(value).length >= COPY_FROM && (
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
