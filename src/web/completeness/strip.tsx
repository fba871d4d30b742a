/**
 * Records over time as a strip of cells: the fuller, the stronger. Gaps are hatched, SKIPDATA is marked
 * below, and what may still be on its way is dotted. A cell opens its records: click, or arrows and Enter.
 */
import { type KeyboardEvent, type MouseEvent, useState } from 'react';
import type { CompletenessRow } from '../../api/contract/completeness.ts';
import type { Window } from '../../api/contract.ts';
import { exact } from '../format/numbers.ts';
import { shortRange } from '../format/times.ts';

interface Props {
  readonly row: CompletenessRow;
  readonly window: Window;
  /** Seconds of a cell. */
  readonly cell: number;
  readonly zone: string;
  readonly label: string;
  readonly onOpen: (window: Window) => void;
}

const HEIGHT = 20;
/** Steps of a cell's strength. */
const LEVELS = 5;

export function Strip({ row, window, cell, zone, label, onOpen }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const count = Math.max(1, Math.ceil((window.to - window.from) / cell));
  const spans = Array.from({ length: count }, (_, i): Window => ({ from: window.from + i * cell, to: Math.min(window.to, window.from + (i + 1) * cell) }));
  const most = Math.max(1, ...row.strip);
  const x = (time: number) => ((time - window.from) / cell) * 10;
  const textOf = (i: number): string => {
    const span = spans[i] ?? window;
    const skipped = row.skipped.filter((s) => s.at >= span.from && s.at < span.to).reduce((sum, s) => sum + s.count, 0);
    const gap = row.gaps.some((g) => g.from < span.to && g.to > span.from);
    return [
      `${shortRange(span.from, span.to, zone)}: ${exact(row.strip[i] ?? 0)} records`,
      gap ? 'gap' : '',
      skipped > 0 ? `${exact(skipped)} SKIPDATA` : '',
      span.to > row.judgedTo && !row.strip[i] && !gap ? 'may still come' : '',
    ]
      .filter(Boolean)
      .join(', ');
  };
  const under = (event: MouseEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count)));
  };
  const open = (i: number) => onOpen(spans[i] ?? window);
  const onKey = (event: KeyboardEvent) => {
    const now = at ?? count - 1;
    const next = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: count - 1 }[event.key];
    if (next !== undefined) setAt(Math.max(0, Math.min(count - 1, next)));
    else if (event.key === 'Enter') open(now);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className="bz-strip"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={count - 1}
      aria-valuenow={at ?? count - 1}
      aria-valuetext={textOf(at ?? count - 1)}
      onMouseMove={(event) => setAt(under(event))}
      onMouseLeave={() => setAt(null)}
      onBlur={() => setAt(null)}
      onFocus={() => setAt((old) => old ?? count - 1)}
      onClick={(event) => open(under(event))}
      onKeyDown={onKey}
    >
      <svg viewBox={`0 0 ${count * 10} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {spans.map((span, i) => {
          const records = row.strip[i] ?? 0;
          const level = records === 0 ? 0 : Math.max(1, Math.ceil((Math.log(records + 1) / Math.log(most + 1)) * LEVELS));
          return (
            <rect
              key={span.from}
              className="bz-cell"
              data-level={level}
              data-new={span.to > row.judgedTo || undefined}
              x={x(span.from) + 0.5}
              y={0}
              width={9}
              height={HEIGHT - 4}
            />
          );
        })}
        {row.gaps.map((gap) => (
          <rect key={gap.from} className="bz-cell-gap" x={x(gap.from)} y={0} width={Math.max(3, x(gap.to) - x(gap.from))} height={HEIGHT - 4} />
        ))}
        {row.skipped.map(({ at: time }) => (
          <rect key={time} className="bz-cell-skip" x={x(time)} y={HEIGHT - 3} width={Math.max(6, (300 / cell) * 10)} height={3} />
        ))}
        {at !== null && <rect className="bz-cell-at" x={at * 10} y={0} width={10} height={HEIGHT} />}
      </svg>
      {at !== null && (
        <span className="bz-strip-text" aria-hidden="true" data-left={at > count / 2 || undefined}>
          {textOf(at)}
        </span>
      )}
    </div>
  );
}
