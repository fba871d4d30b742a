/**
 * The library as the API shows it: what people made, and beside it the searches that ship with the product,
 * in a folder that nobody changes.
 */

import type { SavedSearch } from '../dashboards/saved-search.ts';
import { parse } from '../query/index.ts';
import type { Item } from '../store/library.ts';
import type { LibraryChange, LibraryItem, LibraryNew } from './contract/library.ts';
import type { ServerDeps } from './deps.ts';
import { DiagnosticError, Problem } from './errors.ts';

/** Id and name of the folder of what ships. */
const READY = { id: 'bartizan', name: 'Bartizan' } as const;
const MOST_ITEMS = 10_000;

type Kind = LibraryItem['kind'];

/** Folders first, then by name; what ships comes last. */
export async function listLibrary(deps: ServerDeps, kind?: Kind): Promise<LibraryItem[]> {
  const kinds: readonly Kind[] = kind ? [kind] : ['folder', 'search'];
  const own = await Promise.all(kinds.map((k) => deps.library.list(k)));
  return [...own.flat().map(ownItem), ...readyItems(deps)].filter((item) => kinds.includes(item.kind));
}

/** Throws Problem `not-found`. */
export async function getItem(deps: ServerDeps, id: string): Promise<LibraryItem> {
  const ready = readyItems(deps).find((item) => item.id === id);
  if (ready) return ready;
  const item = await deps.library.get(id);
  if (item?.kind === 'folder' || item?.kind === 'search') return ownItem(item);
  throw new Problem('not-found', 'This is not in the library any more.', { hint: 'Somebody may have removed it; the list shows what is there.' });
}

/** Throws LibraryError, DiagnosticError and Problem. */
export async function createItem(deps: ServerDeps, item: LibraryNew): Promise<LibraryItem> {
  if (item.folder !== null) checkOwn(deps, item.folder);
  if (item.kind === 'search') checkQuery(item.search);
  if ((await deps.library.list()).length >= MOST_ITEMS)
    throw new Problem('library-full', `The library holds ${MOST_ITEMS.toLocaleString('en-US')} things already.`, { hint: 'Remove some that nobody needs.' });
  return ownItem(await deps.library.create({ ...item, body: item.kind === 'search' ? item.search : null }));
}

/** Throws LibraryError, DiagnosticError and Problem. */
export async function changeItem(deps: ServerDeps, id: string, { search, name, folder, revision }: LibraryChange): Promise<LibraryItem> {
  const old = await getOwn(deps, id);
  if (folder != null) checkOwn(deps, folder);
  if (search && old.kind !== 'search') throw new Problem('invalid-request', 'A folder has no search.');
  if (search) checkQuery(search);
  const change = {
    ...(search && { body: search }),
    ...(name !== undefined && { name }),
    ...(folder !== undefined && { folder }),
    ...(revision !== undefined && { revision }),
  };
  return ownItem(await deps.library.update(id, change));
}

/** Throws LibraryError and Problem. */
export async function removeItem(deps: ServerDeps, id: string): Promise<void> {
  await getOwn(deps, id);
  await deps.library.remove(id);
}

async function getOwn(deps: ServerDeps, id: string): Promise<LibraryItem> {
  checkOwn(deps, id);
  return getItem(deps, id);
}

/** Throws Problem `read-only` for what ships. */
function checkOwn(deps: ServerDeps, id: string): void {
  if (!readyItems(deps).some((item) => item.id === id)) return;
  throw new Problem('read-only', 'What ships with Bartizan cannot be changed.', { hint: 'Save a copy in a folder of your own.' });
}

/** What cannot be read is not kept: it would fail for everybody who opens it. */
function checkQuery({ query }: SavedSearch): void {
  const { diagnostics } = parse(query);
  if (diagnostics.length) throw new DiagnosticError(diagnostics);
}

function readyItems(deps: ServerDeps): LibraryItem[] {
  if (deps.searches.length === 0) return [];
  const common = { created: 0, updated: 0, revision: 0, readOnly: true };
  return [
    { kind: 'folder', ...common, id: READY.id, name: READY.name, folder: null },
    ...deps.searches.map(({ id, name, search }): LibraryItem => ({ kind: 'search', ...common, id, name, folder: READY.id, search })),
  ];
}

function ownItem({ kind, body, ...item }: Item): LibraryItem {
  if (kind === 'folder') return { kind, ...item, readOnly: false };
  return { kind: 'search', ...item, readOnly: false, search: body as SavedSearch };
}
