/** Reads the searches that ship with the product: one YAML file each, wrong or right as a whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import { parse } from '../query/index.ts';
import { type ReadySearch, SearchFile } from './saved-search.ts';

/** Every search of a folder, by name. Throws an Error that lists each problem with its file. */
export function loadSearches(folder: string): ReadySearch[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  const problems: string[] = [];
  const searches: ReadySearch[] = [];
  for (const file of files) {
    const read = SearchFile.safeParse(readYaml(join(folder, file)), { error: inPlaceOf });
    if (!read.success) {
      problems.push(`${file}: ${wrongPlaces(read.error)}`);
      continue;
    }
    const { name, ...search } = read.data;
    problems.push(...parse(search.query).diagnostics.map((d) => `${file}: query: ${d.message}`));
    searches.push({ id: basename(file, '.yaml'), name, search });
  }
  if (problems.length) throw new Error(`Wrong searches in ${folder}:\n${problems.join('\n')}`);
  return searches.sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** What is no YAML is said by the schema: it is no object. */
function readYaml(path: string): unknown {
  try {
    return parseYaml(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}
