/**
 * Long texts that recur in records (places, autonomous systems) are stored as small numbers, which
 * take a third of the room and are faster to group by. Each distinct text gets an id once, for ever;
 * id 0 is the empty text. A registry is a table and a dictionary of the store with its parts as columns.
 */

/** An attribute of a registry, cut out of its text. */
export interface RegistryPart {
  readonly name: string;
  readonly type: 'String' | 'UInt32' | 'Nullable(Float64)';
}

export interface Registry {
  /** Table; the dictionary is `<name>_by_id`. */
  readonly name: 'place' | 'autonomous_system' | 'aws_range';
  /** Columns of a batch that hold its texts, and of the tables that hold its ids. */
  readonly columns: readonly string[];
  readonly separator: '|' | ' ';
  /** In the order of the text; the last takes the rest. */
  readonly parts: readonly RegistryPart[];
}

/** `country|state|city|latitude|longitude`, `16509 Amazon.com, Inc.` and `S3|eu-central-1`. */
export const REGISTRIES: readonly Registry[] = [
  {
    name: 'place',
    columns: ['src_place', 'dst_place'],
    separator: '|',
    parts: [
      { name: 'country_code', type: 'String' },
      { name: 'state', type: 'String' },
      { name: 'city', type: 'String' },
      { name: 'latitude', type: 'Nullable(Float64)' },
      { name: 'longitude', type: 'Nullable(Float64)' },
    ],
  },
  {
    name: 'autonomous_system',
    columns: ['src_as', 'dst_as'],
    separator: ' ',
    parts: [
      { name: 'asn', type: 'UInt32' },
      { name: 'organization', type: 'String' },
    ],
  },
  {
    name: 'aws_range',
    columns: ['src_aws', 'dst_aws'],
    separator: '|',
    parts: [
      { name: 'service', type: 'String' },
      { name: 'region', type: 'String' },
    ],
  },
];

/** The registry whose ids a column holds. */
export const REGISTRY_OF: ReadonlyMap<string, Registry> = new Map(REGISTRIES.flatMap((r) => r.columns.map((c) => [c, r] as const)));

/** A text's parts, as the registry's columns take them. */
export function splitText(registry: Registry, text: string): (string | number | null)[] {
  const last = registry.parts.length - 1;
  const pieces = text.split(registry.separator);
  return registry.parts.map(({ type }, i) => {
    const piece = (i === last ? pieces.slice(i).join(registry.separator) : pieces[i]) ?? '';
    if (type === 'String') return piece;
    const value = piece.trim() === '' ? Number.NaN : Number(piece);
    return Number.isFinite(value) ? value : type === 'UInt32' ? 0 : null;
  });
}
