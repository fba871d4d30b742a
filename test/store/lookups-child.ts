/** The process that lookups-crash.test.ts kills: replaces a table again and again, each time by rows of the next number, and prints each that was written. */
import { join } from 'node:path';
import { openCatalogs } from '../../src/store/catalog.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openLookups } from '../../src/store/lookups.ts';
import { openMetadata } from '../../src/store/metadata.ts';

const [folder, from, rows] = [process.argv[2] as string, Number(process.argv[3]), Number(process.argv[4])];
const store = await openEmbedded({ path: join(folder, 'store') });
const metadata = await openMetadata(join(folder, 'metadata.db'), () => 1000);
const lookups = await openLookups({ store, library: metadata.library, catalogs: await openCatalogs(metadata), folder: join(folder, 'lookups') });
for (let i = from; ; i++) {
  await lookups.write('hosts', async () => ({ columns: ['at', 'n'], rows: Array.from({ length: rows }, (_, n) => [String(i), String(n)]) }));
  process.stdout.write(`${i}\n`);
}
