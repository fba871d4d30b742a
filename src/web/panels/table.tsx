/** Rows: sorted by a click on a head, searched, virtual, with totals and a bar behind the measure. */
import { ActionIcon, TextInput } from '@mantine/core';
import { useElementSize, useMediaQuery } from '@mantine/hooks';
import {
  columnFilteringFeature,
  createColumnHelper,
  createFilteredRowModel,
  createSortedRowModel,
  globalFilteringFeature,
  rowSortingFeature,
  type SortFn,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type FocusEvent, type KeyboardEvent, useMemo, useRef, useState } from 'react';
import type { OutputColumn } from '../../api/contract.ts';
import { Icon } from '../app/icons.tsx';
import { useMoreBeside } from '../app/more-beside.ts';
import { useRowSteps } from '../app/row-steps.ts';
import { asNumber, cell, exact, type Unit, unitOf } from '../format/numbers.ts';
import { type Role, roleOf } from '../format/values.ts';
import { asksForRefused, isRefusedRow } from '../records/refused.ts';
import { heatOf } from '../theme/heat.ts';
import { MEANING_COLORS, type Meaning, type Scheme, withAlpha } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { lettersFor } from './letters.ts';
import type { PanelViewProps } from './props.ts';
import { ValueText } from './value-text.tsx';

type Row = readonly unknown[];

/** Numbers as numbers, addresses and texts with their digits as numbers; nothing comes last. */
const byValue: SortFn<typeof features, Row> = (a, b, id) => {
  const [left, right] = [a.getValue(id), b.getValue(id)];
  const [x, y] = [asNumber(left), asNumber(right)];
  if (x !== null && y !== null) return x - y;
  return String(left ?? '').localeCompare(String(right ?? ''), 'en', { numeric: true });
};

const features = tableFeatures({
  rowSortingFeature,
  columnFilteringFeature,
  globalFilteringFeature,
  sortedRowModel: createSortedRowModel(),
  filteredRowModel: createFilteredRowModel(),
  sortFns: {},
  filterFns: {},
});
const helper = createColumnHelper<typeof features, Row>();

interface Head {
  readonly column: OutputColumn;
  /** Its place in a row. */
  readonly at: number;
  readonly role: Role;
  readonly unit: Unit | null;
  readonly greatest: number;
  /** How much is said beside the number: by a bar, by colour, or not. */
  readonly shows: 'bar' | 'heat' | null;
}

const ROW_HEIGHT = 26;
/** Of the head and the foot, in pixels. */
const EDGE = 28;
/** So many have room for whole ids on a telephone. */
const FEW_COLUMNS = 3;
/** A search box is worth its room from here on. */
const SEARCH_FROM = 12;

