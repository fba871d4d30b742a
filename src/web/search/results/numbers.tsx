/** A result of one row: its numbers, large, each under its name. */
import { exact, short } from '../../format/numbers.ts';
import { type Shape, unitOf } from '../../panels/shape.ts';
import type { Answer } from './answer.ts';

export function Numbers({ shape, answer, onDrill }: { shape: Shape; answer: Answer; onDrill: () => void }) {
  const [row = []] = answer.rows;
  return (
    <dl className="bz-numbers">
      {shape.measures.map((column) => {
        const value = row[answer.columns.indexOf(column)];
        const unit = unitOf(column);
        return (
          <div key={column.name}>
            <dt>{column.name}</dt>
            <dd>
              <button type="button" className="bz-value-number" title={`${exact(value, unit)} · open the messages`} onClick={onDrill}>
                {short(value, unit)}
              </button>
              <span className="bz-dim">{exact(value, unit)}</span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
