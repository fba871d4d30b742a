/** Layouts of streams as the API shows them. */
import { formatOfLayout, LayoutError, layoutText } from '../formats/flow/layout.ts';
import type { LayoutMemory } from '../ingest/layout-memory.ts';
import { FLOW_FORMATS } from '../model/log-formats.ts';
import type { LayoutAnswered, LayoutList } from './contract/sources.ts';
import type { ServerDeps } from './deps.ts';
import { Problem } from './errors.ts';

/** Throws Problem where this server does not collect. */
function memoryOf({ layouts }: ServerDeps): LayoutMemory {
  if (!layouts) throw new Problem('not-available', 'This server takes no records.');
  return layouts;
}

/** Streams whose records wait for an answer, and layouts that are known. Throws Problem `not-available`. */
export async function listLayouts(deps: ServerDeps): Promise<LayoutList> {
  const memory = memoryOf(deps);
  const names = new Map((await deps.sources?.list())?.map(({ id, name }) => [id, { id, name }]) ?? []);
  const about = (stream: string) => {
    const [source = '', ...rest] = stream.split('|');
    return { stream, source: names.get(source) ?? null, logGroup: rest.join('|') };
  };
  const questions = await memory.questions();
  return {
    questions: questions.map(({ stream, records, first, last, samples, inference }) => ({
      ...about(stream),
      records,
      first: first * 1000,
      last: last * 1000,
      samples: [...samples],
      candidates: inference.candidates.map((layout) => layoutText(layout, formatOfLayout(layout, [inference.format, ...FLOW_FORMATS]))),
      ambiguous: inference.ambiguous.map(({ position, names: could }) => ({ position, names: [...could] })),
    })),
    learned: [...memory.streams].map(([stream, { layout, by, since }]) => ({ ...about(stream), layout, by, since: since * 1000 })),
  };
}

/** Throws Problem for a layout that is none. */
export async function answerLayout(deps: ServerDeps, stream: string, layout: string): Promise<LayoutAnswered> {
  try {
    return { ...(await memoryOf(deps).answer(stream, layout)) };
  } catch (error) {
    if (error instanceof LayoutError) throw new Problem('invalid-request', `layout: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
    throw error;
  }
}

/** The layout is learned anew from the records to come. Throws Problem `not-available`. */
export async function forgetLayout(deps: ServerDeps, stream: string): Promise<void> {
  await memoryOf(deps).forget(stream);
}
