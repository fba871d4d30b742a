/** What every panel kind is given, and what it asks for. */
import type { OutputColumn, Window } from '../../api/contract.ts';
import type { Panel } from '../../dashboards/schema.ts';
import type { PanelResult } from '../dashboard/run-store.ts';
import type { Unit } from '../format/numbers.ts';

/** A click on a value: the records behind it, or with shift a filter of the dashboard. */
export interface Drill {
  /** The clicked values, with the columns they stand in. */
  readonly cells: readonly { readonly column: OutputColumn; readonly value: unknown }[];
  /** A part of the panel's window: the clicked bucket. */
  readonly window?: Window;
  readonly shift: boolean;
  /** Not the records but why the newest of them was refused. */
  readonly why?: boolean;
}

export interface PanelViewProps {
  readonly panel: Panel;
  readonly result: PanelResult;
  /** IANA zone that times are shown in. */
  readonly zone: string;
  /** Column of the measure in effect, and its unit. */
  readonly measure: string | undefined;
  readonly unit: Unit;
  readonly onDrill: (drill: Drill) => void;
  /** A range dragged on a time chart, epoch seconds. */
  readonly onZoom: (window: Window) => void;
  /** Charts of one group show their hover together. */
  readonly group: string;
  /** Series that the viewer has hidden, and what to do when that changes; a view without them keeps its own. */
  readonly hidden?: readonly string[] | undefined;
  readonly onHidden?: ((keys: readonly string[]) => void) | undefined;
  /** Shown full screen. */
  readonly full: boolean;
}
