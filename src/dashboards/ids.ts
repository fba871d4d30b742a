/** Ids made of titles. Pure. */

/** `Top 10 sources` → `top-10-sources`; `or` when nothing of the title can stand in an id. */
export function slug(title: string, or: string): string {
  const words = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80)
    .replace(/^-+|-+$/g, '');
  return words || or;
}

/** The same, or with a number where one of `taken` has it. */
export function freeId(title: string, taken: readonly { readonly id: string }[], or = 'panel'): string {
  const ids = new Set(taken.map(({ id }) => id));
  const base = slug(title, or);
  for (let n = 1; ; n++) {
    const id = n === 1 ? base : `${base}-${n}`;
    if (!ids.has(id)) return id;
  }
}
