/** Lookup tables: which there are, what is in them, a file to add or replace one. */
import './lookups.css';
import { Button, Modal } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { LookupTable } from '../../api/contract/lookups.ts';
import { PageFailed } from '../app/failed.tsx';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { exact, short } from '../format/numbers.ts';
import { ago, stamp } from '../format/times.ts';
import { ProblemNote } from '../library/problem.tsx';
import { lookupQuery, lookupsQuery, removeLookup } from './ask.ts';
import { Upload } from './upload.tsx';

export function LookupsPage() {
  const { search, change, zone } = usePage();
  const lookups = useQuery(lookupsQuery);
  const [replacing, setReplacing] = useState<string | undefined>();
  const [removing, setRemoving] = useState<LookupTable | undefined>();
  useTitle('Lookup tables');
  if (lookups.isError && !lookups.data) return <PageFailed error={lookups.error} onRetry={() => void lookups.refetch()} />;
  const { data } = lookups;
  const shown = data?.lookups.find((table) => table.name === search.view);
  return (
    <main className="bz-lookups" aria-busy={lookups.isPending}>
      <h1>Lookup tables</h1>
      <p className="bz-dim">
        Tables of your own beside the records: owners of addresses, names of accounts. A query adds their columns with <code>lookup</code>, asks whether they
        have a key with <code>lookupContains</code>, and reads them whole with <code>cat</code>. Who is an administrator of your accounts is{' '}
        <Link className="bz-link" to="/administrators" search={carried(search)}>
          a list of its own
        </Link>
        .
      </p>
      {data && (
        <Upload
          key={replacing ?? ''}
          list={data}
          replaces={replacing}
          onDone={(table) => {
            setReplacing(undefined);
            if (table) change({ view: table.name });
          }}
        />
      )}
      {data?.lookups.length === 0 && <p>There are no tables yet.</p>}
      {data && data.lookups.length > 0 && (
        <div className="bz-lookup-scroll">
          <table className="bz-lookup-table">
            <thead>
              <tr>
                <th>Name</th>
                <th className="bz-lookup-columns">Columns</th>
                <th className="bz-number">Rows</th>
                <th className="bz-number">Size</th>
                <th>Changed</th>
                <th>
                  <span className="bz-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.lookups.map((table) => (
                <tr key={table.name} data-current={table === shown || undefined}>
                  <td>
                    <button
                      type="button"
                      className="bz-link"
                      aria-expanded={table === shown}
                      onClick={() => change({ view: table === shown ? undefined : table.name })}
                    >
                      {table.name}
                    </button>
                  </td>
                  <td className="bz-lookup-columns">{table.columns.join(', ')}</td>
                  <td className="bz-number">{exact(table.rows)}</td>
                  <td className="bz-number" title={exact(table.bytes, 'bytes')}>
                    {short(table.bytes, 'bytes')}
                  </td>
                  <td title={stamp(table.updated * 1000, zone)}>{ago(table.updated * 1000)}</td>
                  <td className="bz-lookup-actions">
                    <Button size="compact-xs" variant="default" aria-label={`Replace ${table.name}`} onClick={() => setReplacing(table.name)}>
                      Replace
                    </Button>{' '}
                    <Button size="compact-xs" variant="default" aria-label={`Delete ${table.name}`} onClick={() => setRemoving(table)}>
                      Delete
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown && <Shown table={shown} />}
      {data && search.view !== undefined && !shown && (
        <p role="alert">
          There is no table “{search.view}”{data.lookups.length > 0 ? ': choose one above, or upload it.' : ': upload it above.'}
        </p>
      )}
      <Removal
        table={removing}
        onClose={(gone) => {
          if (gone && shown === removing) change({ view: undefined });
          setRemoving(undefined);
        }}
      />
    </main>
  );
}

/** How a query names the table. */
function quoted(name: string): string {
  return `path://"${name.replace(/[\\"]/g, '\\$&')}"`;
}

function Shown({ table }: { table: LookupTable }) {
  const { search } = usePage();
  const found = useQuery(lookupQuery(table.name));
  const { from, to, tz } = search;
  const carried = { ...(from && { from }), ...(to && { to }), ...(tz && { tz }) };
  return (
    <section aria-label={`First rows of ${table.name}`}>
      <h2>{table.name}</h2>
      <p>
        <code>{`| lookup ${table.columns[1] ?? table.columns[0]} from ${quoted(table.name)} on srcaddr = ${table.columns[0]}`}</code>{' '}
        <Link className="bz-link" to="/search" search={{ ...carried, q: `cat ${quoted(table.name)}` }}>
          Open in search
        </Link>
      </p>
      <ProblemNote error={found.error} />
      {found.data && (
        <div className="bz-lookup-scroll">
          <table className="bz-lookup-table">
            <thead>
              <tr>
                {found.data.columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.data.head.map((row, i) => (
                // Rows have no identity but their place.
                // biome-ignore lint/suspicious/noArrayIndexKey: the rows never move
                <tr key={i}>
                  {row.map((cell, k) => (
                    <td key={found.data.columns[k]} className="bz-mono">
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {found.data.rows > found.data.head.length && <p className="bz-dim">{exact(found.data.rows - found.data.head.length)} more rows.</p>}
        </div>
      )}
    </section>
  );
}

function Removal({ table, onClose }: { table: LookupTable | undefined; onClose: (gone: boolean) => void }) {
  const client = useQueryClient();
  const removing = useMutation({
    mutationFn: (name: string) => removeLookup(name),
    onSuccess: async () => {
      await Promise.all([client.invalidateQueries({ queryKey: lookupsQuery.queryKey }), client.invalidateQueries({ queryKey: ['catalogue'] })]);
      onClose(true);
    },
  });
  return (
    <Modal
      opened={table !== undefined}
      onClose={() => {
        removing.reset();
        onClose(false);
      }}
      title="Delete a table"
    >
      <p>
        {table?.name} and its {exact(table?.rows ?? 0)} rows will be gone, and queries that name it will not run any more.
      </p>
      <ProblemNote error={removing.error} />
      <div className="bz-row-end">
        <Button variant="default" onClick={() => onClose(false)}>
          Keep it
        </Button>
        <Button color="red" loading={removing.isPending} onClick={() => table && removing.mutate(table.name)}>
          Delete
        </Button>
      </div>
    </Modal>
  );
}