export default function TablePanel({ panel, result, measure, unit, zone, onDrill }: PanelViewProps) {
  const scheme = useScheme();
  const narrow = useMediaQuery('(max-width: 640px)', window.innerWidth <= 640, { getInitialValueInEffect: false });
  const heads = useMemo(() => headsOf(result, panel, measure, unit), [result, panel, measure, unit]);
  const { ref, width } = useElementSize();
  const letters = useMemo(() => lettersFor(heads.map(labelOf), result.rows, width), [heads, result, width]);
  const columns = useMemo(
    () =>
      helper.columns(
        heads.map((head) =>
          helper.accessor((row: Row) => row[head.at], {
            id: String(head.at),
            header: head.column.name,
            sortFn: byValue,
            sortDescFirst: head.unit !== null,
            enableGlobalFilter: true,
          }),
        ),
      ),
    [heads],
  );
  const table = useTable({
    features,
    columns,
    data: result.rows,
    getColumnCanGlobalFilter: () => true,
    globalFilterFn: (row, id, wanted) =>
      String(row.getValue(id) ?? '')
        .toLowerCase()
        .includes(String(wanted).toLowerCase()),
  });
  const rows = table.getRowModel().rows;
  const scroller = useRef<HTMLDivElement>(null);
  useMoreBeside(scroller);
  const firstTotal = heads.findIndex((h) => panel.totals.includes(h.column.name));
  const totals = firstTotal >= 0;
  // Head and foot stay above the rows.
  const covered = totals ? 2 * EDGE : EDGE;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollPaddingEnd: covered,
  });
  const items = virtual.getVirtualItems();
  const { column, isStop, cellKeys } = useCells(scroller, {
    count: rows.length,
    first: items[0]?.index ?? 0,
    last: items.at(-1)?.index ?? 0,
    scrollTo: (index) => virtual.scrollToIndex(index, { align: 'auto' }),
    page: () => Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 0) - covered) / ROW_HEIGHT) - 1),
  });
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const searched = table.state.globalFilter as string | undefined;
  const bar = withAlpha(MEANING_COLORS[scheme][panel.meaning], 0.22);
  const allRefused = useMemo(() => asksForRefused(panel), [panel]);
  const firstLabel = heads.findIndex((head) => head.unit === null);
  // Where no cell is a measure, which opens what it measures, a row is opened as a whole.
  const rowsAreRecords = heads.every((head) => head.unit === null);

  return (
    <div className="bz-table" ref={ref}>
      {result.rows.length >= SEARCH_FROM && (
        <div className="bz-table-tools">
          <TextInput
            size="xs"
            className="bz-table-search"
            aria-label={`Search in ${panel.title}`}
            placeholder={`Search ${result.truncated ? 'the first ' : ''}${exact(result.rows.length)} rows`}
            leftSection={<Icon name="search" size={14} />}
            value={searched ?? ''}
            onChange={(event) => table.setGlobalFilter(event.currentTarget.value)}
            rightSection={
              searched ? (
                <ActionIcon variant="subtle" size="xs" aria-label="Clear the search" onClick={() => table.setGlobalFilter('')}>
                  <Icon name="close" size={12} />
                </ActionIcon>
              ) : null
            }
          />
          {searched && <span className="bz-dim">{exact(rows.length)} found</span>}
        </div>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is of a form, and a landmark per table would be too many */}
      <div className="bz-table-scroll" ref={scroller} role="group" aria-label={`${panel.title}, rows`}>
        <table aria-rowcount={rows.length + 1}>
          <thead>
            <tr>
              {table.getFlatHeaders().map((header, i) => {
                const sorted = header.column.getIsSorted();
                return (
                  <th
                    key={header.id}
                    data-right={heads[i]?.role === 'number' || undefined}
                    aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                  >
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      {heads[i]?.column.name}
                      <span className="bz-sort" aria-hidden="true">
                        {sorted === 'asc' ? '▲' : sorted === 'desc' ? '▼' : ''}
                      </span>
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody {...cellKeys}>
            {before > 0 && <Spacer height={before} columns={heads.length} />}
            {items.map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              const values = row.original;
              const here = isStop(item.index);
              return (
                <tr key={row.id} data-row={item.index} aria-rowindex={item.index + 2} style={{ height: ROW_HEIGHT }}>
                  {heads.map((head, place) => {
                    const value = values[head.at];
                    const stop = here && place === Math.min(column, heads.length - 1);
                    if (head.unit !== null) {
                      return (
                        <td key={head.at} data-right data-shows={head.shows ?? undefined} style={cellStyle(head, value, bar, panel.meaning, scheme)}>
                          <button
                            type="button"
                            className="bz-cell"
                            tabIndex={stop ? 0 : -1}
                            data-cell
                            title={`${exact(value, head.unit)} · open the records`}
                            onClick={(event) => onDrill({ cells: [...labelsOf(heads, values), ...ownCell(head.column, value)], shift: event.shiftKey })}
                          >
                            {cell(value, head.unit)}
                          </button>
                        </td>
                      );
                    }
                    return (
                      <td key={head.at} data-right={head.role === 'number' || undefined}>
                        <ValueText
                          column={head.column}
                          value={value}
                          zone={zone}
                          window={result.window}
                          narrow={narrow && heads.length > FEW_COLUMNS}
                          room={letters}
                          stop={stop}
                          onDrill={(shift) => onDrill({ cells: [{ column: head.column, value }], shift })}
                        />
                        {head === heads[firstLabel] && rowsAreRecords && (
                          <button
                            type="button"
                            className="bz-why"
                            tabIndex={here ? 0 : -1}
                            aria-label="Open the record"
                            title="Open the record of this row"
                            onClick={() => onDrill({ cells: labelsOf(heads, values), shift: false })}
                          >
                            <Icon name="out" size={12} />
                          </button>
                        )}
                        {head === heads[firstLabel] && (allRefused || isRefusedRow(result.columns, values)) && (
                          <button
                            type="button"
                            className="bz-why"
                            tabIndex={here ? 0 : -1}
                            aria-label="Why refused?"
                            title="Why refused? Of the newest record behind this row"
                            onClick={() => onDrill({ cells: labelsOf(heads, values), shift: false, why: true })}
                          >
                            <Icon name="help" size={12} />
                          </button>
                        )}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
            {after > 0 && <Spacer height={after} columns={heads.length} />}
          </tbody>
          {totals && (
            <tfoot>
              <tr>
                {/* Across all columns before: alone it would make the first one as wide as it is long. */}
                {firstTotal > 0 && <td colSpan={firstTotal}>{`${result.truncated ? 'Sum of the first' : 'Total of'} ${exact(rows.length)}`}</td>}
                {heads.slice(firstTotal).map((head) => (
                  <td key={head.at} data-right={head.role === 'number' || undefined}>
                    {panel.totals.includes(head.column.name) && <TotalCell rows={rows.map((r) => r.original)} at={head.at} unit={head.unit ?? 'count'} />}
                  </td>
                ))}
              </tr>
            </tfoot>
          )}
        </table>
      </div>
    </div>
  );
}

/** Arrow keys from cell to cell: Tab stops at one of them, and Enter there does what a click does. */
function useCells(scroller: { readonly current: HTMLElement | null }, list: Omit<Parameters<typeof useRowSteps>[0], 'find' | 'boxed'>) {
  const [column, setColumn] = useState(0);
  const cellOf = (row: Element | null | undefined, at: number) => row?.children[at]?.querySelector<HTMLElement>('[data-cell]');
  const placeOf = (target: EventTarget) => {
    const cell = (target as Element).closest('td');
    const row = cell?.closest<HTMLElement>('[data-row]');
    return cell && row ? { row, index: Number(row.dataset.row), at: cell.cellIndex } : undefined;
  };
  const { isStop, step, setCurrent } = useRowSteps({
    ...list,
    boxed: true,
    find: (index) => {
      const row = scroller.current?.querySelector(`[data-row="${index}"]`);
      return cellOf(row, Math.min(column, (row?.children.length ?? 1) - 1));
    },
  });
  const cellKeys = {
    onFocus: (event: FocusEvent) => {
      const place = placeOf(event.target);
      if (!place) return;
      setCurrent(place.index);
      setColumn(place.at);
    },
    onKeyDown: (event: KeyboardEvent) => {
      const place = placeOf(event.target);
      if (!place || step(place.index, event)) return;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      cellOf(place.row, place.at + by)?.focus();
    },
  };
  return { column, isStop, cellKeys };
}

function TotalCell({ rows, at, unit }: { rows: readonly Row[]; at: number; unit: Unit }) {
  const total = rows.reduce((sum, row) => sum + (asNumber(row[at]) ?? 0), 0);
  return <span title={exact(total, unit)}>{cell(total, unit)}</span>;
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    <tr>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

/** After a transpose the name of a measure's column is a value. A measure that is some field's value is none to filter by. */
function ownCell(column: OutputColumn, value: unknown) {
  return column.field === undefined ? [{ column, value }] : [];
}

function labelsOf(heads: readonly Head[], values: Row) {
  return heads.flatMap((head) => (head.unit === null ? [{ column: head.column, value: values[head.at] }] : []));
}

/** A column as it takes room: measures, times and what is shown by a name are never long. */
function labelOf({ column, at, role, unit }: Head) {
  return unit === null && (role === 'text' || role === 'id' || role === 'address') ? { name: column.name, at } : { name: column.name };
}

/** Columns as they are shown; how many groups the rest of a top stands for is said by its name. */
function headsOf({ columns, rows }: PanelViewProps['result'], panel: PanelViewProps['panel'], measure: string | undefined, unit: Unit): Head[] {
  const shown = columns.map((column, at) => ({ column, at })).filter(({ column }) => column.name !== '_other');
  // A measure is a number that is no field's value: counts and sums, not ports.
  const isMeasure = (column: OutputColumn): boolean =>
    [measure, ...panel.totals, ...panel.heat].includes(column.name) || (roleOf(column) === 'number' && column.field === undefined);
  const several = shown.filter(({ column }) => isMeasure(column)).length > 1;
  return shown.map(({ column, at }): Head => {
    const role = roleOf(column);
    if (!isMeasure(column)) return { column, at, role, unit: null, greatest: 0, shows: null };
    const greatest = rows.reduce((most, row) => Math.max(most, asNumber(row[at]) ?? 0), 0);
    // A bar tells rows apart.
    const differ = rows.some((row) => asNumber(row[at]) !== asNumber(rows[0]?.[at]));
    const own = several && column.name !== measure ? unitOf(column.name) : unit;
    return { column, at, role: 'number', unit: own, greatest, shows: panel.heat.includes(column.name) ? 'heat' : differ && greatest > 0 ? 'bar' : null };
  });
}

function cellStyle({ greatest, shows }: Head, value: unknown, bar: string, meaning: Meaning, scheme: Scheme): CSSProperties | undefined {
  const n = asNumber(value) ?? 0;
  if (shows === 'heat') {
    const { background, color } = heatOf(n, greatest, meaning, scheme);
    return { backgroundColor: background, color };
  }
  const filled = Math.max(0, (n / greatest) * 100);
  return shows === 'bar' ? { backgroundImage: `linear-gradient(to left, ${bar} ${filled}%, transparent ${filled}%)` } : undefined;
}
