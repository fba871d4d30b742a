/** The messages of a search: as many rows as match, of which only those in view exist and are asked for. */
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { OutputColumn } from '../../../api/contract.ts';
import { useRowSteps } from '../../app/row-steps.ts';
import { exact } from '../../format/numbers.ts';
import { display, roleOf } from '../../format/values.ts';
import { isRefused } from '../../records/refused.ts';
import type { Picked } from '../../records/value-menu.tsx';
import type { Term } from './highlight.tsx';
import { MessageRow } from './message-row.tsx';
import type { Pages, Seen } from './pages.ts';
import { RAW, valueIn, widthOf } from './values.ts';

interface Props {
  readonly pages: Pages;
  readonly columns: readonly OutputColumn[];
  readonly terms: readonly Term[];
  readonly zone: string;
  readonly wrap: boolean;
  readonly order: 'newest' | 'oldest';
  /** The query has an order of its own. */
  readonly sorted: boolean;
  /** Begins with the first message opened, and why it was refused. */
  readonly why: boolean;
  readonly onSeen: (seen: Seen) => void;
  readonly onPick: (picked: Picked) => void;
  readonly onColumn: (name: string) => void;
}

const LINE = 27;
/** What stands above the list while one scrolls: the toolbar and the names of the columns. */
const HEAD = 72;
const NOBODY: ReadonlySet<number> = new Set();
const FIRST: ReadonlySet<number> = new Set([0]);

export function Messages({ pages, columns, terms, zone, wrap, order, sorted, why, onSeen, onPick, onColumn }: Props) {
  const { count, total, at, first, made } = pages;
  const [open, setOpen] = useState(why ? FIRST : NOBODY);
  /** Of those that are open: where it is asked why they were refused. */
  const [asked, setAsked] = useState(why ? FIRST : NOBODY);
  const list = useRef<HTMLUListElement>(null);
  // Another window, other records in the same places.
  const [of, setOf] = useState(pages.window);
  if (of !== pages.window) {
    setOf(pages.window);
    setOpen(why ? FIRST : NOBODY);
    setAsked(why ? FIRST : NOBODY);
  }
  const margin = useTop(list);
  const virtual = useWindowVirtualizer({ count, estimateSize: () => LINE, overscan: 12, scrollMargin: margin });
  const items = virtual.getVirtualItems();
  const [top, end] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onSeen({ first: top, last: end }), [onSeen, top, end]);
  const { isStop, setCurrent, step, focus } = useRowSteps({
    count,
    first: top,
    last: end,
    find: (index) => list.current?.querySelector<HTMLElement>(`[data-row="${index}"]`),
    scrollTo: (index) => virtual.scrollToIndex(index, { align: 'auto' }),
  });
  // Rows change their height together when lines wrap.
  // biome-ignore lint/correctness/useExhaustiveDependencies: wrap and columns say when
  useEffect(() => virtual.measure(), [wrap, columns, virtual]);

  // A new list begins at its beginning, also for those who were far down in the one before.
  const begun = useRef(pages.window);
  useEffect(() => {
    if (begun.current === pages.window) return;
    begun.current = pages.window;
    setCurrent(0);
    if (window.scrollY > margin) window.scrollTo(0, margin - HEAD);
  }, [pages.window, margin, setCurrent]);

  const toggle = useCallback(
    (index: number) => {
      setCurrent(index);
      setAsked((old) => new Set([...old].filter((i) => i !== index)));
      setOpen((old) => {
        const next = new Set(old);
        if (!next.delete(index)) next.add(index);
        return next;
      });
    },
    [setCurrent],
  );
  const askWhy = useRef<(index: number) => void>(() => undefined);
  askWhy.current = (index) => {
    const record = at(index);
    if (!record || !isRefused(record)) return;
    setAsked((old) => new Set(old).add(index));
    setOpen((old) => new Set(old).add(index));
  };
  const move = useCallback(
    (index: number, event: KeyboardEvent) => {
      if (step(index, event)) return;
      if (event.key === 'w' && !event.ctrlKey && !event.metaKey && !event.altKey) askWhy.current(index);
      else if (event.key === 'Escape') setOpen((old) => (old.has(index) ? new Set([...old].filter((i) => i !== index)) : NOBODY));
      else return;
      event.preventDefault();
    },
    [step],
  );
  const leave = (event: KeyboardEvent) => {
    const row = (event.target as Element).closest('[data-index]')?.getAttribute('data-index');
    if (event.key !== 'Escape' || event.defaultPrevented || !row || !open.has(Number(row))) return;
    event.preventDefault();
    toggle(Number(row));
    focus(Number(row));
  };
  const template = useMemo(() => gridOf(columns, first, zone), [columns, first, zone]);
  return (
    <div
      className="bz-messages"
      data-wrap={wrap || undefined}
      data-stale={pages.loading || undefined}
      style={{ '--columns': template.columns, '--least': template.least } as CSSProperties}
    >
      <div className="bz-message-head" aria-hidden="true">
        <span>{sorted ? 'Time, sorted by the query' : `Time, ${order} first`}</span>
        {columns.map((column) => (
          <span key={column.name} title={column.name === RAW ? undefined : column.name} data-right={roleOf(column) === 'number' || undefined}>
            {column.name === RAW ? 'Message' : column.name}
            <button type="button" tabIndex={-1} title={`Take ${column.name} away`} onClick={() => onColumn(column.name)}>
              ×
            </button>
          </span>
        ))}
      </div>
      <ul ref={list} className="bz-message-list" aria-label="Messages" style={{ height: virtual.getTotalSize() }} onKeyDown={leave}>
        {items.map((item) => (
          <li
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            className="bz-message"
            style={{ transform: `translateY(${item.start - margin}px)` }}
            aria-setsize={total ?? -1}
            aria-posinset={item.index + 1}
          >
            <MessageRow
              record={at(item.index)}
              index={item.index}
              columns={columns}
              made={made}
              terms={terms}
              zone={zone}
              open={open.has(item.index)}
              why={asked.has(item.index)}
              focusable={isStop(item.index)}
              onToggle={toggle}
              onMove={move}
              onPick={onPick}
            />
          </li>
        ))}
      </ul>
      {total !== null && total > count && (
        <p className="bz-dim bz-messages-end">
          The list ends after {exact(count)} of {exact(total)} messages. Narrow the time range or the query to see others; an export has all of them.
        </p>
      )}
    </div>
  );
}

