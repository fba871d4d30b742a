/** Samples of a stream with a value a column, and under each column the field that it is. */
import { type Layout, valuesOf } from './choice.ts';

interface Props {
  readonly samples: readonly string[];
  /** By column, the fields that it could be; one: it is decided. */
  readonly options: readonly Layout[];
  readonly chosen: Layout;
  readonly onName: (position: number, name: string) => void;
}

/** Samples that are shown; more would push the choice off the screen. */
const SHOWN = 8;

export function Samples({ samples, options, chosen, onName }: Props) {
  const columns = options.map((names, position) => ({ names, position, open: names.length > 1 }));
  return (
    // It scrolls sideways, by the keyboard too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable
    <section className="bz-layout-scroll" aria-label="Samples by column" tabIndex={0}>
      <table className="bz-layout-samples">
        <thead>
          <tr>
            {columns.map(({ position, open }) => (
              <th key={position} scope="col" data-open={open || undefined}>
                {position + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {samples.slice(0, SHOWN).map((sample, i) => (
            // Samples have no identity but their place.
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            <Sample key={i} sample={sample} columns={columns} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            {columns.map(({ names, position, open }) => (
              <td key={position} data-open={open || undefined}>
                {open ? (
                  <select
                    aria-label={`Field of value ${position + 1}`}
                    value={chosen[position] ?? ''}
                    onChange={(e) => onName(position, e.currentTarget.value)}
                  >
                    {!names.includes(chosen[position] ?? '') && <option value={chosen[position] ?? ''}>{chosen[position] ?? 'choose'}</option>}
                    {names.map((name) => (
                      <option key={name}>{name}</option>
                    ))}
                  </select>
                ) : (
                  <span title="Decided by what the values show">{chosen[position] ?? names[0]}</span>
                )}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

function Sample({ sample, columns }: { sample: string; columns: readonly { readonly position: number; readonly open: boolean }[] }) {
  const values = valuesOf(sample);
  if (values.length !== columns.length)
    return (
      <tr>
        <td colSpan={columns.length} title={`${values.length} values`}>
          {sample} <span className="bz-dim">({values.length} values)</span>
        </td>
      </tr>
    );
  return (
    <tr>
      {columns.map(({ position, open }) => (
        <td key={position} data-open={open || undefined}>
          {values[position]}
        </td>
      ))}
    </tr>
  );
}
