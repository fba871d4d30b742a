/**
 * A matrix: a column for each x, a row for each series, a cell's colour by its measure. Cells are buttons in
 * a table, so that keyboards and screen readers get what eyes get.
 */
import { useMemo, useRef } from 'react';
import type { Window } from '../../api/contract.ts';
import { useMoreBeside } from '../app/more-beside.ts';
import { exact, short } from '../format/numbers.ts';
import { clock } from '../format/times.ts';
import { isMono, isMonoText, roleOf, shortenMiddle } from '../format/values.ts';
import { heatOf } from '../theme/heat.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { type Located, REST } from './columns.ts';
import { type Axis, type Matrix, matrixOf } from './matrix-data.ts';
import type { PanelViewProps } from './props.ts';
import { sliceWindow } from './time-parts.tsx';

export default function MatrixPanel({ panel, result, measure, unit, zone, onDrill }: PanelViewProps) {
  const scheme = useScheme();
  const data = useMemo(
    () => matrixOf(result, { x: panel.x, series: panel.series, measure: panel.size ?? measure, label: panel.label }, zone),
    [result, panel.x, panel.series, panel.size, panel.label, measure, zone],
  );
  const scroller = useRef<HTMLDivElement>(null);
  useMoreBeside(scroller);
  if (!data) return null;
  const { x, series, rows, columns, cell, greatest } = data;
  const monoOf = (at: Located, axis: readonly Axis[]) => isMono(roleOf(at.column)) || axis.every(({ key, label }) => key === REST || isMonoText(label));
  const [xMono, yMono] = [monoOf(x, columns), monoOf(series, rows)];
  const open = (row: Axis | undefined, column: Axis | undefined, shift: boolean) => {
    const window = column && timeWindow(x, column, result, zone);
    const cells = [
      ...(column && !window ? [{ column: x.column, value: column.value }] : []),
      ...(row && row.key !== REST ? [{ column: series.column, value: row.value }] : []),
    ];
    onDrill({ cells, ...(window && { window }), shift });
  };
  const headOf = (column: Axis) => (x.column.kind === 'time' ? clock(Number(column.value), zone) : shortenMiddle(column.label, 20));
  return (
    <div className="bz-matrix">
      {/* biome-ignore lint/a11y: what scrolls must be reachable by keyboard, and a landmark per matrix would be too many */}
      <div className="bz-matrix-scroll" ref={scroller} tabIndex={0} role="group" aria-label={`${panel.title}, cells`}>
        <table>
          <caption className="bz-hidden">{`${panel.title}: ${series.column.name} by ${x.column.name}, greatest cell ${short(greatest, unit)}`}</caption>
          <thead>
            <tr>
              <td />
              {columns.map((column) => (
                <th key={column.key} scope="col" title={`${column.label}: ${exact(column.total, unit)}`}>
                  <button type="button" className={xMono ? 'bz-cell bz-mono' : 'bz-cell'} onClick={(event) => open(undefined, column, event.shiftKey)}>
                    {headOf(column)}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <th scope="row" title={`${row.label}: ${exact(row.total, unit)}`}>
                  <button
                    type="button"
                    className={yMono ? 'bz-cell bz-mono' : 'bz-cell'}
                    disabled={row.key === REST}
                    onClick={(event) => open(row, undefined, event.shiftKey)}
                  >
                    {shortenMiddle(row.label, 32)}
                  </button>
                </th>
                {columns.map((column) => {
                  const value = cell(row.key, column.key);
                  if (value === undefined) return <td key={column.key} data-empty />;
                  const { background, color } = heatOf(value, greatest, panel.meaning, scheme);
                  return (
                    <td key={column.key} style={{ background, color }}>
                      <button
                        type="button"
                        title={`${row.label} · ${column.label}: ${exact(value, unit)}`}
                        onClick={(event) => open(row, column, event.shiftKey)}
                      >
                        {short(value, unit)}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {data.cut.columns + data.cut.rows > 0 && <p className="bz-cut">{`${cutText(data.cut)}, because smaller.`}</p>}
    </div>
  );
}

function cutText({ columns, rows }: Matrix['cut']): string {
  const parts = [columns > 0 ? `${exact(columns)} columns` : '', rows > 0 ? `${exact(rows)} rows` : ''].filter(Boolean);
  return `${parts.join(' and ')} are not shown`;
}

/** The clicked slice, where the columns are times. */
function timeWindow(x: Located, column: Axis, { window, timeslice }: PanelViewProps['result'], zone: string): Window | undefined {
  const start = Number(column.value);
  if (x.column.kind !== 'time' || timeslice === undefined || !Number.isFinite(start)) return undefined;
  return sliceWindow(start, timeslice * 1000, window, zone);
}
