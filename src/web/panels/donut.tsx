/** Parts of a whole: the total in the middle, the greatest parts with their share beside it, the rest as “other”. */
import { useMemo } from 'react';
import { exact, short, type Unit } from '../format/numbers.ts';
import { isMono } from '../format/values.ts';
import { colorsOf, INK, type Scheme } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { type Item, itemsOf } from './bar.tsx';
import { Chart } from './chart.tsx';
import { baseOption, tipLine } from './chart-style.ts';
import type { PanelViewProps } from './props.ts';

/** Parts named one by one. */
const MOST = 10;

interface Part extends Item {
  readonly color: string;
  /** The rest can't be drilled into: it has no value. */
  readonly rest: boolean;
}

export default function DonutPanel(props: PanelViewProps) {
  const { panel, unit, onDrill, full } = props;
  const scheme = useScheme();
  const data = useMemo(() => itemsOf(props), [props]);
  const parts = useMemo(() => (data ? partsOf(data.items, scheme) : []), [data, scheme]);
  const total = parts.reduce((sum, p) => sum + p.value, 0);
  const option = useMemo(() => donutOption(parts, total, scheme, unit, full), [parts, total, scheme, unit, full]);
  if (!data) return null;
  const drill = (part: Part | undefined, shift: boolean) => {
    if (part && !part.rest) onDrill({ cells: [{ column: data.column, value: part.key }], shift });
  };
  return (
    <div className="bz-donut">
      <Chart
        option={option}
        summary={`${panel.title}. Donut of ${short(total, unit)}. ${parts.map((p) => `${p.label}: ${share(p.value, total)}`).join('; ')}.`}
        onClick={(click) => drill(parts[click.dataIndex], click.shift)}
      />
      <ul className="bz-donut-parts">
        {parts.map((part) => (
          <li key={part.key}>
            <button type="button" disabled={part.rest} onClick={(event) => drill(part, event.shiftKey)} title={`${part.label}: ${exact(part.value, unit)}`}>
              <span className="bz-swatch" style={{ background: part.color }} />
              <span className={isMono(data.role) ? 'bz-part-name bz-mono' : 'bz-part-name'}>{part.label}</span>
              <span className="bz-number">{share(part.value, total)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function share(value: number, total: number): string {
  return total === 0 ? '–' : `${((value / total) * 100).toFixed(1)} %`;
}

function partsOf(items: readonly Item[], scheme: Scheme): Part[] {
  const named = items.slice(0, MOST);
  const colors = colorsOf(
    named.map((i) => i.key),
    scheme,
  );
  const parts: Part[] = named.map((i) => ({ ...i, color: colors.get(i.key) ?? INK[scheme].other, rest: false }));
  const rest = items.slice(MOST).reduce((sum, i) => sum + i.value, 0);
  if (rest > 0) parts.push({ key: '\0other', label: `other (${items.length - MOST})`, value: rest, color: INK[scheme].other, rest: true });
  return parts;
}

function donutOption(parts: readonly Part[], total: number, scheme: Scheme, unit: Unit, full: boolean) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  return {
    ...base,
    tooltip: {
      ...base.tooltip,
      trigger: 'item',
      formatter: (p: { dataIndex: number }) => {
        const part = parts[p.dataIndex];
        return part ? tipLine(part.color, part.label, `${exact(part.value, unit)} · ${share(part.value, total)}`) : '';
      },
    },
    series: [
      {
        type: 'pie',
        radius: ['62%', '94%'],
        cursor: 'pointer',
        minAngle: 1,
        itemStyle: { borderColor: ink.panel, borderWidth: 1.5 },
        emphasis: { scale: false },
        label: { show: true, position: 'center', formatter: short(total, unit), color: ink.text, fontSize: full ? 32 : 18, fontWeight: 600 },
        labelLine: { show: false },
        data: parts.map((p) => ({ value: p.value, name: p.label, itemStyle: { color: p.color } })),
      },
    ],
  };
}
