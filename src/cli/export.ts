/** All rows of a query to standard output, in flat memory: `bartizan query --limit 0`. */
import { note, write } from './output.ts';
import type { Exported, Remote } from './remote.ts';

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
