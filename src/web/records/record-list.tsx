/** The lines of records, of which only those in view exist. */
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { Icon } from '../app/icons.tsx';
import { flag } from '../format/flags.ts';
import { exact, short } from '../format/numbers.ts';
import { stamp } from '../format/times.ts';
import { type End, type Flow, flowOf, type Rec } from './flow.ts';
import { Pickable } from './pickable.tsx';
import { RecordDetail } from './record-detail.tsx';
import { cornerOf, type Picked } from './value-menu.tsx';

interface Props {
  readonly records: readonly Rec[];
  readonly total: number;
  readonly zone: string;
  readonly pending: boolean;
  readonly stale: boolean;
  readonly onPick: (picked: Picked) => void;
  readonly onMore: () => void;
}

const LINE = 34;
/** Lines before the end at which the next page is asked for. */
const AHEAD = 30;

export function RecordList({ records, total, zone, pending, stale, onPick, onMore }: Props) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const list = useRef<HTMLUListElement>(null);
  const virtual = useWindowVirtualizer({
    count: records.length,
    estimateSize: () => LINE,
    overscan: 10,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (i) => keyOf(records[i], i),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const more = useRef(onMore);
  more.current = onMore;
  useEffect(() => {
    if (records.length > 0 && last >= records.length - AHEAD) more.current();
  }, [last, records.length]);

  if (pending) {
    return (
      <ul className="bz-record-list" aria-hidden="true">
        {Array.from({ length: 16 }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: grey lines without identity
          <li key={i} className="bz-record-ghost" />
        ))}
      </ul>
    );
  }
  const toggle = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <>
      <ul ref={list} className="bz-record-list" aria-label="Records" data-stale={stale || undefined} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const record = records[item.index];
          if (!record) return null;
          const key = String(item.key);
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="bz-record"
              style={{ transform: `translateY(${item.start - virtual.options.scrollMargin}px)` }}
              aria-setsize={total}
              aria-posinset={item.index + 1}
            >
              <Line record={record} zone={zone} open={open.has(key)} onToggle={() => toggle(key)} onPick={onPick} />
              {open.has(key) && <RecordDetail record={record} zone={zone} onPick={onPick} />}
            </li>
          );
        })}
      </ul>
      {records.length < total && <p className="bz-dim bz-records-more">{exact(records.length)} loaded; more come as you scroll.</p>}
    </>
  );
}

/** Two records may be alike to the last byte; the place in the list tells them apart. */
function keyOf(record: Rec | undefined, index: number): string {
  return record ? `${record.time} ${index} ${record.raw.slice(0, 80)}` : String(index);
}

interface LineProps {
  readonly record: Rec;
  readonly zone: string;
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly onPick: (picked: Picked) => void;
}

function Line({ record, zone, open, onToggle, onPick }: LineProps) {
  const flow = flowOf(record);
  const pick = (field: string, value: string) => (element: Element) => onPick({ field, value, at: cornerOf(element) });
  return (
    <div className="bz-record-line">
      <button
        type="button"
        className="bz-record-time"
        onClick={onToggle}
        aria-expanded={open}
        aria-label={`Record of ${stamp(record.time, zone)}, ${summary(flow)}`}
      >
        <Icon name={open ? 'down' : 'right'} size={12} />
        {stamp(record.time, zone)}
      </button>
      {flow.action ? (
        <Pickable className="bz-action" meaning={flow.action.toLowerCase()} onPick={pick('event.action', flow.action)}>
          {flow.action}
        </Pickable>
      ) : (
        <Pickable className="bz-action" onPick={pick('aws.flowlogs.log_status', flow.status)}>
          {flow.status}
        </Pickable>
      )}
      <span className="bz-record-direction">
        {flow.direction && (
          <Pickable meaning={flow.direction} onPick={pick('network.direction', flow.direction)}>
            {flow.direction}
          </Pickable>
        )}
      </span>
      <span className="bz-record-flow">
        <EndView end={flow.source} onPick={pick} />
        <span className="bz-dim bz-arrow" role="img" aria-label="to">
          →
        </span>
        <EndView end={flow.destination} onPick={pick} />
      </span>
      <span className="bz-record-protocol bz-dim">
        {flow.protocol} {flow.flags}
      </span>
      <span className="bz-record-bytes bz-number" title={`${exact(flow.bytes, 'bytes')}, ${exact(flow.packets)} packets`}>
        {flow.bytes === null ? '' : short(flow.bytes, 'bytes')}
      </span>
    </div>
  );
}

function summary(flow: Flow): string {
  return `${flow.action || flow.status} ${flow.source.address} to ${flow.destination.address} port ${flow.destination.port}`;
}

function EndView({ end, onPick }: { end: End; onPick: (field: string, value: string) => (element: Element) => void }) {
  if (!end.address) return <span className="bz-dim">–</span>;
  return (
    <span className="bz-end">
      {end.country && (
        <span className="bz-flag" title={[end.place, end.network && `AS${end.network}`].filter(Boolean).join(' · ')} role="img" aria-label={end.place}>
          {flag(end.country) || end.country}
        </span>
      )}
      <Pickable className="bz-mono" onPick={onPick(end.fields.address, end.address)}>
        {end.address}
      </Pickable>
      {end.port && (
        <Pickable className="bz-mono bz-dim" onPick={onPick(end.fields.port, end.port)}>
          :{end.port}
          {end.service && ` ${end.service}`}
        </Pickable>
      )}
    </span>
  );
}
