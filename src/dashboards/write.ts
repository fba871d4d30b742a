/**
 * A dashboard as the text of a file: what `load.ts` reads back as the same dashboard, and what is written
 * again as the same bytes. Keys come in the schema's order; what is the default anyway is left out.
 */
import { Document, Scalar, visit } from 'yaml';
import { Dashboard, Measure, Panel, Section, Variable } from './schema.ts';

const LINE = 120;

/** Throws when the dashboard is none. */
export function writeDashboard(dashboard: Dashboard): string {
  const { variables, sections, ...head } = dashboard;
  const content = {
    ...ordered(Dashboard.shape, head),
    ...(variables.length > 0 && { variables: variables.map((v) => ordered(Variable.shape, v)) }),
    sections: sections.map(({ panels, ...section }) => ({ ...ordered(Section.shape, section), panels: panels.map(panel) })),
  };
  const document = new Document(content, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && node.value.includes('\n')) node.type = isBlock(node.value) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: LINE });
}

/** Stands as it is, line for line; blanks at the ends of lines, and lines at the ends, would not all be kept. */
function isBlock(text: string): boolean {
  return /^\S/u.test(text) && !/[^\S\n]$/mu.test(text) && !text.endsWith('\n') && !/[^\P{C}\n]/u.test(text);
}

function panel({ measures, ...rest }: Panel): object {
  return { ...ordered(Panel.shape, rest), ...(measures.length > 0 && { measures: measures.map((m) => ordered(Measure.shape, m)) }) };
}

interface Shape {
  readonly [key: string]: { safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown } };
}

/** The given keys in the order of the shape, without those whose value an absent one would get. */
function ordered(shape: Shape, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const keys = Object.keys(shape).filter((key) => given[key] !== undefined && !same(shape[key]?.safeParse(undefined).data, given[key]));
  return Object.fromEntries(keys.map((key) => [key, given[key]]));
}

function same(a: unknown, b: unknown): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
