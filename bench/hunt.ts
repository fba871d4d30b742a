/** P13: a retro-hunt for many new indicators beside one raw scan of the address columns that compares each with all of them. */
import { AddressBackfill } from '../src/ingest/address-backfill.ts';
import { RetroHunts } from '../src/ingest/retro-hunts.ts';
import { random } from './flows.ts';
import { compare, type Result, same, time } from './measure.ts';
import { history } from './queries.ts';
import type { Bench } from './workspace.ts';

const FLOWS = Number(process.env.BENCH_FLOWS ?? 20_000_000);
const INDICATORS = Number(process.env.BENCH_INDICATORS ?? 10_000);
/** Of them, those whose addresses are in the history. */
const SEEN = 50;
const DAY = 86_400;
const DAYS = 4;

export async function huntGoals(): Promise<Result[]> {
  const { bench, end } = await history(FLOWS);
  const now = () => Math.floor(Date.now() / 1000);
  try {
    // A history of an earlier release is made known first; what a benchmark times is the hunt.
    const backfill = await AddressBackfill.open({ ...bench, now });
    await backfill.run(new AbortController().signal);
    const seen = (await bench.rows(`SELECT toString(address) FROM bartizan.address_day GROUP BY address ORDER BY cityHash64(address) LIMIT ${SEEN}`)).map(
      String,
    );
    await indicators(bench, 'open', seen, () => 0);
    await indicators(bench, 'cut', seen, (i) => end - DAYS * DAY + Math.floor(((i + 0.5) * DAYS * DAY) / SEEN));
    const days = await bench.rows('SELECT count(), sum(c) FROM (SELECT count() AS c FROM bartizan.address_day GROUP BY address, day, dataset)');
    console.log(`     address_day: ${days[0]?.[0]} addresses and days of ${FLOWS / 1e6} M flows, in ${days[0]?.[1]} rows`);
    const results: Result[] = [];
    for (const [feed, how] of [
      ['open', 'without end'],
      ['cut', 'each valid from an instant within the history, whose day is read again'],
    ] as const) {
      await check(bench, feed);
      results.push(
        await compare(
          {
            name: 'P13',
            what: `hunt for ${INDICATORS / 1000} k new indicators, ${SEEN} of them seen, ${how}, in ${FLOWS / 1e6} M flows / one raw scan of the address columns, one thread`,
            direction: 'at most',
            goal: 0.1,
          },
          { ours: () => hunted(bench, feed), yardstick: () => scan(bench, feed) },
        ),
      );
    }
    return results;
  } finally {
    await bench.command("ALTER TABLE bartizan.indicator DELETE WHERE feed IN ('open', 'cut') SETTINGS mutations_sync = 1");
    await bench.command('TRUNCATE TABLE bartizan.retro_match');
    await bench.close();
  }
}

/** The addresses that were seen, and many more that were not. */
async function indicators(bench: Bench, feed: string, seen: readonly string[], validFrom: (i: number) => number): Promise<void> {
  const next = random(99);
  const octet = () => Math.floor(next() * 256);
  const others = Array.from({ length: INDICATORS - seen.length }, () => `${224 + (octet() % 16)}.${octet()}.${octet()}.${octet()}`);
  const values = [...seen, ...others].map(
    (address, i) =>
      `('${feed}', 'address', '${address.replace('::ffff:', '')}', 90, ${i < seen.length ? validFrom(i) : 0}, ${Math.floor(Date.now() / 1000) + DAY}, 1)`,
  );
  await bench.command(`INSERT INTO bartizan.indicator (feed, type, value, confidence, valid_from, imported, fresh) VALUES ${values.join(', ')}`);
}

async function hunted(bench: Bench, feed: string): Promise<number> {
  await bench.command('TRUNCATE TABLE bartizan.retro_match');
  const now = () => Math.floor(Date.now() / 1000);
  const backfill = await AddressBackfill.open({ ...bench, now });
  const hunts = await RetroHunts.open({ ...bench, backfill, internalNetworks: [], allowed: async () => [], repairing: () => 0, now });
  try {
    return await time(async () => {
      await hunts.add({ feed, fresh: 0, known: 0 });
      hunts.start();
      await hunts.settled();
      if (hunts.status.last?.state !== 'done') throw new Error(`the hunt failed: ${hunts.status.last?.message}`);
    });
  } finally {
    await hunts.close();
  }
}

const addresses = (feed: string) => `(SELECT first FROM bartizan.indicator WHERE feed = '${feed}' AND type = 'address')`;

/** No index helps it: each address of each flow is compared. */
async function scan(bench: Bench, feed: string): Promise<number> {
  return time(() => bench.rows(`SELECT countIf(srcaddr IN ${addresses(feed)} OR dstaddr IN ${addresses(feed)}) FROM bartizan.vpc_flow`, 1));
}

/** What the hunt found is what the flows say. */
async function check(bench: Bench, feed: string): Promise<void> {
  await hunted(bench, feed);
  const found = await bench.rows(
    'SELECT toString(address), sum(accepted), sum(refused), sum(bytes), min(first), max(last), count() FROM bartizan.retro_match FINAL GROUP BY address ORDER BY address',
  );
  const flows = await bench.rows(
    `SELECT toString(address), countIf(action != 'REJECT'), countIf(action = 'REJECT'), sum(bytes), min(start), max(start), uniqExact(toDate(start))
     FROM (SELECT arrayJoin([srcaddr, dstaddr]) AS address, action, bytes, start FROM bartizan.vpc_flow WHERE srcaddr IN ${addresses(feed)} OR dstaddr IN ${addresses(feed)}) AS f
     INNER JOIN (SELECT first AS address, valid_from FROM bartizan.indicator WHERE feed = '${feed}') AS i USING (address) WHERE toUnixTimestamp(start) >= valid_from
     GROUP BY address ORDER BY address`,
  );
  same(`P13 findings of ${feed}`, found, flows);
}
