/**
 * Layouts with a name, by format: what lines without a header may be, told by their number of values. The
 * headers of objects and what people write go before them.
 */
import { FLOW_FORMATS, type FlowFormat, TGW_FLOW, VPC_FLOW } from '../../model/log-formats.ts';

/** Header names, in the record's order. */
export type Layout = readonly string[];

export interface Preset {
  readonly format: FlowFormat;
  readonly layout: Layout;
  /** Values of which a line without a header must have one: the place in the layout and how the value begins. */
  readonly marks: readonly (readonly [place: number, prefix: string])[];
}

const VERSIONS = [2, 3, 4, 5, 7, 8, 9, 10, 11] as const;

function cumulative(version: number): string[] {
  return VPC_FLOW.fields.filter((f) => f.since !== undefined && f.since <= version).map((f) => f.aws as string);
}

/** The version 5 fields with reject-reason: a custom choice seen often enough to be known by its count. */
const V5_REJECT_REASON = [...cumulative(5), 'reject-reason'].sort();
const TGW_DEFAULT = TGW_FLOW.defaultFields.map((f) => f.aws as string);

function preset(format: FlowFormat, layout: Layout, marks: Readonly<Record<string, string>> = {}): Preset {
  return { format, layout, marks: Object.entries(marks).map(([name, prefix]) => [layout.indexOf(name), prefix]) };
}

/** Some writers leave the resource type out. */
const TGW_MARKS = { 'resource-type': 'TransitGateway', 'tgw-id': 'tgw-' };

/**
 * `v2` … `v11` hold every field of a VPC flow log up to that version in AWS's order (`v2` is AWS's default
 * format), `v5-alphabetical` the same fields in the order in which the AWS console sorts them. Version 6 is
 * that of transit gateways.
 */
export const PRESETS: ReadonlyMap<string, Preset> = new Map([
  ...VERSIONS.map((v): [string, Preset] => [`v${v}`, preset(VPC_FLOW, cumulative(v))]),
  ...VERSIONS.map((v): [string, Preset] => [`v${v}-alphabetical`, preset(VPC_FLOW, cumulative(v).sort())]),
  ['v5-reject-reason-alphabetical', preset(VPC_FLOW, V5_REJECT_REASON)],
  ['v6', preset(TGW_FLOW, TGW_DEFAULT, TGW_MARKS)],
  ['v6-alphabetical', preset(TGW_FLOW, [...TGW_DEFAULT].sort(), TGW_MARKS)],
]);

const ALIASES: Readonly<Record<string, string>> = { alphabetical: 'v5-alphabetical', tgw: 'v6' };

/** The preset that a person names: in any letter case, `default` is that of the first format. */
export function presetNamed(text: string, formats: readonly FlowFormat[] = FLOW_FORMATS): Preset | undefined {
  const key = text.trim().toLowerCase();
  const name = key === 'default' ? (formats[0] === TGW_FLOW ? 'v6' : 'v2') : (ALIASES[key] ?? key);
  const found = PRESETS.get(name);
  return found && formats.includes(found.format) ? found : undefined;
}

/** Presets with this many fields, AWS's order first: what a headerless line may be. */
export function presetsOfCount(count: number): readonly Preset[] {
  return BY_COUNT.get(count) ?? [];
}

const BY_COUNT: ReadonlyMap<number, readonly Preset[]> = Map.groupBy(PRESETS.values(), ({ layout }) => layout.length);

/** The preset whose layout this very list is. */
export function presetOf(layout: Layout): Preset | undefined {
  return presetsOfCount(layout.length).find((known) => known.layout === layout);
}
