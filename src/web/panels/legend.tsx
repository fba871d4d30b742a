/**
 * The legend of a chart: a click hides a series or shows it again, with shift it shows that one alone. What
 * is hidden is kept in the page's address where the panel has one.
 */
import { useMemo, useState } from 'react';
import { shortId } from '../format/values.ts';
import type { PanelViewProps } from './props.ts';

/** How a line is drawn. */
export type Stroke = 'solid' | 'dashed' | 'dotted';

/** An entry of a legend. */
export interface Named {
  /** What it is known by while its label changes. */
  readonly key: string;
  readonly name: string;
  readonly color: string;
  readonly stroke?: Stroke;
  /** Of points. */
  readonly shape?: 'circle' | 'diamond' | 'triangle' | 'rect' | undefined;
}

/** Keys that are hidden, and how to change them. Without a page that keeps them they last as long as the panel is shown. */
export function useHidden({
  hidden,
  onHidden,
}: Pick<PanelViewProps, 'hidden' | 'onHidden'>): readonly [ReadonlySet<string>, (keys: readonly string[]) => void] {
  const [own, setOwn] = useState<readonly string[]>([]);
  const keys = onHidden ? (hidden ?? NOTHING) : own;
  return [useMemo(() => new Set(keys), [keys]), onHidden ?? setOwn];
}

const NOTHING: readonly string[] = [];

/** What is hidden after a click on `key`. Hiding the last one, or asking again for the only one, shows all. */
export function afterClick(keys: readonly string[], hidden: ReadonlySet<string>, key: string, only: boolean): string[] {
  const shown = keys.filter((k) => !hidden.has(k));
  const wanted = only ? (shown.length === 1 && shown[0] === key ? keys : [key]) : hidden.has(key) ? [...shown, key] : shown.filter((k) => k !== key);
  return wanted.length === 0 ? [] : keys.filter((k) => !wanted.includes(k));
}

interface Props {
  readonly lines: readonly Named[];
  readonly hidden: ReadonlySet<string>;
  readonly onHidden: (keys: readonly string[]) => void;
  /** What an entry stands for: drawn lines, or areas. */
  readonly mark?: 'line' | 'area';
}

export function Legend({ lines, hidden, onHidden, mark = 'line' }: Props) {
  const keys = lines.map((line) => line.key);
  return (
    <ul className="bz-legend" aria-label="Series, to show and hide" data-mark={mark}>
      {lines.map((line) => (
        <li key={line.key}>
          <button
            type="button"
            aria-pressed={!hidden.has(line.key)}
            title={`${line.name} · click hides or shows it, with shift it alone`}
            onClick={(event) => onHidden(afterClick(keys, hidden, line.key, event.shiftKey))}
          >
            <Swatch line={line} />
            <span className="bz-legend-name">{shortId(line.name, 40)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Swatch({ line: { stroke = 'solid', color, shape } }: { line: Named }) {
  const solid = stroke === 'solid';
  return (
    <span
      className="bz-swatch"
      data-stroke={solid ? undefined : stroke}
      data-shape={shape}
      style={solid ? { background: color } : { borderColor: color, borderTopStyle: stroke }}
    />
  );
}
