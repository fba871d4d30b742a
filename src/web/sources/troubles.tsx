/** What went wrong with a source: its errors by kind, and its records that could not be read. */
import { useQuery } from '@tanstack/react-query';
import type { Source } from '../../api/contract/sources.ts';
import { exact } from '../format/numbers.ts';
import { minuteStamp } from '../format/times.ts';
import { ProblemNote } from '../library/problem.tsx';
import { quarantineQuery } from './ask.ts';
import { When } from './parts.tsx';
import { storedUnder } from './search-of.ts';

const SHOWN = 10;

export function Errors({ source, zone, now }: { source: Source; zone: string; now: number }) {
  const { errors } = source.status;
  return (
    <section aria-label="Errors" id="errors">
      <h2>Errors</h2>
      {errors.length === 0 ? (
        <p className="bz-dim">None since the server started or the source was changed.</p>
      ) : (
        <ul className="bz-source-errors">
          {errors.map(({ code, message, hint, count, last, objects = [] }, i) => (
            // Regions of a lookup can fail alike: codes and messages may stand twice.
            // biome-ignore lint/suspicious/noArrayIndexKey: lines without a state of their own
            <li key={i}>
              <div>
                <code>{code}</code> <b>{exact(count)}×</b> <span className="bz-dim">last</span> <When ms={last} zone={zone} now={now} />
              </div>
              <p>{message}</p>
              {hint && <p className="bz-dim">{hint}</p>}
              {objects.length > 0 && (
                <details>
                  <summary>The last objects of it</summary>
                  <ul>
                    {objects.map((object) => (
                      <li key={object} className="bz-mono">
                        {object}
                      </li>
                    ))}
                  </ul>
                </details>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** By the names that its records are stored under: quarantine outlives a start of the server, counters do not. */
export function Quarantined({ source, collector, zone }: { source: Source; collector: string; zone: string }) {
  const under = { collector, ...storedUnder(source) };
  const found = useQuery({ ...quarantineQuery(under, SHOWN), enabled: collector !== '' });
  const { data } = found;
  return (
    <section aria-label="Quarantine" id="quarantine">
      <h2>Quarantine</h2>
      <ProblemNote error={found.error} />
      {data?.total === 0 && <p className="bz-dim">No record of it waits in quarantine.</p>}
      {data && data.total > 0 && (
        <>
          <p>
            {exact(data.total)} {data.total === 1 ? 'record' : 'records'} of <b>{[...new Set(Object.values(under))].join(', ')}</b> could not be read:{' '}
            {data.byCode.map(({ code, count }) => `${code} (${exact(count)})`).join(', ')}. After a fix of the settings, <code>bartizan quarantine retry</code>{' '}
            reads them again.
          </p>
          <table className="bz-source-list">
            <thead>
              <tr>
                <th>When</th>
                <th>Why</th>
                <th>Record</th>
              </tr>
            </thead>
            <tbody>
              {data.records.map((record) => (
                <tr key={record.id}>
                  <td className="bz-nowrap">{minuteStamp(record.time, zone)}</td>
                  <td>
                    <code>{record.code}</code> {record.message}
                  </td>
                  <td className="bz-mono bz-source-raw">{record.raw.slice(0, 300)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {data.total > data.records.length && <p className="bz-dim">The newest {SHOWN} are shown.</p>}
        </>
      )}
    </section>
  );
}
