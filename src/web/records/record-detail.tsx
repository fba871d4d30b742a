/** An opened record: an event's own JSON, its ECS document as a tree, its fields by AWS's names, a flow's tags, its raw text, and why it was refused. */
import { CopyButton, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { findField } from '../../model/fields.ts';
import { fieldIn } from '../../model/log-formats.ts';
import { Icon } from '../app/icons.tsx';
import { stamp, zoneName } from '../format/times.ts';
import { Highlighted, type Term } from '../search/results/highlight.tsx';
import { eventJson, formatOfRecord } from './event.ts';
import { EventHead } from './event-head.tsx';
import type { Rec } from './flow.ts';
import { Leaf, Tree } from './json-tree.tsx';
import { Pickable } from './pickable.tsx';
import { Refusal } from './refusal.tsx';
import { isRefused } from './refused.ts';
import { tagsOf } from './tags.ts';
import { cornerOf, type Picked } from './value-menu.tsx';

type View = 'event' | 'document' | 'fields' | 'tags' | 'raw' | 'why';
type OnPick = (picked: Picked) => void;

const DOCUMENT = { value: 'document', label: 'ECS document' };
const FIELDS = { value: 'fields', label: 'Fields' };
const RAW = { value: 'raw', label: 'Raw' };
const OF_FLOW = [DOCUMENT, FIELDS, { value: 'tags', label: 'Tags' }, RAW];
const OF_EVENT = [{ value: 'event', label: 'Event' }, DOCUMENT, FIELDS, RAW];
const WHY = { value: 'why', label: 'Why refused?' };
const NO_TERMS: readonly Term[] = [];

interface Props {
  readonly record: Rec;
  readonly zone: string;
  /** Opens with the answer to why it was refused, where it was. */
  readonly why?: boolean;
  /** What was searched for, to be marked. */
  readonly terms?: readonly Term[];
  readonly onPick: OnPick;
}

export function RecordDetail({ record, zone, why = false, terms = NO_TERMS, onPick }: Props) {
  const refused = isRefused(record);
  const json = eventJson(record);
  const [view, setView] = useState<View>(why && refused ? 'why' : json ? 'event' : 'document');
  const tree = { path: '', format: formatOfRecord(record), terms, onPick };
  const views = json ? OF_EVENT : OF_FLOW;
  return (
    <div className="bz-detail">
      {json && <EventHead record={record} onPick={onPick} />}
      <div className="bz-detail-head">
        <SegmentedControl
          size="xs"
          aria-label="Form of the record"
          data={refused ? [...views, WHY] : views}
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
        <pre className="bz-raw">
          <Highlighted text={record.raw} terms={terms} />
        </pre>
      ) : view === 'fields' ? (
        <Fields record={record} terms={terms} onPick={onPick} />
      ) : view === 'tags' ? (
        <Tags record={record} onPick={onPick} />
      ) : (
        <Tree key={view} value={view === 'event' && json ? json : record.document} {...tree} />
      )}
    </div>
  );
}

function textOf(record: Rec, view: Exclude<View, 'why'>): string {
  if (view === 'raw') return record.raw;
  const shown = {
    event: eventJson(record),
    document: record.document,
    fields: record.fields,
    tags: Object.fromEntries(tagsOf(record).map((t) => [t.name, t.value])),
  };
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

function Fields({ record, terms, onPick }: { record: Rec; terms: readonly Term[]; onPick: OnPick }) {
  const format = formatOfRecord(record);
  return (
    <dl className="bz-fields">
      {Object.entries(record.fields).map(([name, value]) => (
        <div key={name}>
          <dt title={(fieldIn(format, name) ?? findField(name))?.doc}>{name}</dt>
          <dd>
            <Leaf path={name} value={value} format={format} terms={terms} onPick={onPick} own />
          </dd>
        </div>
      ))}
    </dl>
  );
}
