/** All rows of a query to standard output, in flat memory: `bartizan query --limit 0`. */
import { ExportRequest } from '../api/contract/exports.ts';
import type { ServerDeps } from '../api/deps.ts';
import { toAnswer } from '../api/errors.ts';
import { Exports } from '../api/exports.ts';
import { note, write } from './output.ts';
import { problem } from './problem.ts';
import type { ExportAsked, Exported, Remote } from './remote.ts';

/** Prints the rows as they come. Throws CliError, OutputClosed. */
export async function printAll({ warnings, text }: Exported, server: Pick<Remote, 'status'>): Promise<void> {
  for (const warning of warnings) note(`warning: ${warning.message}`);
  let empty = true;
  for await (const piece of text) {
    await write(piece);
    empty &&= piece.length === 0;
  }
  if (!empty) return;
  const { extent } = await server.status();
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  note(extent ? `No rows. Data exists from ${iso(extent.from)} to ${iso(extent.to)}.` : 'Nothing is stored yet: bartizan ingest PATH…');
}

/** What a server does for an export, without the wire, which in-process would hold the whole answer. Throws CliError. */
export function exportHere(deps: ServerDeps, asked: ExportAsked): Exported {
  const exports = new Exports(deps);
  const failed = (error: unknown) => {
    const { status, body } = toAnswer(error);
    return problem(body.error, status, asked.query);
  };
  try {
    const { id, warnings } = exports.create(ExportRequest.parse(asked));
    return { warnings, text: translated(exports.take(id).text(new AbortController().signal), failed) };
  } catch (error) {
    throw failed(error);
  }
}

/** Pieces whose failures are said as a command says them. */
async function* translated(pieces: AsyncIterable<string>, failed: (error: unknown) => Error): AsyncGenerator<string, void, undefined> {
  try {
    yield* pieces;
  } catch (error) {
    throw failed(error);
  }
}
