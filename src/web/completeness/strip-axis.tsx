/** Times below each other with the cells of a strip: its begin, its middle and its end, with the day where it is another than before. */
import type { Window } from '../../api/contract.ts';
import { clock, dayOf, minuteStamp } from '../format/times.ts';

interface Props {
  readonly window: Window;
  /** Seconds of a cell. */
  readonly cell: number;
  readonly zone: string;
}

export function StripAxis({ window, cell, zone }: Props) {
  const { from, to } = window;
  const span = Math.max(1, Math.ceil((to - from) / cell)) * cell;
  const times = [from, Math.round((from + to) / 120) * 60, to].map((time) => time * 1000);
  return (
    <span className="bz-strip-axis">
      {times.map((time, i) => {
        const day = dayOf(time, zone);
        const before = times[i - 1];
        return (
          <time key={time} dateTime={new Date(time).toISOString()} title={minuteStamp(time, zone)} style={{ left: `${((time / 1000 - from) / span) * 100}%` }}>
            {before !== undefined && dayOf(before, zone) === day ? clock(time, zone) : `${day} ${clock(time, zone)}`}
          </time>
        );
      })}
    </span>
  );
}
