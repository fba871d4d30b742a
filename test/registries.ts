/** Registry rows for fixtures that say places and systems in words. */
import { REGISTRIES, REGISTRY_OF, splitText } from '../src/model/registries.ts';

const known = new Map(REGISTRIES.map((r) => [r.name, new Map<string, number>([['', 0]])]));

/** Statements (text ends in JSON lines) that fill the registries with all texts seen so far. */
export function registryInserts(): {
  readonly table: string;
  readonly names: readonly string[];
  readonly structure: string;
  readonly rows: readonly Record<string, unknown>[];
  readonly reload: string;
}[] {
  return REGISTRIES.map((registry) => {
    const names = ['id', ...registry.parts.map((p) => p.name)];
    const structure = `id UInt32, ${registry.parts.map((p) => `${p.name} ${p.type}`).join(', ')}`;
    const rows = [...(known.get(registry.name) ?? [])]
      .filter(([, id]) => id > 0)
      .map(([text, id]) => Object.fromEntries([id, ...splitText(registry, text)].map((v, i) => [names[i], v])));
    return { table: `bartizan.${registry.name}`, names, structure, rows, reload: `SYSTEM RELOAD DICTIONARY bartizan.${registry.name}_by_id` };
  });
}

/** A row with ids in place of its texts. */
export function withIds<T extends object>(row: T): T {
  const entries = Object.entries(row).map(([column, value]) => {
    const ids = known.get(REGISTRY_OF.get(column)?.name as 'place');
    if (!ids || typeof value !== 'string') return [column, value];
    if (!ids.has(value)) ids.set(value, ids.size);
    return [column, ids.get(value)];
  });
  return Object.fromEntries(entries) as T;
}
