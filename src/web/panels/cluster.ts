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
 * place stands, so that a cluster never floats over the sea between two cities. Places that the
 * projection has no pixels for (NaN) are in no cluster.
 */
export function clusterPlaces<P extends Place>(places: readonly P[], project: Project, radius: number): Cluster<P>[] {
  const points = places
    .map((place) => {
      const [x, y] = project(place);
      return { place, x, y, taken: false };
    })
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
    .sort((a, b) => b.place.value - a.place.value);
  const grid = new Map<string, typeof points>();
  const cellOf = (pixels: number) => Math.floor(pixels / radius);
  for (const point of points) {
    const key = `${cellOf(point.x)},${cellOf(point.y)}`;
    const cell = grid.get(key);
    if (cell) cell.push(point);
    else grid.set(key, [point]);
  }
  const clusters: Cluster<P>[] = [];
  for (const { place, x, y, taken } of points) {
    if (taken) continue;
    const members: P[] = [];
    let value = 0;
    for (const dx of [-1, 0, 1]) {
      for (const dy of [-1, 0, 1]) {
        for (const other of grid.get(`${cellOf(x) + dx},${cellOf(y) + dy}`) ?? []) {
          if (other.taken || Math.hypot(other.x - x, other.y - y) > radius) continue;
          other.taken = true;
          members.push(other.place);
          value += other.place.value;
        }
      }
    }
    members.sort((a, b) => b.value - a.value);
    clusters.push({ places: members, value, longitude: place.longitude, latitude: place.latitude });
  }
  return clusters;
}

/** A place without coordinates is unknown: it is listed, never drawn at 0,0. */
export function hasPosition(latitude: number | null, longitude: number | null): boolean {
  return latitude !== null && longitude !== null && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && !(latitude === 0 && longitude === 0);
}
