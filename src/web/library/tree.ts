/** Folders and what is in them as a tree, flattened to the rows that are seen. Pure. */
import type { LibraryItem } from '../../api/contract/library.ts';

export interface Row {
  readonly item: LibraryItem;
  /** From 1. */
  readonly level: number;
  /** Of a folder; undefined for a search. */
  readonly open?: boolean;
}

/** Folders first, then searches, each by name; what ships stands last. */
function compare(a: LibraryItem, b: LibraryItem): number {
  return (
    Number(a.readOnly) - Number(b.readOnly) ||
    Number(a.kind === 'search') - Number(b.kind === 'search') ||
    a.name.localeCompare(b.name, 'en', { numeric: true })
  );
}

function childrenOf(items: readonly LibraryItem[], folder: string | null): LibraryItem[] {
  return items.filter((i) => i.folder === folder).sort(compare);
}

/**
 * Rows from top to bottom. With `words`, the searches whose name or query has all of them, in their folders,
 * which are open then.
 */
export function rowsOf(items: readonly LibraryItem[], open: ReadonlySet<string>, words = ''): Row[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const walk = (folder: string | null, level: number): Row[] =>
    childrenOf(items, folder).flatMap((item) => {
      if (item.kind === 'search') return matches(item, wanted) ? [{ item, level }] : [];
      const inside = wanted.length > 0 || open.has(item.id) ? walk(item.id, level + 1) : [];
      if (wanted.length > 0 && inside.length === 0) return [];
      return [{ item, level, open: wanted.length > 0 || open.has(item.id) }, ...inside];
    });
  return walk(null, 1);
}

function matches(item: LibraryItem, words: readonly string[]): boolean {
  const text = `${item.name} ${item.kind === 'search' ? item.search.query : ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Folders that something can be put into, with their whole path; `without` and what is in it are left out. */
export function folderPaths(items: readonly LibraryItem[], without?: string): { readonly value: string; readonly label: string }[] {
  const walk = (folder: string | null, path: string): { value: string; label: string }[] =>
    childrenOf(items, folder)
      .filter((i) => i.kind === 'folder' && !i.readOnly && i.id !== without)
      .flatMap((i) => [{ value: i.id, label: `${path}${i.name}` }, ...walk(i.id, `${path}${i.name} / `)]);
  return walk(null, '');
}

/** Ids of the folders around an item, so that it can be shown. */
export function foldersAround(items: readonly LibraryItem[], id: string): string[] {
  const byId = new Map(items.map((i) => [i.id, i]));
  const around: string[] = [];
  for (let at = byId.get(id)?.folder ?? null; at !== null && !around.includes(at); at = byId.get(at)?.folder ?? null) around.push(at);
  return around;
}

/** Where a key leads from a row; null when it leads nowhere. `toggle`: opens or closes the folder there. */
export function move(rows: readonly Row[], at: number, key: string): { readonly to: number; readonly toggle?: true } | null {
  const row = rows[at];
  if (!row) return rows.length > 0 ? { to: 0 } : null;
  switch (key) {
    case 'ArrowDown':
      return at + 1 < rows.length ? { to: at + 1 } : null;
    case 'ArrowUp':
      return at > 0 ? { to: at - 1 } : null;
    case 'Home':
      return { to: 0 };
    case 'End':
      return { to: rows.length - 1 };
    case 'ArrowRight':
      if (row.open === false) return { to: at, toggle: true };
      return row.open && (rows[at + 1]?.level ?? 0) > row.level ? { to: at + 1 } : null;
    case 'ArrowLeft': {
      if (row.open) return { to: at, toggle: true };
      const parent = rows.slice(0, at).findLastIndex((r) => r.level < row.level);
      return parent < 0 ? null : { to: parent };
    }
    default:
      return null;
  }
}
