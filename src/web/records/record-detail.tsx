/** An opened record: its ECS document as a tree, its fields by AWS's names, its tags, its raw text, and why it was refused. */
import { CopyButton, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { findField } from '../../model/fields.ts';
import { Icon } from '../app/icons.tsx';
import { stamp, zoneName } from '../format/times.ts';
import type { Rec } from './flow.ts';
import { Pickable } from './pickable.tsx';
import { Refusal } from './refusal.tsx';
import { isRefused } from './refused.ts';
import { tagsOf } from './tags.ts';
import { cornerOf, type Picked } from './value-menu.tsx';

type View = 'document' | 'fields' | 'tags' | 'raw' | 'why';
type OnPick = (picked: Picked) => void;

const VIEWS = [
  { value: 'document', label: 'ECS document' },
  { value: 'fields', label: 'Fields' },
  { value: 'tags', label: 'Tags' },
  { value: 'raw', label: 'Raw' },
];
const WHY = { value: 'why', label: 'Why refused?' };

interface Props {
  readonly record: Rec;
  readonly zone: string;
  /** Opens with the answer to why it was refused, where it was. */
  readonly why?: boolean;
  readonly onPick: OnPick;
}

export function RecordDetail({ record, zone, why = false, onPick }: Props) {
  const refused = isRefused(record);
  const [view, setView] = useState<View>(why && refused ? 'why' : 'document');
  return (
    <div className="bz-detail">
      <div className="bz-detail-head">
        <SegmentedControl
          size="xs"
          aria-label="Form of the record"
          data={refused ? [...VIEWS, WHY] : VIEWS}
          value={view}
          onChange={(v) => setView(v as View)}
        />
        {view !== 'why' && (
          <CopyButton value={textOf(record, view)}>
            {({ copied, copy }) => (
              <button type="button" className="bz-link" onClick={copy}>
                <Icon name={copied ? 'check' : 'copy'} size={12} /> {copied ? 'Copied' : 'Copy'}
              </button>
            )}
          </CopyButton>
        )}
        <span className="bz-dim bz-small">
          {stamp(record.time, zone)} {zoneName(zone, record.time)} · from {record.origin.sourceName || 'an unnamed source'}
        </span>
      </div>
      {view === 'why' ? (
        <Refusal record={record} zone={zone} />
      ) : view === 'raw' ? (
        <pre className="bz-raw">{record.raw}</pre>
      ) : view === 'fields' ? (
        <Fields record={record} onPick={onPick} />
      ) : view === 'tags' ? (
        <Tags record={record} onPick={onPick} />
      ) : (
        <Tree value={record.document} path="" onPick={onPick} />
      )}
    </div>
  );
}

function textOf(record: Rec, view: Exclude<View, 'why'>): string {
  if (view === 'raw') return record.raw;
  const shown = { document: record.document, fields: record.fields, tags: Object.fromEntries(tagsOf(record).map((t) => [t.name, t.value])) };
  return JSON.stringify(shown[view], null, 2);
}

function Tags({ record, onPick }: { record: Rec; onPick: OnPick }) {
  return (
    <dl className="bz-fields">
      {tagsOf(record).map(({ name, field, value, shown }) => (
        <div key={name}>
          <dt title={findField(field)?.doc}>{name}</dt>
          <dd>
            <Pickable className="bz-leaf bz-mono" onPick={(element) => onPick({ field, value, at: cornerOf(element) })}>
              {shown}
            </Pickable>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Fields({ record, onPick }: { record: Rec; onPick: OnPick }) {
  return (
    <dl className="bz-fields">
      {Object.entries(record.fields).map(([name, value]) => (
        <div key={name}>
          <dt title={findField(name)?.doc}>{name}</dt>
          <dd>
            <Leaf path={name} value={value} onPick={onPick} own />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Tree({ value, path, onPick }: { value: Readonly<Record<string, unknown>>; path: string; onPick: OnPick }) {
  return (
    <dl className="bz-tree">
      {Object.entries(value).map(([key, child]) => {
        const at = path ? `${path}.${key}` : key;
        return (
          <div key={key} data-branch={isBranch(child) || undefined}>
            <dt title={findField(at)?.doc}>{key}</dt>
            <dd>
              {isBranch(child) ? (
                <Tree value={child} path={at} onPick={onPick} />
              ) : Array.isArray(child) ? (
                child.map((item) => <Leaf key={String(item)} path={at} value={item} onPick={onPick} />)
              ) : (
                <Leaf path={at} value={child} onPick={onPick} />
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `own`: the path is the name of one of the record's fields, which an extraction rule may have made. */
function Leaf({ path, value, onPick, own = false }: { path: string; value: unknown; onPick: OnPick; own?: boolean }) {
  const text = value === null ? 'null' : String(value);
  const field = findField(path);
  // A time is a moment, not something to filter by.
  const filterable = field === undefined ? own : field.type !== 'time' && field.derived !== 'raw';
  return (
    <Pickable
      className="bz-leaf bz-mono"
      onPick={(element) => onPick({ field: filterable ? (field?.name ?? path) : undefined, value: text, at: cornerOf(element) })}
    >
      {text}
    </Pickable>
  );
}
