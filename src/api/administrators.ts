/** The list of administrators: an item of the library for each entry, read by queries through the catalog. */
import type { Catalogs } from '../store/catalog.ts';
import type { Item, Library } from '../store/library.ts';
import { ADMINISTRATOR_LIMITS, type Administrator, type AdministratorList, type AdministratorNew } from './contract/administrators.ts';
import { Problem } from './errors.ts';

interface Kept {
  readonly library: Library;
  readonly catalogs: Catalogs;
}

/** By entry, with how many there may be. */
export async function listAdministrators({ library }: Pick<Kept, 'library'>): Promise<AdministratorList> {
  const administrators = (await library.list('administrator')).map(shown).sort((a, b) => a.entry.localeCompare(b.entry, 'en'));
  return { administrators, most: ADMINISTRATOR_LIMITS.entries };
}

/** An entry that is listed already, in any letter case, is given the new spelling and note. Throws Problem and LibraryError. */
export async function addAdministrator({ library, catalogs }: Kept, { entry, note }: AdministratorNew): Promise<Administrator> {
  const listed = await library.list('administrator');
  const same = listed.find((item) => item.name.toLowerCase() === entry.toLowerCase());
  const characters = listed.reduce((sum, item) => sum + item.name.length, entry.length);
  if (same) {
    const item = await library.update(same.id, { name: entry, body: { note } });
    await catalogs.reload();
    return shown(item);
  }
  if (listed.length >= ADMINISTRATOR_LIMITS.entries || characters > ADMINISTRATOR_LIMITS.characters)
    throw new Problem('too-many-administrators', `The list of administrators is full: it has ${listed.length} entries.`, {
      hint: 'An entry with * can stand for many: arn:aws:iam::*:role/admin/*.',
    });
  const item = await library.create({ kind: 'administrator', name: entry, body: { note } });
  await catalogs.reload();
  return shown(item);
}

/** Throws Problem `not-found`. */
export async function removeAdministrator({ library, catalogs }: Kept, id: string): Promise<void> {
  const item = await library.get(id);
  if (item?.kind !== 'administrator')
    throw new Problem('not-found', 'This administrator is not in the list any more.', { hint: 'Somebody may have removed it; the list shows who is there.' });
  await library.remove(id);
  await catalogs.reload();
}

function shown({ id, name, body, created }: Item): Administrator {
  return { id, entry: name, note: (body as { readonly note: string }).note, created };
}
