/** Places on the world's land: markers by size, clustered when near, taken apart by zooming; places without a position are listed below. */
import { ActionIcon } from '@mantine/core';
import type { ECharts } from 'echarts/core';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Icon } from '../app/icons.tsx';
import { exact, short, type Unit } from '../format/numbers.ts';
import { INK, MEANING_COLORS, type Scheme, withAlpha } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, tipDetails, tipHead, tipLine } from './chart-style.ts';
import { type Cluster, clusterPlaces } from './cluster.ts';
import { LAND, registerLand } from './land.ts';
import type { PanelViewProps } from './props.ts';
import { type Spot, spotsOf } from './spots.ts';

interface View {
  readonly center: readonly [number, number];
  readonly zoom: number;
}

/** Where degrees land, in pixels; the land is drawn without a projection, so that both axes are linear. */
interface Placement {
  readonly left: number;
  readonly top: number;
  /** Pixels a degree of longitude, and of latitude. */
  readonly across: number;
  readonly down: number;
}

/** Pixels within which places become one marker. */
const RADIUS = 32;
const WORLD: View = { center: [12, 16], zoom: 1 };
const CLOSEST = 60;
/** Sets of details of a place that stands alone, and of each of several. */
const MOST_DETAILS = 6;
const FEW_DETAILS = 2;

export default function MapPanel({ panel, result, measure, unit, zone, onDrill }: PanelViewProps) {
  const scheme = useScheme();
  const [chart, setChart] = useState<ECharts | null>(null);
  const [view, setView] = useState<View>(WORLD);
  const [placement, setPlacement] = useState<Placement | null>(null);
  const data = useMemo(() => spotsOf(result, measure ?? panel.size, panel.details, zone), [result, panel.size, panel.details, measure, zone]);
  const color = MEANING_COLORS[scheme][panel.meaning];

  const clusters = useMemo(() => {
    if (!placement) return [];
    const { left, top, across, down } = placement;
    return clusterPlaces(data.spots, ({ longitude, latitude }) => [left + across * longitude, top + down * latitude], RADIUS);
  }, [data.spots, placement]);
  const option = useMemo(() => mapOption(clusters, view, color, scheme, unit), [clusters, view, color, scheme, unit]);

  const ready = useCallback((instance: ECharts) => {
    const moved = () => {
      const geo = (instance.getOption() as { geo?: { center?: [number, number]; zoom?: number }[] }).geo?.[0];
      if (geo?.center && geo.zoom) setView({ center: geo.center, zoom: geo.zoom });
    };
    instance.on('georoam', moved);
    setChart(instance);
    const observer = new ResizeObserver(() => setPlacement(placementOf(instance)));
    observer.observe(instance.getDom());
    return () => observer.disconnect();
  }, []);
  // Where a place lands is known only after the chart has taken the view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: view says when to measure again
  useEffect(() => setPlacement(chart ? placementOf(chart) : null), [chart, view]);

  const drill = (spot: Spot, shift: boolean) => onDrill({ cells: data.where(spot).map((at) => ({ column: at.column, value: spot.row[at.index] })), shift });
  const open = (cluster: Cluster<Spot> | undefined, shift: boolean) => {
    const [first] = cluster?.places ?? [];
    if (!cluster || !first) return;
    if (cluster.places.length === 1 || view.zoom >= CLOSEST) drill(first, shift);
    else setView({ center: [cluster.longitude, cluster.latitude], zoom: Math.min(CLOSEST, view.zoom * 2.5) });
  };
  const zoom = (factor: number) => setView({ ...view, zoom: Math.min(CLOSEST, Math.max(1, view.zoom * factor)) });
  const top = data.spots.slice(0, 8).map((s) => `${s.name}: ${short(s.value, unit)}`);
  return (
    <div className="bz-map">
      <Chart
        option={option}
        summary={`${panel.title}. Map of ${data.spots.length} places. ${top.join('; ')}.`}
        prepare={registerLand}
        onReady={ready}
        onClick={(click) => open(clusters[click.dataIndex], click.shift)}
      >
        <div className="bz-map-tools">
          <ActionIcon size="sm" variant="default" aria-label="Zoom in" onClick={() => zoom(1.8)}>
            <Icon name="plus" size={12} />
          </ActionIcon>
          <ActionIcon size="sm" variant="default" aria-label="Zoom out" onClick={() => zoom(1 / 1.8)}>
            <Icon name="minus" size={12} />
          </ActionIcon>
          {view !== WORLD && (
            <ActionIcon size="sm" variant="default" aria-label="The whole world" title="The whole world" onClick={() => setView(WORLD)}>
              <Icon name="expand" size={12} />
            </ActionIcon>
          )}
        </div>
      </Chart>
      {data.unknown.length > 0 && <Unknown spots={data.unknown} unit={unit} onDrill={drill} />}
    </div>
  );
}

