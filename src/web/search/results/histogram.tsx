/** Matches over time, above the results: drag across to zoom, click a bar to narrow to it; with arrows and Enter, too. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from 'react';
import type { HistogramResponse } from '../../../api/contract/search.ts';
import { explain } from '../../api/client.ts';
import { Icon } from '../../app/icons.tsx';
import { exact, short } from '../../format/numbers.ts';
import { clock, dayOf, duration, minuteStamp, rangeText, stamp, zoneName, zoneOffset } from '../../format/times.ts';
import { absolute, type Range } from '../../time/range.ts';
import { type Asked, histogramQuery, isOfQuestion } from './ask.ts';
import { type Bar, barsOf, span, ticks } from './buckets.ts';
import { useKept } from './kept.ts';

interface Props {
  readonly asked: Asked;
  readonly zone: string;
  readonly onRange: (range: Range) => void;
}

export function Histogram({ asked, zone, onRange }: Props) {
  const [folded, setFolded] = useKept<boolean>('histogram-folded', false);
  // The bars before keep the place until the new ones are there.
  const found = useQuery({ ...histogramQuery(asked), enabled: !folded, placeholderData: keepPreviousData });
  const { data } = found;
  return (
    <section className="bz-histogram" aria-label="Matches over time" aria-busy={found.isFetching}>
      <header>
        <button type="button" className="bz-histogram-fold" aria-expanded={!folded} onClick={() => setFolded(!folded)}>
          <Icon name={folded ? 'right' : 'down'} size={12} />
          {folded ? 'Matches over time' : <Summary data={found.isError ? undefined : data} failed={found.isError} />}
        </button>
        {!folded && data && !found.isError && (
          <span className="bz-dim">
            {duration(data.seconds)} a bar{data.total > 0 && `, up to ${short(Math.max(...data.buckets.map(([, count]) => count)))}`}
            <span className="bz-histogram-window">
              {' '}
              · {rangeText(data.window.from, data.window.to, zone)} {zoneName(zone, data.window.from * 1000)}
            </span>
          </span>
        )}
      </header>
      {!folded && (
        <div className="bz-histogram-room" data-stale={(found.isFetching && data !== undefined) || undefined}>
          {data && !found.isError ? (
            <Bars data={data} zone={zone} onRange={onRange} />
          ) : found.isError ? (
            <p className="bz-dim bz-small">
              Matches could not be counted: what is below says why
              {!isOfQuestion(explain(found.error)) && (
                <>
                  , or{' '}
                  <button type="button" className="bz-link" onClick={() => void found.refetch()}>
                    try again
                  </button>
                </>
              )}
              .
            </p>
          ) : found.isFetching ? (
            <Ghost />
          ) : (
            <p className="bz-dim bz-small">Stopped before the matches were counted.</p>
          )}
        </div>
      )}
    </section>
  );
}

function Summary({ data, failed }: { data: HistogramResponse | undefined; failed: boolean }) {
  if (!data) return <span className="bz-dim">{failed ? 'Matches over time' : 'Counting matches …'}</span>;
  return (
    <span>
      <b>{exact(data.total)}</b> {data.total === 1 ? 'match' : 'matches'}
    </span>
  );
}

const HEIGHTS = [30, 42, 38, 55, 49, 62, 58, 70, 52, 66, 60, 74, 48, 57, 64, 41, 35, 44, 52, 61, 68, 59, 47, 54];

function Ghost() {
  return (
    <div className="bz-histogram-ghost" aria-hidden="true">
      {HEIGHTS.map((height, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: grey bars without identity
        <i key={i} style={{ height: `${height}%` }} />
      ))}
    </div>
  );
}

/** Shorter drags are clicks. */
const LEAST_PIXELS = 5;

interface BarsProps {
  readonly data: HistogramResponse;
  readonly zone: string;
  readonly onRange: (range: Range) => void;
}

