/** Rows of indicators, those in view and no others; more are asked for as somebody scrolls. */
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { StoredIndicator } from '../../api/contract/feeds.ts';
import { useRowSteps } from '../app/row-steps.ts';
import { ago, dateOf, stamp } from '../format/times.ts';
import { shortenMiddle } from '../format/values.ts';
import { Chips, Confidence } from './parts.tsx';
import { outOfForce, TYPE_NAME } from './words.ts';

interface Props {
  readonly rows: readonly StoredIndicator[];
  readonly total: number;
  readonly zone: string;
  /** Rows of another question stand here until there is an answer. */
  readonly stale: boolean;
  readonly more: boolean;
  readonly onMore: () => void;
  readonly onOpen: (indicator: StoredIndicator) => void;
}

const LINE = 30;
/** Rows before the end at which more are asked for. */
const AHEAD = 60;
const COLUMNS = 7;

export function IndicatorTable({ rows, total, zone, stale, more, onMore, onOpen }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const look = () => {
      const box = body.current?.getBoundingClientRect();
      if (box) setMargin(Math.round(box.top + window.scrollY));
    };
    look();
    window.addEventListener('resize', look);
    return () => window.removeEventListener('resize', look);
  }, []);
  const virtual = useWindowVirtualizer({ count: rows.length, estimateSize: () => LINE, overscan: 12, scrollMargin: margin });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - AHEAD) onMore();
  }, [more, last, rows.length, onMore]);
  const { isStop, step } = useRowSteps({
    count: rows.length,
    first: items[0]?.index ?? 0,
    last,
    find: (index) => body.current?.querySelector<HTMLElement>(`[data-row="${index}"]`),
    scrollTo: (index) => virtual.scrollToIndex(index, { align: 'auto' }),
  });
  const now = Date.now();
  return (
    <div className="bz-sources-scroll bz-threat-list">
      <table className="bz-threat-table" aria-label="Indicators" aria-rowcount={total + 1} data-stale={stale || undefined}>
        <thead>
          <tr>
            <th>Indicator</th>
            <th>Type</th>
            <th>Confidence</th>
            <th>About</th>
            <th>Feed</th>
            <th>Valid</th>
            <th title="When this installation knew it first">First known</th>
          </tr>
        </thead>
        <tbody ref={body}>
          <Space height={(items[0]?.start ?? margin) - margin} />
          {items.map((item) => {
            const indicator = rows[item.index];
            return (
              indicator && (
                <Row
                  key={indicator.number}
                  indicator={indicator}
                  index={item.index}
                  measure={virtual.measureElement}
                  zone={zone}
                  now={now}
                  focusable={isStop(item.index)}
                  onMove={step}
                  onOpen={onOpen}
                />
              )
            );
          })}
          <Space height={virtual.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin)} />
        </tbody>
      </table>
    </div>
  );
}

/** In place of the rows that are not there. */
function Space({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr className="bz-threat-space">
      <td colSpan={COLUMNS} style={{ height }} />
    </tr>
  );
}

interface RowProps {
  readonly indicator: StoredIndicator;
  readonly index: number;
  readonly measure: (row: HTMLTableRowElement | null) => void;
  readonly zone: string;
  readonly now: number;
  readonly focusable: boolean;
  readonly onMove: (index: number, event: KeyboardEvent) => void;
  readonly onOpen: (indicator: StoredIndicator) => void;
}

function Row({ indicator, index, measure, zone, now, focusable, onMove, onOpen }: RowProps) {
  const { type, value, feed, imported } = indicator;
  const over = outOfForce(indicator, now / 1000);
  const clicked = (event: MouseEvent) => {
    // A text that was just selected is to be copied.
    if ((event.target as Element).closest('button, a') || window.getSelection()?.toString()) return;
    onOpen(indicator);
  };
  return (
    <tr ref={measure} data-index={index} aria-rowindex={index + 2} data-over={over ? true : undefined} onClick={clicked}>
      <td>
        <button
          type="button"
          className="bz-threat-value bz-mono"
          data-row={index}
          tabIndex={focusable ? 0 : -1}
          title={value}
          onClick={() => onOpen(indicator)}
          onKeyDown={(event) => onMove(index, event)}
        >
          {shortenMiddle(value, 64)}
        </button>
      </td>
      <td>{TYPE_NAME[type]}</td>
      <td>
        <Confidence of={indicator} />
      </td>
      <td>
        <Chips of={indicator} most={3} />
      </td>
      <td title={feed}>{feed}</td>
      <td>
        <Validity of={indicator} zone={zone} over={over} />
      </td>
      <td title={stamp(imported * 1000, zone)}>
        {ago(imported * 1000, now)} <span className="bz-dim">{dateOf(imported * 1000, zone)}</span>
      </td>
    </tr>
  );
}

/** `until 2026-12-01`, `since 2026-11-01`, `always`; what is over says so in a word. */
function Validity({ of, zone, over }: { of: StoredIndicator; zone: string; over: string | undefined }) {
  const { validFrom, validUntil, removed } = of;
  const words = [validFrom > 0 ? `from ${stamp(validFrom * 1000, zone)}` : '', validUntil > 0 ? `until ${stamp(validUntil * 1000, zone)}` : ''].filter(Boolean);
  const text = removed
    ? `until ${dateOf(removed * 1000, zone)}`
    : validUntil > 0
      ? `until ${dateOf(validUntil * 1000, zone)}`
      : validFrom > 0
        ? `since ${dateOf(validFrom * 1000, zone)}`
        : 'always';
  return (
    <span title={words.join(', ') || 'The feed sets no limits'} className={over ? 'bz-dim' : undefined}>
      {over ? `${over}, ${text}` : text}
    </span>
  );
}
