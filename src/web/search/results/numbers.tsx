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
        const [rounded, whole] = [short(value, unit), exact(value, unit)];
        return (
          <div key={column.name}>
            <dt>{column.name}</dt>
            <dd>
              <button type="button" className="bz-value-number" title={`${whole} · open the messages`} onClick={onDrill}>
                {rounded}
              </button>
              {rounded !== whole && <span className="bz-dim">{whole}</span>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