function Bars({ data, zone, onRange }: BarsProps) {
  const bars = useMemo(() => barsOf(data, Date.now()), [data]);
  // Clocks may change within the window.
  const offsets = useMemo(() => bars.map((b) => zoneOffset(b.start * 1000, zone) / 1000), [bars, zone]);
  const most = Math.max(1, ...bars.map((b) => b.count));
  const [at, setAt] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ readonly from: number; readonly x: number; readonly far: boolean } | null>(null);
  const room = useRef<HTMLButtonElement>(null);
  if (bars.length === 0) return null;

  const indexAt = (event: PointerEvent): number => {
    const box = room.current?.getBoundingClientRect();
    if (!box) return 0;
    return Math.min(bars.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * bars.length)));
  };
  const choose = (a: number, b: number) => {
    const window = span(bars, a, b);
    if (window) onRange(absolute(window));
  };
  const up = (event: PointerEvent) => {
    if (!drag) return;
    const to = indexAt(event);
    setDrag(null);
    if (drag.far) choose(drag.from, to);
    else if (bars.length > 1 && (bars[to]?.count ?? 0) > 0) choose(to, to);
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) setAt(Math.min(bars.length - 1, Math.max(0, (at ?? (step > 0 ? -1 : bars.length)) + step)));
    else if (event.key === 'Enter' && at !== null) choose(at, at);
    else if (event.key === 'Escape' && (at !== null || drag)) {
      setAt(null);
      setDrag(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const bar = at === null ? undefined : bars[at];
  const chosen = drag?.far && at !== null ? span(bars, drag.from, at) : null;
  const percent = (index: number) => `${(index / bars.length) * 100}%`;
  return (
    <>
      <button
        ref={room}
        type="button"
        className="bz-histogram-bars"
        aria-label={`Bars of ${duration(data.seconds)}, highest ${exact(most)}. Arrows look at a bar, Enter narrows to it.`}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: indexAt(event), x: event.clientX, far: false });
        }}
        onPointerMove={(event) => {
          setAt(indexAt(event));
          if (drag && !drag.far && Math.abs(event.clientX - drag.x) >= LEAST_PIXELS) setDrag({ ...drag, far: true });
        }}
        onPointerUp={up}
        onPointerLeave={() => !drag && setAt(null)}
        onPointerCancel={() => setDrag(null)}
        onKeyDown={keys}
        onBlur={() => setAt(null)}
      >
        <svg viewBox={`0 0 ${bars.length} 100`} preserveAspectRatio="none" aria-hidden="true">
          {bars.map((b, i) => (
            <Column key={b.start} bar={b} at={i} most={most} />
          ))}
        </svg>
        {at !== null && !chosen && <i className="bz-histogram-at" style={{ left: percent(at), width: percent(1) }} />}
        {drag?.far && at !== null && <i className="bz-drag" style={{ left: percent(Math.min(drag.from, at)), width: percent(Math.abs(at - drag.from) + 1) }} />}
      </button>
      <div className="bz-histogram-axis" aria-hidden="true">
        {ticks(bars, labelsFor(window.innerWidth), offsets).map((i) => (
          <span key={i} style={{ left: percent(i) }} data-edge={i / bars.length > 0.94 || undefined}>
            {label((bars[i]?.start ?? 0) * 1000, zone, data.seconds)}
          </span>
        ))}
      </div>
      <div className="bz-histogram-tip" role="status" data-left={(at ?? 0) > bars.length / 2 || undefined} hidden={!bar}>
        {chosen ? (
          <>
            <b>{exact(sum(bars, chosen.from, chosen.to))}</b> {rangeText(chosen.from, chosen.to, zone)}
          </>
        ) : (
          bar && (
            <>
              <b>{exact(bar.count)}</b> {bucketText(bar, data.seconds, zone)}
              {bar.incomplete ? <span className="bz-warn"> · may still fill</span> : bar.cut && <span className="bz-dim"> · cut by the window</span>}
            </>
          )
        )}
      </div>
    </>
  );
}

function Column({ bar, at, most }: { bar: Bar; at: number; most: number }) {
  if (bar.count === 0) return null;
  const height = Math.max(3, (bar.count / most) * 100);
  return <rect x={at + 0.08} y={100 - height} width={0.84} height={height} data-partial={bar.incomplete || bar.cut || undefined} />;
}

/** Labels that fit below the bars without touching. */
function labelsFor(width: number): number {
  return Math.max(3, Math.min(10, Math.floor(width / 130)));
}

function sum(bars: readonly Bar[], from: number, to: number): number {
  return bars.reduce((total, b) => (b.start >= from && b.start < to ? total + b.count : total), 0);
}

function label(ms: number, zone: string, seconds: number): string {
  const time = seconds < 60 && new Date(ms).getUTCSeconds() !== 0 ? stamp(ms, zone).slice(11) : clock(ms, zone);
  return time === '00:00' || seconds >= 86_400 ? dayOf(ms, zone) : time;
}

function bucketText({ start, end }: Bar, seconds: number, zone: string): string {
  const ms = start * 1000;
  if (seconds >= 86_400) return dayOf(ms, zone);
  return seconds < 60 ? stamp(ms, zone) : `${minuteStamp(ms, zone)} – ${clock(end * 1000, zone)}`;
}
