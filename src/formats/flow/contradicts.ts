/**
 * Whether lines that a layout happens to read are records of it at all: a layout is tried by the number
 * of values, and numbers read as other numbers without complaint. For lines of one log.
 */
import { FLOW_FORMATS, type FlowFormat, TGW_FLOW, VPC_FLOW } from '../../model/log-formats.ts';
import { impossibleSize, PORT, wrongAlone, wrongTogether } from './infer-numbers.ts';
import { ABSENT, misfits, tableOf, wrongAbsences } from './infer-table.ts';
import { formatOfLayout, type Layout } from './layout.ts';

export interface Contradiction {
  /** The fields that cannot be right, as they stand in the layout. */
  readonly names: readonly string[];
  /** Rows of `rows` that speak against them. */
  readonly count: number;
  readonly rows: number;
  readonly message: string;
  /** Values are not of their fields’ form: the layout cannot read them. Otherwise they are only unlikely. */
  readonly form: boolean;
}

/** Rows and share of them that are no accident. */
const ROWS = 3;
const SHARE = 0.05;
/** A window lasts 10 minutes at most; clocks and flows over several windows are allowed for. */
const LONGEST = 86400;

/** The version that records with these fields have. */
function versionOf(layout: Layout, format: FlowFormat): string {
  return format === TGW_FLOW ? '6' : String(Math.max(2, ...layout.map((name) => format.fields[format.bits.get(name) ?? 0]?.since ?? 0)));
}

/** What in the lines speaks against the layout; empty when nothing does, or when no line has so many values. */
export function contradicts(layout: Layout, lines: readonly string[], format = formatOfLayout(layout, FLOW_FORMATS) ?? VPC_FLOW): Contradiction[] {
  const table = tableOf(lines);
  if (!table || table.columns.length !== layout.length) return [];
  const found: Contradiction[] = [];
  const report = (names: readonly string[], count: number, rows: number, what: string, form = false): void => {
    if (count >= ROWS && count >= SHARE * rows)
      found.push({ names, count, rows, form, message: `${names.join(' and ')}: ${what} in ${count} of ${rows} records` });
  };
  const column = (name: string): readonly string[] | undefined => table.columns[layout.indexOf(name)];
  layout.forEach((name, i) => {
    report([name], misfits(name, table.columns[i]!), table.rows, 'not of the field’s form', true);
    // Where fields of transit gateways alone are absent AWS does not say.
    if (VPC_FLOW.bits.has(name))
      report([name], wrongAbsences(name, table.columns[i]!, table), table.rows, 'absent where it cannot be, or there where it cannot', true);
  });
  const version = column('version');
  const newest = versionOf(layout, format);
  if (version) report(['version'], version.filter((v) => v !== newest).length, table.rows, `not ${newest}, the version of the newest of these fields,`);
  const number = (name: string, row: number): number => (column(name)![row] === ABSENT ? -1 : Number(column(name)![row]));
  const against = (names: readonly string[], what: string, wrong: (row: number) => boolean): void => {
    if (names.every((n) => layout.includes(n))) report(names, table.traffic.filter(wrong).length, table.traffic.length, what);
  };
  against(['start', 'end'], 'the window ends before it starts, or lasts for more than a day', (row) => {
    const length = number('end', row) - number('start', row);
    return length < 0 || length > LONGEST;
  });
  against(['packets', 'bytes'], 'sizes that no packets have', (row) => impossibleSize(number('packets', row), number('bytes', row)));
  for (const name of ['protocol', 'packets', 'bytes', 'tcp-flags', 'traffic-path', 'encryption-status'])
    against([name], 'no value of the field', (row) => wrongAlone(name, number(name, row)));
  for (const port of ['srcport', 'dstport'])
    against(['protocol', port], 'ports of a protocol that has none, or none of one that has', (row) =>
      wrongTogether('protocol', number('protocol', row), PORT, number(port, row)),
    );
  against(['protocol', 'tcp-flags'], 'TCP flags of another protocol', (row) => number('protocol', row) !== 6 && number('tcp-flags', row) > 0);
  return found;
}
