/** A field looked into: its most frequent values among the matches; a click filters by one, with Alt or the minus without it. */
import { useQuery } from '@tanstack/react-query';
import type { MouseEvent } from 'react';
import type { FieldResponse } from '../../../api/contract/search.ts';
import { explain } from '../../api/client.ts';
import { Icon } from '../../app/icons.tsx';
import { exact, short } from '../../format/numbers.ts';
import { display, isMono, roleOf } from '../../format/values.ts';
import { type Asked, fieldQuery } from './ask.ts';
import type { Listed } from './listed.ts';

interface Props {
  readonly field: Listed;
  readonly asked: Asked;
  readonly zone: string;
  readonly onFilter: (field: Listed, value: string, negate: boolean) => void;
  readonly onCount: (field: Listed) => void;
  readonly onBytes?: (field: Listed) => void;
  readonly onTopOverTime: (field: Listed, values: readonly string[]) => void;
}

export function FieldValues({ field, asked, zone, onFilter, onCount, onBytes, onTopOverTime }: Props) {
  const found = useQuery(fieldQuery(asked, field.name));
  const { data } = found;
  if (found.isError) {
    const { code, message } = explain(found.error);
    return (
      <div className="bz-field-values" role="alert">
        <p className="bz-small">
          {message} <code>{code}</code>
        </p>
        <button type="button" className="bz-link bz-small" onClick={() => void found.refetch()}>
          Try again
        </button>
      </div>
    );
  }
  return (
    <div className="bz-field-values" aria-busy={!data}>
      {field.doc && <p className="bz-dim bz-small">{field.doc}</p>}
      <p className="bz-field-facts bz-small">{data ? <Facts data={data} /> : <span className="bz-dim">Counting …</span>}</p>
      {data ? (
        <ul>
          {data.values.map(({ value, count }) => (
            <Value key={value} field={field} value={value} count={count} total={data.total} zone={zone} onFilter={onFilter} />
          ))}
        </ul>
      ) : (
        <div className="bz-field-ghost" aria-hidden="true">
          {WIDTHS.map((width) => (
            <i key={width} style={{ width: `${width}%` }} />
          ))}
        </div>
      )}
      <p className="bz-field-actions">
        <button type="button" className="bz-link bz-small" onClick={() => onCount(field)}>
          Count by it
        </button>
        {onBytes && (
          <button type="button" className="bz-link bz-small" onClick={() => onBytes(field)}>
            Bytes by it
          </button>
        )}
        <button type="button" className="bz-link bz-small" disabled={!data} onClick={() => onTopOverTime(field, data?.values.map((v) => v.value) ?? [])}>
          Top values over time
        </button>
      </p>
    </div>
  );
}

const WIDTHS = [96, 74, 61, 45, 32];

function Facts({ data: { total, present, distinct } }: { data: FieldResponse }) {
  if (total === 0) return <span className="bz-dim">No matches.</span>;
  if (present === 0) return <span className="bz-dim">None of the matches has it.</span>;
  return (
    <span className="bz-dim" title={`${exact(present)} of ${exact(total)} matches have it`}>
      in <b>{percent(present, total)}</b> of matches · <b>{exact(distinct)}</b> {distinct === 1 ? 'value' : 'values'}
    </span>
  );
}

function percent(part: number, whole: number): string {
  const share = whole === 0 ? 0 : (part / whole) * 100;
  return share > 0 && share < 0.1 ? '< 0.1 %' : `${share === 100 ? '100' : share.toFixed(1)} %`;
}

interface ValueProps {
  readonly field: Listed;
  readonly value: string;
  readonly count: number;
  readonly total: number;
  readonly zone: string;
  readonly onFilter: Props['onFilter'];
}

function Value({ field, value, count, total, zone, onFilter }: ValueProps) {
  const role = roleOf(field.column);
  const text = display(role === 'number' ? Number(value) : value, role, zone);
  const share = total === 0 ? 0 : (count / total) * 100;
  const out = (event: MouseEvent) => {
    event.preventDefault();
    onFilter(field, value, true);
  };
  return (
    <li>
      <button
        type="button"
        className={isMono(role) ? 'bz-field-value bz-mono' : 'bz-field-value'}
        title={`${text}: ${exact(count)} of ${exact(total)} matches. Click for only these, with Alt for all others.`}
        onClick={(event) => (event.altKey ? out(event) : onFilter(field, value, false))}
        onContextMenu={out}
      >
        <i style={{ width: `${share}%` }} />
        <span>{text}</span>
        <span>{percent(count, total)}</span>
        <span className="bz-dim">{short(count)}</span>
      </button>
      <button type="button" className="bz-field-out" aria-label={`Without ${text}`} title="Without this value" onClick={out}>
        <Icon name="minus" size={12} />
      </button>
    </li>
  );
}