/** Where the list begins on the page, also after something above it has grown. */
function useTop(list: { readonly current: HTMLElement | null }): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const look = () => {
      const box = list.current?.getBoundingClientRect();
      if (box) setTop(Math.round(box.top + window.scrollY));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [list]);
  return top;
}

/** Characters of a column that stay when others shrink: an action, a port with its service, half of an address; and digits of a number. */
const KEPT = 12;
const KEPT_NUMBER = 10;

/** A track for each column, as wide as its values, long ones shrinking together; the message takes what is left. */
function gridOf(columns: readonly OutputColumn[], first: Pages['first'], zone: string): { columns: string; least: string } {
  const widths = columns.map((column) => {
    if (column.name === RAW) return null;
    const texts = first.slice(0, 50).map((record) => display(valueIn(record, column.name), roleOf(column), zone));
    // The first records say how long texts are; of numbers greater ones may come.
    return Math.max(widthOf(column.name, texts), roleOf(column) === 'number' ? KEPT_NUMBER : 0);
  });
  const raw = widths.includes(null);
  const leastOf = (w: number) => Math.min(w, KEPT);
  const tracks = widths.map((w) => (w === null ? 'minmax(240px, 1fr)' : `minmax(${leastOf(w)}ch, ${raw ? `${w}ch` : `${w}fr`})`));
  const px = 176 + widths.reduce((sum: number, w) => sum + (w === null ? 240 : 0) + 12, 0);
  const ch = widths.reduce((sum: number, w) => sum + (w === null ? 0 : leastOf(w)), 0);
  return { columns: ['164px', ...tracks].join(' '), least: `calc(${px}px + ${ch}ch)` };
}
