/** Chooses a folder of one's own, or the top. */
import { Select } from '@mantine/core';
import type { LibraryItem } from '../../api/contract/library.ts';
import { folderPaths } from './tree.ts';

interface Props {
  readonly items: readonly LibraryItem[];
  readonly folder: string | null;
  readonly onFolder: (folder: string | null) => void;
  /** A folder that is moved: not into itself. */
  readonly without?: string | undefined;
}

/** The top has no id; a Select needs a value. */
const TOP = '-';

export function FolderSelect({ items, folder, onFolder, without }: Props) {
  const data = [{ value: TOP, label: 'At the top' }, ...folderPaths(items, without)];
  return (
    <Select
      label="Folder"
      data={data}
      value={folder ?? TOP}
      onChange={(value) => onFolder(value === TOP ? null : value)}
      allowDeselect={false}
      searchable={data.length > 8}
    />
  );
}
