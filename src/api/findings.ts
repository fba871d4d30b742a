/** What the retro-hunt found, joined with what the feeds say of the indicators today. */
import { confidenceBand } from '../model/indicator.ts';
import { CLOUDTRAIL } from '../model/log-formats.ts';
import { OPEN } from '../model/network-interface.ts';
import { num, param, sql, statement } from '../query/sql.ts';
import type { Value } from '../store/store.ts';
import type { HuntStatus, RetroFinding, RetroRequest, RetroResponse } from './contract/findings.ts';
import type { ServerDeps } from './deps.ts';
import { Problem } from './errors.ts';

type Deps = Pick<ServerDeps, 'store' | 'retro'>;

const INDICATOR = sql`SELECT number, feed, value, id, severity, threat_type, actors, malware, kill_chain, labels, imported FROM bartizan.indicator
  WHERE number IN (SELECT indicator FROM bartizan.retro_match)`;
const SUMS = sql`SELECT address, dataset, indicator, max(confidence) AS confidence, max(valid_from) AS since, max(valid_until) AS until, min(found_at) AS found,
  min(first) AS f, max(last) AS l, uniqExact(day) AS days, sum(accepted) AS a, sum(refused) AS r, sum(bytes) AS b
  FROM bartizan.retro_match FINAL GROUP BY address, dataset, indicator`;
const TIMES = sql`toUnixTimestamp(since), toUnixTimestamp(until), imported, toUnixTimestamp(found), toUnixTimestamp(f), toUnixTimestamp(l)`;

/** Throws StoreError. */
export async function retroFindings(deps: Deps, { feed, limit, offset }: RetroRequest, signal: AbortSignal): Promise<RetroResponse> {
  const joined = sql`(${SUMS}) AS sums LEFT JOIN (${INDICATOR}) AS asked ON sums.indicator = asked.number`;
  const where = feed === undefined ? sql`true` : sql`feed = ${param('String', feed)}`;
  const counts = await deps.store.rows(statement(sql`SELECT count(), uniqExact(address), uniqExact(indicator) FROM ${joined} WHERE ${where}`), { signal });
  const page = await deps.store.rows(
    statement(sql`SELECT replaceRegexpOne(toString(address), '^::ffff:([0-9.]+)$', '\\\\1'), dataset, value, feed, id, confidence, severity, threat_type,
      actors, malware, kill_chain, labels, ${TIMES}, days, a, r, b
      FROM ${joined} WHERE ${where} ORDER BY found DESC, l DESC, address, indicator, dataset LIMIT ${num(limit)} OFFSET ${num(offset)}`),
    { signal },
  );
  const [findings = 0, addresses = 0, indicators = 0] = (counts.rows[0] ?? []).map(Number);
  return { hunt: huntStatus(deps), totals: { findings, addresses, indicators }, findings: page.rows.map(toFinding) };
}

/** Throws Problem `not-available` where nothing hunts. */
export async function huntAgain(deps: Deps, feed: string): Promise<HuntStatus> {
  const retro = huntsOf(deps);
  await retro.add({ feed, fresh: 0, known: 0 });
  // A command without a server hunts only when somebody asks.
  retro.start();
  return huntStatus(deps);
}

/** Throws Problem `not-available`. */
export async function cancelHunt(deps: Deps): Promise<HuntStatus> {
  await huntsOf(deps).cancel();
  return huntStatus(deps);
}

function huntsOf({ retro }: Deps): NonNullable<Deps['retro']> {
  if (!retro) throw new Problem('not-available', 'This server does not hunt.');
  return retro;
}

function huntStatus({ retro }: Deps): HuntStatus {
  return retro?.status ?? { state: 'idle', waiting: 0, last: null };
}

function toFinding(row: readonly Value[]): RetroFinding {
  const [address, dataset, indicator, feed, id, confidence, severity, threatType, actors, malware, killChain, labels, ...numbers] = row;
  const [validFrom, validUntil, known, foundAt, first, last, days, accepted, refused, bytes] = numbers.map(Number) as [number, ...number[]] & { length: 10 };
  const list = (value: Value | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);
  const finding = {
    address: String(address),
    dataset: String(dataset),
    indicator: String(indicator),
    feed: String(feed),
    id: String(id),
    confidence: Number(confidence),
    band: confidenceBand(Number(confidence)),
    severity: String(severity),
    threatType: String(threatType),
    actors: list(actors),
    malware: list(malware),
    killChain: list(killChain),
    labels: list(labels),
    validFrom,
    validUntil: validUntil === OPEN ? 0 : (validUntil as number),
    known: known as number,
    foundAt: foundAt as number,
    first: first as number,
    last: last as number,
    days: days as number,
    accepted: accepted as number,
    refused: refused as number,
    bytes: bytes as number,
  };
  return { ...finding, text: sentence(finding) };
}

/** “Found later: known since …, flows at …”. */
function sentence({ dataset, known, first, last }: Pick<RetroFinding, 'dataset' | 'known' | 'first' | 'last'>): string {
  const records = dataset === CLOUDTRAIL.main ? 'events' : 'flows';
  const at = (time: number): string => `${new Date(time * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const since = known === 0 ? 'its feed names it no more' : `known since ${at(known)}`;
  return `Found later: ${since}, ${records} ${at(first) === at(last) ? `at ${at(first)}` : `from ${at(first)} to ${at(last)}`}`;
}
