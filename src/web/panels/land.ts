/** The world's land with quiet borders, loaded with the first map. Natural Earth by world-atlas, 1:110 million. */
import { feature } from 'topojson-client';
import landUrl from 'world-atlas/countries-110m.json?url';
import type { registerMap } from './echarts.ts';

type Topology = Parameters<typeof feature>[0];
type GeoJson = Parameters<typeof registerMap>[1];

export const LAND = 'land';

interface Geometry {
  readonly type: string;
  coordinates: unknown;
}

let loading: Promise<GeoJson> | undefined;

/** Registers the map once; a failed load is tried again with the next map. */
export async function registerLand(library: { registerMap: typeof registerMap }): Promise<void> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  library.registerMap(LAND, await loading);
}

async function load(): Promise<GeoJson> {
  const response = await fetch(landUrl);
  if (!response.ok) throw new Error(`The map could not be loaded (${response.status}).`);
  const topology = (await response.json()) as Topology;
  const countries = topology.objects.countries;
  if (!countries) throw new Error('The map has no countries.');
  const geo = feature(topology, countries) as unknown as { features: { id?: string; geometry: Geometry }[] };
  for (const f of geo.features) unwrap(f.geometry);
  // Antarctica (ISO 3166 numeric 010) would take a quarter of the picture.
  return { ...geo, features: geo.features.filter((f) => f.id !== '010') } as unknown as GeoJson;
}

/**
 * The data is cut for a globe: Russia's and Fiji's outlines jump from 180° to -180°, which a flat map would
 * draw as bands across the world. What lies beyond 180° is kept there (190° for -170°).
 */
function unwrap(geometry: Geometry): void {
  if (geometry.type === 'Polygon') geometry.coordinates = (geometry.coordinates as Ring[]).map(unwrapRing);
  else if (geometry.type === 'MultiPolygon') geometry.coordinates = (geometry.coordinates as Ring[][]).map((polygon) => polygon.map(unwrapRing));
}

export type Ring = [longitude: number, latitude: number][];

export function unwrapRing(ring: Ring): Ring {
  const jumps = ring.some(([longitude], i) => i > 0 && Math.abs(longitude - (ring[i - 1]?.[0] ?? longitude)) > 180);
  return jumps ? ring.map(([longitude, latitude]) => [longitude < 0 ? longitude + 360 : longitude, latitude]) : ring;
}