/** The same object as long as nothing has moved: places are not clustered again for a box that kept its size. */
function placementOf(chart: ECharts): (old: Placement | null) => Placement | null {
  const at = (longitude: number, latitude: number) => chart.convertToPixel('geo', [longitude, latitude]) as [number, number] | null;
  const [origin, far] = [at(0, 0), at(100, 50)];
  return (old) => {
    if (!origin || !far) return null;
    const [left, top] = origin;
    const [across, down] = [(far[0] - left) / 100, (far[1] - top) / 50];
    return old && old.left === left && old.top === top && old.across === across && old.down === down ? old : { left, top, across, down };
  };
}

function Unknown({ spots, unit, onDrill }: { spots: readonly Spot[]; unit: Unit; onDrill: (spot: Spot, shift: boolean) => void }) {
  return (
    <p className="bz-map-unknown">
      Not on the map:{' '}
      {spots.slice(0, 4).map((spot) => (
        <button type="button" className="bz-cell" key={spot.name} onClick={(event) => onDrill(spot, event.shiftKey)} title={exact(spot.value, unit)}>
          {spot.name} {short(spot.value, unit)}
        </button>
      ))}
      {spots.length > 4 && <span>and {spots.length - 4} more</span>}
    </p>
  );
}

/** A place in a tooltip: its name and count, and below what its rows say of it. */
function placeTip(spot: Spot, most: number, color: string, unit: Unit): string {
  const told = spot.details.slice(0, most).map((details) => tipDetails(details));
  const more = spot.details.length > most ? tipDetails([{ name: `and ${spot.details.length - most} more`, text: '' }]) : '';
  return tipLine(color, spot.name, exact(spot.value, unit)) + told.join('') + more;
}

function mapOption(clusters: readonly Cluster<Spot>[], view: View, color: string, scheme: Scheme, unit: Unit) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  const greatest = Math.max(1, ...clusters.map((c) => c.value));
  const radius = (value: number) => 5 + 13 * Math.sqrt(value / greatest);
  return {
    ...base,
    tooltip: {
      ...base.tooltip,
      trigger: 'item',
      formatter: (p: { componentType: string; dataIndex: number }) => {
        const cluster = p.componentType === 'series' ? clusters[p.dataIndex] : undefined;
        if (!cluster) return '';
        // Places with details need the room of several.
        const most = cluster.places.some((s) => s.details.length > 0) ? 3 : 8;
        const lines = cluster.places.slice(0, most).map((s) => placeTip(s, cluster.places.length > 1 ? FEW_DETAILS : MOST_DETAILS, color, unit));
        const more = cluster.places.length > most ? tipHead(`and ${cluster.places.length - most} more places`) : '';
        const head = cluster.places.length > 1 ? tipHead(`${cluster.places.length} places, ${exact(cluster.value, unit)}`) : '';
        return head + lines.join('') + more;
      },
    },
    geo: {
      map: LAND,
      roam: 'move',
      center: view.center,
      zoom: view.zoom,
      scaleLimit: { min: 1, max: CLOSEST },
      left: 0,
      right: 0,
      top: 0,
      bottom: 0,
      preserveAspect: 'contain',
      silent: true,
      itemStyle: { areaColor: ink.land, borderColor: ink.panel, borderWidth: 0.6 },
      emphasis: { disabled: true },
    },
    series: [
      {
        type: 'scatter',
        coordinateSystem: 'geo',
        cursor: 'pointer',
        symbolSize: (_: unknown, p: { dataIndex: number }) => 2 * radius(clusters[p.dataIndex]?.value ?? 0),
        itemStyle: { color: withAlpha(color, 0.55), borderColor: color, borderWidth: 1 },
        emphasis: { scale: false, itemStyle: { color } },
        label: {
          show: true,
          color: ink.text,
          fontSize: 10,
          fontWeight: 600,
          textBorderColor: ink.panel,
          textBorderWidth: 2,
          // A number that is wider than its marker would hide its neighbours.
          formatter: (p: { dataIndex: number }) => {
            const cluster = clusters[p.dataIndex];
            const text = cluster ? short(cluster.value, unit) : '';
            return cluster && (cluster.places.length > 1 || radius(cluster.value) > 9) ? text : '';
          },
        },
        data: clusters.map((c) => [c.longitude, c.latitude, c.value]),
      },
    ],
  };
}
