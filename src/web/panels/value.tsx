/**
 * One number: the newest bucket, which ends at the window's end, with the change against the bucket
 * before and a sparkline of all buckets of the window.
 */
import { useEffect, useMemo, useRef } from 'react';
import type { Window } from '../../api/contract.ts';
import { asNumber, change, exact, short, type Unit } from '../format/numbers.ts';
import { clock, duration, shortRange, zoneName } from '../format/times.ts';
import { INK, MEANING_COLORS, type Scheme } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { FONT } from './chart-style.ts';
import { locate, locateMeasure } from './columns.ts';
import { onPicture } from './picture.ts';
import type { PanelViewProps } from './props.ts';

interface Bucket {
  readonly start: number;
  readonly value: number;
}

const WIDTH = 240;
const HEIGHT = 48;

export default function ValuePanel({ panel, result, zone, measure, unit, onDrill }: PanelViewProps) {
  const scheme = useScheme();
  const buckets = useMemo(() => toBuckets(result, measure, panel.bucket), [result, measure, panel.bucket]);
  const color = MEANING_COLORS[scheme][panel.meaning];
  const newest = buckets.at(-1);
  const before = buckets.at(-2);
  const width = (panel.bucket ?? result.timeslice ?? 0) * 1000;
  const window = newest && sliceOf(newest, width, result.window);
  // Which time the number is of: the panel's head says that of all buckets.
  const slice = window ? `${shortRange(window.from, window.to, zone)} ${zoneName(zone, window.to * 1000)}` : '';
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = box.current;
    return node ? onPicture(node, (background) => drawValue({ title: panel.title, slice }, buckets, unit, color, background, scheme)) : undefined;
  }, [panel.title, slice, buckets, unit, color, scheme]);
  if (!newest || !window) return null;
  return (
    <div className="bz-value" ref={box} data-picture>
      <button
        type="button"
        className="bz-value-number"
        title={`${exact(newest.value, unit)} · open the records`}
        onClick={(event) => onDrill({ cells: [], window, shift: event.shiftKey })}
      >
        {short(newest.value, unit)}
      </button>
      <div className="bz-value-note">
        <Change now={newest.value} before={before?.value} unit={unit} width={width} />
        <span title={width > 0 ? `The newest ${duration(width / 1000)} of the window` : undefined}>{slice}</span>
      </div>
      <Sparkline buckets={buckets} color={color} unit={unit} zone={zone} />
    </div>
  );
}

/** The part of the window that a bucket is of; all of it where there are no buckets. `width` in ms. */
function sliceOf({ start }: Bucket, width: number, { from, to }: Window): Window {
  const until = width > 0 ? Math.min(start + width, to * 1000) : to * 1000;
  return { from: Math.max(from, Math.floor(start / 1000)), to: Math.ceil(until / 1000) };
}

function Change({ now, before, unit, width }: { now: number; before: number | undefined; unit: Unit; width: number }) {
  if (before === undefined) return <span>no bucket before</span>;
  const percent = change(now, before);
  // Signs that every font has: an arrow that a font lacks would hide which way it went.
  const sign = now > before ? '+' : now < before ? '−' : '=';
  const text =
    now === before ? 'as before' : percent === null ? 'from 0' : `${Math.abs(percent) >= 1000 ? short(Math.abs(percent)) : Math.abs(percent).toFixed(1)} %`;
  return (
    <span className="bz-value-change" title={`${duration(width / 1000)} before: ${exact(before, unit)}`}>
      <span aria-hidden="true">{sign}</span>
      <span className="bz-hidden">{now > before ? 'up' : now < before ? 'down' : 'unchanged'}</span> {text}
    </span>
  );
}

/** Every bucket of the window; a bucket without a row counted nothing. */
function toBuckets(result: PanelViewProps['result'], measure: string | undefined, bucket: number | undefined): Bucket[] {
  const time = locate(result.columns, '_timeslice') ?? locate(result.columns, result.columns.find((c) => c.kind === 'time')?.name);
  const value = locateMeasure(result.columns, measure, [time?.column.name]);
  if (!value) return [];
  if (!time) return result.rows.slice(0, 1).map((row) => ({ start: result.window.from * 1000, value: asNumber(row[value.index]) ?? 0 }));
  const width = (bucket ?? result.timeslice ?? 0) * 1000;
  const byStart = new Map(result.rows.map((row) => [asNumber(row[time.index]) ?? 0, asNumber(row[value.index]) ?? 0]));
  if (width <= 0) return [...byStart].sort(([a], [b]) => a - b).map(([start, v]) => ({ start, value: v }));
  const count = Math.min(500, Math.max(1, Math.ceil((result.window.to - result.window.from) / (width / 1000))));
  return Array.from({ length: count }, (_, i) => {
    const start = result.window.to * 1000 - (count - i) * width;
    return { start, value: byStart.get(start) ?? 0 };
  });
}

function Sparkline({ buckets, color, unit, zone }: { buckets: readonly Bucket[]; color: string; unit: Unit; zone: string }) {
  const top = Math.max(...buckets.map((b) => b.value), 1);
  const step = WIDTH / buckets.length;
  return (
    <svg
      className="bz-spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Buckets of the window, highest ${short(top, unit)}`}
    >
      {buckets.map((b, i) => {
        const height = b.value === 0 ? 1 : Math.max(2, (b.value / top) * (HEIGHT - 2));
        const gap = Math.min(2, step * 0.2);
        return (
          <rect key={b.start} x={i * step} y={HEIGHT - height} width={step - gap} height={height} fill={color} opacity={i === buckets.length - 1 ? 1 : 0.45}>
            <title>{`${clock(b.start, zone)}: ${exact(b.value, unit)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

/** The same as a picture, 480 × 240 in twice the pixels. */
function drawValue(
  { title, slice }: { readonly title: string; readonly slice: string },
  buckets: readonly Bucket[],
  unit: Unit,
  color: string,
  background: string,
  scheme: Scheme,
): string | undefined {
  const canvas = document.createElement('canvas');
  canvas.width = 960;
  canvas.height = 480;
  const context = canvas.getContext('2d');
  const newest = buckets.at(-1);
  if (!context || !newest) return undefined;
  context.scale(2, 2);
  context.fillStyle = background;
  context.fillRect(0, 0, 480, 240);
  context.fillStyle = INK[scheme].dim;
  context.font = `14px ${FONT}`;
  context.fillText(title, 16, 30, 448);
  context.fillStyle = INK[scheme].text;
  context.font = `600 48px ${FONT}`;
  context.fillText(short(newest.value, unit), 16, 84);
  context.fillStyle = INK[scheme].dim;
  context.font = `12px ${FONT}`;
  context.fillText(slice, 16, 108, 448);
  context.fillStyle = color;
  const top = Math.max(...buckets.map((b) => b.value), 1);
  const step = 448 / buckets.length;
  buckets.forEach((b, i) => {
    const height = Math.max(1, (b.value / top) * 104);
    context.globalAlpha = i === buckets.length - 1 ? 1 : 0.45;
    context.fillRect(16 + i * step, 224 - height, step - Math.min(3, step * 0.2), height);
  });
  return canvas.toDataURL('image/png');
}
