/** What the search page offers to keep, to hand on and to take away: its own line of the page mounts it. */
import './library.css';
import { ActionIcon } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { ApiFailure } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { useKeys } from '../app/keys.ts';
import { usePage } from '../app/use-page.ts';
import type { Range } from '../time/range.ts';
import { ExportMenu } from './export-menu.tsx';
import { itemQuery } from './queries.ts';
import { addressOf, type Current, isChanged, type SavedItem } from './saved.ts';

const SearchLibrary = lazy(() => import('./search-library.tsx').then((m) => ({ default: m.SearchLibrary })));
const SaveDialog = lazy(() => import('./save-dialog.tsx').then((m) => ({ default: m.SaveDialog })));
const ShareDialog = lazy(() => import('./share-dialog.tsx').then((m) => ({ default: m.ShareDialog })));
const AddToDashboard = lazy(() => import('./add-to-dashboard.tsx').then((m) => ({ default: m.AddToDashboard })));

interface Props {
  /** As it stands in the editor, run or not. */
  readonly query: string;
  readonly range: Range;
  /** Rows of the result as far as they are known; undefined before it is run. */
  readonly rows?: number | undefined;
  /** There may be more rows. */
  readonly atLeast?: boolean;
}

type Open = 'library' | 'save' | 'share' | 'panel' | null;

export function SearchActions({ query, range, rows, atLeast = false }: Props) {
  const { search, chips, zone, change } = usePage();
  const [open, setOpen] = useState<Open>(null);
  const current = useMemo<Current>(() => ({ query, range, chips, search }), [query, range, chips, search]);
  const saved = useQuery({ ...itemQuery(search.saved ?? ''), enabled: search.saved !== undefined });
  const item = saved.data?.kind === 'search' && search.saved !== undefined ? saved.data : undefined;
  const changed = item !== undefined && search.q !== undefined && isChanged(item, current);
  const show = (next: SavedItem) => change(addressOf(next));

  // A link that only names a saved search: everything else comes from it.
  const arrived = useRef<string | null>(null);
  useEffect(() => {
    if (!item || search.q !== undefined || arrived.current === item.id) return;
    arrived.current = item.id;
    change(addressOf(item), { replace: true });
  }, [item, search.q, change]);
  useKeys({ o: () => setOpen('library'), s: () => setOpen('save') });

  const nothing = query.trim() === '';
  const close = () => setOpen(null);
  const button = (what: Exclude<Open, null>, icon: 'folder' | 'save' | 'link' | 'panel', label: string, needs = true) => (
    <ActionIcon variant="subtle" color="gray" aria-label={label} title={label} disabled={needs && nothing} onClick={() => setOpen(what)}>
      <Icon name={icon} />
    </ActionIcon>
  );
  return (
    <section className="bz-search-actions" aria-label="This search">
      <Title item={item} changed={changed} failed={saved.error} />
      {button('library', 'folder', 'Open a saved search (o)', false)}
      {button('save', 'save', 'Save this search (s)')}
      {button('share', 'link', 'Share this search')}
      {button('panel', 'panel', 'Add to a dashboard')}
      <ExportMenu current={current} zone={zone} name={item?.name ?? 'search'} rows={rows} atLeast={atLeast} disabled={nothing} />
      <Suspense>
        {open === 'library' && (
          <SearchLibrary
            opened
            onClose={close}
            current={search.saved}
            onOpen={(next) => {
              close();
              show(next);
            }}
            onRemoved={(id) => id === search.saved && change({ saved: undefined }, { replace: true })}
          />
        )}
        {open === 'save' && (
          <SaveDialog
            current={current}
            zone={zone}
            item={item}
            onClose={close}
            onSaved={(next) => {
              close();
              show(next);
            }}
          />
        )}
        {open === 'share' && <ShareDialog current={current} zone={zone} item={changed ? undefined : item} onClose={close} />}
        {open === 'panel' && <AddToDashboard current={current} zone={zone} name={item?.name} onClose={close} />}
      </Suspense>
    </section>
  );
}

/** Which saved search this is, and whether it is one still. */
function Title({ item, changed, failed }: { item: SavedItem | undefined; changed: boolean; failed: Error | null }) {
  if (failed) {
    const gone = failed instanceof ApiFailure && failed.status === 404;
    return (
      <span className="bz-saved-title bz-warn" role="status">
        {gone ? 'This saved search is not there any more' : 'The saved search cannot be loaded'}
      </span>
    );
  }
  if (!item) return null;
  return (
    <span className="bz-saved-title" title={item.search.description ?? item.name}>
      {item.name}
      {changed && (
        <span className="bz-warn" role="status">
          {' '}
          · not saved
        </span>
      )}
    </span>
  );
}
