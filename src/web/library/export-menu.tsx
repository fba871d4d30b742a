/** All rows of a search as a file: the form, how many rows to expect, and that it has begun. The browser downloads it; the server streams it. */
import { ActionIcon, Button, Checkbox, Popover, SegmentedControl } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { ExportRequest, ExportResponse } from '../../api/contract/exports.ts';
import { postJson } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { saveUrl } from '../dashboard/export.ts';
import { exact } from '../format/numbers.ts';
import { ProblemNote } from './problem.tsx';
import { type Current, toSaved } from './saved.ts';

interface Props {
  readonly current: Current;
  readonly zone: string;
  /** Of the file. */
  readonly name: string;
  /** Rows of the result, where they are known; `atLeast`: there may be more. */
  readonly rows: number | undefined;
  readonly atLeast: boolean;
}

interface MenuProps extends Props {
  readonly disabled: boolean;
}

export function ExportMenu({ disabled, ...props }: MenuProps) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={320} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Export all rows" title="Export all rows" disabled={disabled} onClick={() => setOpened(!opened)}>
          <Icon name="download" />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={12}>{opened && <Form {...props} />}</Popover.Dropdown>
    </Popover>
  );
}

function Form({ current, zone, name, rows, atLeast }: Props) {
  const [format, setFormat] = useState<ExportRequest['format']>('csv');
  const [guard, setGuard] = useState(true);
  const start = useMutation({
    mutationFn: () => {
      const { query, from, to, filters } = toSaved(current);
      return postJson<ExportResponse>('/api/v1/exports', { query, from, to, filters, timeZone: zone, format, name, guardFormulas: guard });
    },
    onSuccess: ({ file, path }) => saveUrl(file, path),
  });
  return (
    <div className="bz-library-form">
      <SegmentedControl
        size="xs"
        aria-label="Form of the file"
        data={[
          { value: 'csv', label: 'CSV' },
          { value: 'ndjson', label: 'NDJSON' },
        ]}
        value={format}
        onChange={(value) => setFormat(value === 'csv' ? 'csv' : 'ndjson')}
      />
      {format === 'csv' && (
        <Checkbox
          size="xs"
          label="Keep texts from being run as formulas by a spreadsheet"
          checked={guard}
          onChange={(e) => setGuard(e.currentTarget.checked)}
        />
      )}
      <p className="bz-dim bz-small">
        {rows === undefined ? 'All rows of the query' : `${atLeast ? 'More than' : 'About'} ${exact(rows)} ${rows === 1 ? 'row' : 'rows'}`}, not only those
        shown. The query runs anew.
      </p>
      <ProblemNote error={start.error} />
      {start.isSuccess && (
        <p role="status">
          {start.data.file} is on its way: the browser shows how far it is.
          {start.data.maxRows > 0 && ` At most ${exact(start.data.maxRows)} rows may leave.`}
        </p>
      )}
      <div className="bz-row-end">
        <Button size="xs" leftSection={<Icon name="download" size={14} />} loading={start.isPending} onClick={() => start.mutate()}>
          Export
        </Button>
      </div>
    </div>
  );
}
