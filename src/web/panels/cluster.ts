/**
 * Places that lie near each other on the screen become one marker with their sum. Nearness is measured
 * in pixels of the current view, so zooming in takes clusters apart. Pure.
 */

export interface Place {
  /** Degrees. */
  readonly longitude: number;
  readonly latitude: number;
  readonly name: string;
  readonly value: number;
}

export interface Cluster<P extends Place> {
  /** Greatest first. */
  readonly places: readonly P[];
  readonly value: number;
  readonly longitude: number;
  readonly latitude: number;
}

type Project = (place: Place) => readonly [x: number, y: number];

/**
 * Greedy: the greatest place that is left takes all within `radius` pixels. The marker stands where that
 * place stands, so that a cluster never floats over the sea between two cities.
 */
export function clusterPlaces<P extends Place>(places: readonly P[], project: Project, radius: number): Cluster<P>[] {
  const points = places
    .map((place) => ({ place, at: project(place) }))
    .filter(({ at: [x, y] }) => Number.isFinite(x) && Number.isFinite(y))
    .sort((a, b) => b.place.value - a.place.value);
  const grid = new Map<string, number[]>();
  const cellOf = (x: number, y: number) => `${Math.floor(x / radius)},${Math.floor(y / radius)}`;
  points.forEach(({ at: [x, y] }, i) => {
    const key = cellOf(x, y);
    grid.set(key, [...(grid.get(key) ?? []), i]);
  });
  const taken = new Set<number>();
  const clusters: Cluster<P>[] = [];
  points.forEach((point, i) => {
    if (taken.has(i)) return;
    const [x, y] = point.at;
    const members: P[] = [];
    for (const j of neighbours(grid, x, y, radius)) {
      const other = points[j];
      if (!other || taken.has(j) || Math.hypot(other.at[0] - x, other.at[1] - y) > radius) continue;
      taken.add(j);
      members.push(other.place);
    }
    members.sort((a, b) => b.value - a.value);
    const { longitude, latitude } = point.place;
    clusters.push({ places: members, value: members.reduce((sum, m) => sum + m.value, 0), longitude, latitude });
  });
  return clusters;
}

function neighbours(grid: ReadonlyMap<string, number[]>, x: number, y: number, radius: number): number[] {
  const [cx, cy] = [Math.floor(x / radius), Math.floor(y / radius)];
  const found: number[] = [];
  for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) found.push(...(grid.get(`${cx + dx},${cy + dy}`) ?? []));
  return found;
}

/** A place without coordinates is unknown: it is listed, never drawn at 0,0. */
export function hasPosition(latitude: number | null, longitude: number | null): boolean {
  return latitude !== null && longitude !== null && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && !(latitude === 0 && longitude === 0);
}
