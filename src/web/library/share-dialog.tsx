/** A link to what the search page shows, which needs nothing saved: with its time as it is written, or fixed to the instants of now. */
import { Button, CopyButton, Modal, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import { stringifySearch } from '../app/search.ts';
import { encodeChip } from '../filters/filter.ts';
import { describeRange, fixed, moves, type Range } from '../time/range.ts';
import { type Current, type SavedItem, toSaved } from './saved.ts';

interface Props {
  readonly current: Current;
  readonly zone: string;
  /** A saved search that is shown unchanged. */
  readonly item: SavedItem | undefined;
  readonly onClose: () => void;
}

/** What a link leads to. */
type Kind = 'relative' | 'fixed' | 'saved';

export function ShareDialog({ current, zone, item, onClose }: Props) {
  const [now] = useState(Date.now);
  const [kind, setKind] = useState<Kind>('relative');
  const stays = fixed(current.range, now);
  const choices = [
    { value: 'relative' as const, label: moves(current.range) ? `${describeRange(current.range, zone, now)}, whenever it is opened` : 'This time range' },
    ...(stays && moves(current.range) ? [{ value: 'fixed' as const, label: `These times: ${describeRange(stays, zone, now)}` }] : []),
    ...(item ? [{ value: 'saved' as const, label: `“${item.name}” as it is saved then` }] : []),
  ];
  const link = linkTo(current, kind === 'fixed' && stays ? stays : current.range, kind === 'saved' ? item?.id : undefined);
  return (
    <Modal opened onClose={onClose} title="Share this search" size="lg">
      <div className="bz-library-form">
        {choices.length > 1 && (
          <SegmentedControl orientation="vertical" aria-label="What the link opens" data={choices} value={kind} onChange={(value) => setKind(value as Kind)} />
        )}
        <TextInput label="Link" value={link} readOnly onFocus={(event) => event.currentTarget.select()} classNames={{ input: 'bz-mono' }} data-autofocus />
        <p className="bz-dim bz-small">The link holds the query, the filters and the view. Who opens it needs to be able to sign in here.</p>
        <div className="bz-row-end">
          <CopyButton value={link} timeout={3000}>
            {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy the link'}</Button>}
          </CopyButton>
        </div>
      </div>
    </Modal>
  );
}

function linkTo(current: Current, { from, to }: Range, saved: string | undefined): string {
  const { query, filters, timeZone, view } = toSaved(current);
  const search = stringifySearch(
    saved === undefined
      ? {
          from,
          to,
          q: query,
          ...(timeZone !== undefined && { tz: timeZone }),
          ...(filters.length > 0 && { f: filters.map((f) => encodeChip({ ...f, paused: false })) }),
          ...(view?.view !== undefined && { view: view.view }),
          ...(view?.order !== undefined && { order: view.order }),
          ...(view?.cols && { cols: view.cols }),
        }
      : { saved },
  );
  return `${window.location.origin}/search${search}`;
}
