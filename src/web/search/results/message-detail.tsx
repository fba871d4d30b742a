/** An opened message: links from it, what the query made of it, then the record as a document, as fields and raw. */
import { CopyButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { OutputColumn } from '../../../api/contract.ts';
import { statusQuery } from '../../api/queries.ts';
import { Icon } from '../../app/icons.tsx';
import { display, roleOf } from '../../format/values.ts';
import { isEvent } from '../../records/event.ts';
import type { Rec } from '../../records/flow.ts';
import { Pickable } from '../../records/pickable.tsx';
import { RecordDetail } from '../../records/record-detail.tsx';
import { cornerOf, type Picked } from '../../records/value-menu.tsx';
import { recordSearch, surroundingSearch, waysFrom } from './around.ts';
import type { Term } from './highlight.tsx';

interface Props {
  readonly record: Rec;
  readonly made: readonly OutputColumn[];
  readonly zone: string;
  readonly terms: readonly Term[];
  /** Opens with the answer to why it was refused. */
  readonly why: boolean;
  readonly onPick: (picked: Picked) => void;
}

export function MessageDetail({ record, made, zone, terms, why, onPick }: Props) {
  const present = useQuery(statusQuery).data?.datasets;
  const events = isEvent(record);
  return (
    <div className="bz-message-detail">
      <div className="bz-message-links">
        <Link
          to="."
          search={surroundingSearch(record)}
          className="bz-tool"
          title={events ? 'What the same actor did a quarter of an hour before and after' : 'What was recorded a minute before and after at the same place'}
        >
          <Icon name="clock" size={12} /> Surrounding records
        </Link>
        {waysFrom(record, present?.map(({ dataset }) => dataset) ?? []).map(({ title, search }) => (
          <Link key={title} to="." search={search} className="bz-tool" title="An hour before and after">
            <Icon name="link" size={12} /> {title}
          </Link>
        ))}
        <Copy value={record.raw} label="Copy raw" />
        <Copy value={JSON.stringify({ ...record.document, ...(made.length > 0 && { values: record.values }) }, null, 2)} label="Copy JSON" />
        <Link to="." search={recordSearch(record)} className="bz-tool">
          <Icon name="out" size={12} /> This record alone
        </Link>
        <CopyLink record={record} />
      </div>
      {made.length > 0 && (
        <dl className="bz-fields bz-message-made" aria-label="What the query made">
          {made.map((column) => (
            <div key={column.name}>
              <dt>{column.name}</dt>
              <dd>
                <Pickable
                  className="bz-leaf bz-mono"
                  onPick={(element) => onPick({ field: column.name, value: textOf(record.values[column.name]), at: cornerOf(element) })}
                >
                  {display(record.values[column.name], roleOf(column), zone)}
                </Pickable>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <RecordDetail record={record} zone={zone} terms={terms} why={why} onPick={onPick} />
    </div>
  );
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <button type="button" className="bz-tool" onClick={copy}>
          <Icon name={copied ? 'check' : 'copy'} size={12} /> {copied ? 'Copied' : label}
        </button>
      )}
    </CopyButton>
  );
}

/** The address is read from the link beside it, which the router made. */
function CopyLink({ record }: { record: Rec }) {
  const { from = '', to = '', q = '' } = recordSearch(record);
  const address = `${window.location.origin}${window.location.pathname}?${new URLSearchParams({ from, to, q })}`;
  return <Copy value={address} label="Copy link" />;
}
