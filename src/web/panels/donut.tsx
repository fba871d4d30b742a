/** Parts of a whole: the total in the middle, the greatest parts with their share beside it, the rest as “other”. */
import { useMemo } from 'react';
import { exact, share, short, type Unit } from '../format/numbers.ts';
import { colorsOf, INK, type Scheme } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, tipLine } from './chart-style.ts';
import { REST } from './columns.ts';
import { type Item, itemsOf } from './items.ts';
import { restLabel } from './labels.ts';
import { afterClick, useHidden } from './legend.tsx';
import type { PanelViewProps } from './props.ts';

/** Parts named one by one. */
const MOST = 10;

interface Part extends Pick<Item, 'key' | 'label' | 'value'> {
  readonly color: string;
  /** The rest can't be drilled into: it has no value. */
  readonly rest: boolean;
}

export default function DonutPanel(props: PanelViewProps) {
  const { panel, result, measure, zone, unit, onDrill, full } = props;
  const scheme = useScheme();
  const [hidden, setHidden] = useHidden(props);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the props only these say what is drawn
  const data = useMemo(() => itemsOf(props), [panel, result, measure, zone]);
  const all = useMemo(() => (data ? partsOf(data.items, scheme, panel.top) : []), [data, scheme, panel.top]);
  const parts = useMemo(() => all.filter((part) => !hidden.has(part.key)), [all, hidden]);
  const total = parts.reduce((sum, p) => sum + p.value, 0);
  const option = useMemo(() => donutOption(parts, total, scheme, unit, full), [parts, total, scheme, unit, full]);
  if (!data) return null;
  const keys = all.map((part) => part.key);
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
      <ul className="bz-donut-parts" aria-label="Parts">
        {all.map((part) => {
          const out = hidden.has(part.key);
          return (
            <li key={part.key} data-hidden={out || undefined}>
              <button
                type="button"
                className="bz-toggle"
                aria-pressed={!out}
                aria-label={`${part.label} in the donut`}
                title="Hide or show it, with shift it alone"
                onClick={(event) => setHidden(afterClick(keys, hidden, part.key, event.shiftKey))}
              >
                <span className="bz-swatch" style={{ background: part.color }} />
              </button>
              <button
                type="button"
                className="bz-donut-part"
                disabled={part.rest}
                onClick={(event) => drill(part, event.shiftKey)}
                title={`${part.label}: ${exact(part.value, unit)}`}
              >
                <span className={data.mono ? 'bz-part-name bz-mono' : 'bz-part-name'}>{part.label}</span>
                <span className="bz-number">{out ? '–' : share(part.value, total)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function partsOf(items: readonly Item[], scheme: Scheme, most = MOST): Part[] {
  const own = items.filter((item) => item.key !== REST);
  const named = own.slice(0, most);
  const colors = colorsOf(
    named.map((i) => i.key),
    scheme,
  );
  const parts: Part[] = named.map(({ key, label, value }) => ({ key, label, value, color: colors.get(key) ?? INK[scheme].other, rest: false }));
  const given = items.find((item) => item.key === REST);
  const left = own.slice(most);
  const value = (given?.value ?? 0) + left.reduce((sum, i) => sum + i.value, 0);
  if (value > 0) parts.push({ key: REST, label: given?.label ?? restLabel(left.length), value, color: INK[scheme].other, rest: true });
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
