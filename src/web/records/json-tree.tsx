/** JSON as a tree: objects and lists stand below their keys, and a click on a value opens its menu. */
import { findField } from '../../model/fields.ts';
import { fieldIn, type LogFormat } from '../../model/log-formats.ts';
import { explained } from '../format/values.ts';
import { Highlighted, type Term } from '../search/results/highlight.tsx';
import { isBranch, type Json, pathBelow, queryPath } from './event.ts';
import { Pickable } from './pickable.tsx';
import { cornerOf, type Picked } from './value-menu.tsx';

type OnPick = (picked: Picked) => void;

interface TreeProps {
  readonly value: Json | readonly unknown[];
  readonly path: string;
  readonly format: LogFormat;
  readonly terms: readonly Term[];
  readonly onPick: OnPick;
}

export function Tree({ value, path, ...rest }: TreeProps) {
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value) ? value.map((item, i) => [i, item] as const) : Object.entries(value);
  return (
    <dl className="bz-tree">
      {entries.map(([key, child]) => {
        const at = pathBelow(path, key);
        const branch = isBranch(child) || isList(child);
        return (
          <div key={key} data-branch={branch || undefined}>
            <dt title={findField(at)?.doc}>{key}</dt>
            <dd>
              {branch ? (
                <Tree value={child} path={at} {...rest} />
              ) : Array.isArray(child) ? (
                // Values of a list, such as addresses of one event, are asked for by the name of the list.
                child.map((item) => <Leaf key={String(item)} path={at} value={item} {...rest} />)
              ) : (
                <Leaf path={at} value={child} {...rest} />
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** A list whose entries are told apart by their places. */
function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null);
}

interface LeafProps extends Omit<TreeProps, 'value'> {
  readonly value: unknown;
  /** The path is the name of one of the record's fields, which an extraction rule may have made. */
  readonly own?: boolean;
}

export function Leaf({ path, value, format, terms, onPick, own = false }: LeafProps) {
  const text = value === null ? 'null' : String(value);
  const field = nameOf(path, format, own);
  return (
    <Pickable
      className="bz-leaf bz-mono"
      title={explained(value)}
      onPick={(element) => onPick({ field: value === null ? undefined : field, value: text, at: cornerOf(element) })}
    >
      <Highlighted text={text} terms={terms} field={field ?? path} />
      {explained(value) && <span className="bz-dim"> hidden by AWS</span>}
    </Pickable>
  );
}

/** What a filter calls the value at a path; undefined where none can ask for it. A time is a moment, not something to filter by. */
function nameOf(path: string, format: LogFormat, own: boolean): string | undefined {
  const field = fieldIn(format, path) ?? findField(path);
  if (field) return field.type === 'time' || field.derived === 'raw' ? undefined : format.kind === 'event' ? path : field.name;
  return (format.kind === 'event' ? queryPath(path) : undefined) ?? (own && path !== 'eventTime' ? path : undefined);
}
