/** Flow logs of several formats in one ingest, and a data directory of a release that knew one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../src/model/counts.ts';
import { TGW_FLOW } from '../../src/model/log-formats.ts';
import { compile, recordsStatement } from '../../src/query/index.ts';
import { tableName } from '../../src/store/ddl.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { gzipped, HEADER, lines, openPlace, type Place, START } from './helpers.ts';

const TGW_HEADER = TGW_FLOW.defaultLayout;

/** Lines of a transit gateway: `bytes` are `seed`, and rise by one a line. */
function gateway(count: number, seed = 1, status = 'OK'): string {
  const one = (i: number): string =>
    `6 TransitGateway 123456789012 tgw-${seed} tgw-attach-${i % 5} 1 2 vpc-a vpc-b subnet-a subnet-b eni-a eni-b az1 az2 - 10.0.0.${i % 200} 198.51.100.7 ${1024 + i} 443 6 1 ${seed + i} ${START + i} ${START + i + 60} ${status} IPv4 0 ${i} 0 0 2 eu-west-1 egress - -\n`;
  return Array.from({ length: count }, (_, i) => one(i)).join('');
}

const counts = (summary: object) => Object.fromEntries(Object.keys(NO_COUNTS).map((key) => [key, (summary as Record<string, number>)[key]]));

describe('an ingest of several formats', () => {
  let place: Place;
  beforeEach(async () => {
    place = await openPlace();
  });
  afterEach(() => place.close());
  const count = async (table: string) => Number((await place.rows(`SELECT count() FROM bartizan.${table}`))[0]?.[0]);

  it('tells each file, and each line where files mix, in one worker or several', async () => {
    await place.file('a/1.log', `${HEADER}\n${lines(1200, 1)}`);
    await place.file('a/2_vpcflowlogs_.log.gz', gzipped(`${TGW_HEADER}\n${gateway(1500, 2)}bad line\n`));
    await place.file('a/3.log', lines(300, 3));
    await place.file('a/4.log', `${gateway(40, 4)}${lines(30, 4)}${gateway(5, 5, 'NODATA')}${gateway(2, 6, 'SKIPDATA')}`);
    await place.file('a/5.log', `start tgw_id\n${START} tgw-x\n${HEADER}\nnothing\n`);
    const summary = await place.pipeline.ingest([join(place.directory, 'logs')]);
    expect(counts(summary)).toEqual({ ...NO_COUNTS, records: 3080, stored: 3071, nodata: 5, skipdata: 2, quarantined: 2 });
    // The bad line of 5.log counts as what its file holds.
    expect(summary.formats).toEqual({ 'vpc-flow': 1530, 'tgw-flow': 1550 });
    expect([await count('vpc_flow'), await count('vpc_flow_status'), await count('tgw_flow'), await count('tgw_flow_status')]).toEqual([1530, 0, 1541, 7]);
    const rows = await place.rows(
      "SELECT tgw_id, count(), sum(bytes), max(packets_lost_blackhole), any(direction) FROM bartizan.tgw_flow WHERE tgw_id != 'tgw-x' GROUP BY tgw_id ORDER BY tgw_id",
    );
    const sum = (n: number, seed: number) => (n * (n - 1)) / 2 + n * seed;
    expect(rows).toEqual([
      ['tgw-2', 1500, sum(1500, 2), 1499, 'outbound'],
      ['tgw-4', 40, sum(40, 4), 39, 'outbound'],
    ]);
    // What is known of all flows of VPCs is not touched by others.
    expect([place.metadata.absentMask(), place.metadata.defaultOnly()]).toEqual([((1n << 54n) - 1n) ^ ((1n << 14n) - 1n), true]);
    expect(counts(await place.pipeline.ingest([join(place.directory, 'logs')]))).toEqual({ ...NO_COUNTS, records: 3080, duplicates: 3080 });
  });

  it('takes account, region and interface from what is around records that do not name them, and leaves their text alone', async () => {
    const stream = (logStream: string, messages: readonly string[]) =>
      JSON.stringify({
        messageType: 'DATA_MESSAGE',
        owner: '210987654321',
        logGroup: '/flows',
        logStream,
        subscriptionFilters: ['all'],
        '@aws.region': 'eu-north-1',
        logEvents: messages.map((message, i) => ({ id: String(i), timestamp: START * 1000, message })),
      });
    const own = (account: string, eni: string) => `2 ${account} ${eni} 10.0.0.1 198.51.100.9 1 2 6 1 40 ${START} ${START} ACCEPT OK`;
    const folder = `AWSLogs/345678901234/vpcflowlogs/ap-south-1/2023/11/14`;
    await place.file('a.json', stream('eni-0123456789abcdef0-all', [own('-', '-'), own('111122223333', 'eni-of-the-record')]));
    await place.file('b.json', stream('of a name of its own', [own('-', '-')]));
    await place.file(
      `${folder}/345678901234_vpcflowlogs_ap-south-1_fl-1_20231114T2210Z_1.log`,
      `srcaddr dstaddr start end\n10.0.0.3 198.51.100.9 ${START} ${START}\n`,
    );
    await place.pipeline.ingest([join(place.directory, 'logs')]);
    const rows = await place.rows('SELECT account_id, region, interface_id FROM bartizan.vpc_flow ORDER BY account_id, interface_id');
    expect(rows).toEqual([
      ['111122223333', 'eu-north-1', 'eni-of-the-record'],
      ['210987654321', 'eu-north-1', ''],
      ['210987654321', 'eu-north-1', 'eni-0123456789abcdef0'],
      ['345678901234', 'ap-south-1', ''],
    ]);
    expect(await place.rows('SELECT account, region, sum(records) FROM bartizan.ingest_counter WHERE records > 0 GROUP BY ALL ORDER BY account')).toEqual([
      ['111122223333', 'eu-north-1', 1],
      ['210987654321', 'eu-north-1', 2],
      ['345678901234', 'ap-south-1', 1],
    ]);
    const relations = { table: tableName, absentMask: place.metadata.absentMask(), missingMask: place.metadata.missingMask() };
    const ask = async (query: string) => {
      const result = compile(query, { from: START - 10, to: START + 10, now: START, timeZone: 'UTC', relations, maxRows: 10 });
      if (!result.ok) expect.fail(JSON.stringify(result.diagnostics));
      return (await place.store.rows(result.compiled.statement)).rows;
    };
    expect(await ask('interfaceID=eni-0123456789abcdef0 awsRegion=eu-north-1 | fields accountID, _raw')).toEqual([['210987654321', own('-', '-')]]);
    expect(await ask('awsRegion=ap-south-1 | fields accountID, interfaceID, _raw')).toEqual([
      ['345678901234', null, `10.0.0.3 198.51.100.9 ${START} ${START}`],
    ]);
    expect(await ask('ap-south-1 | count')).toEqual([[1]]);
  });

  it('answers queries over either, and shows their records as they came', async () => {
    await place.pipeline.ingest([await place.file('vpc.log', lines(20, 1)), await place.file('tgw.log', gateway(3, 100))]);
    const relations = {
      table: tableName,
      absentMask: place.metadata.absentMask(),
      missingMask: place.metadata.missingMask(),
      defaultOnly: place.metadata.defaultOnly(),
    };
    const options = { from: null, to: null, now: START, timeZone: 'UTC', relations, maxRows: 100 };
    const rows = async (query: string) => {
      const result = compile(query, options);
      if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
      return (await place.store.rows(result.compiled.statement)).rows;
    };
    expect(await rows('| count')).toEqual([[20]]);
    expect(await rows('_index=tgw_flow | sum(bytes) as b by tgw_id')).toEqual([['tgw-100', 303]]);
    expect(await rows('_index=*_flow | count by _index | sort + _index')).toEqual([
      ['tgw_flow', 3],
      ['vpc_flow', 20],
    ]);
    const records = recordsStatement({ ...options, query: '_index=tgw_flow', limit: 10, offset: 0 });
    if (!records.ok) throw new Error('the query is wrong');
    const raw = records.columns.findIndex((c) => c.name === '_raw');
    const texts = (await place.store.rows(records.statement)).rows.map((row) => row[raw]);
    expect(texts.toSorted()).toEqual(gateway(3, 100).trimEnd().split('\n').toSorted());
  });

  it('reads a file as a setting says, which makes it another delivery', async () => {
    const path = await place.file('short.log', `start srcaddr\n${START} 10.0.0.1\nx 10.0.0.2\n`);
    expect((await place.pipeline.ingest([path])).formats).toEqual({ 'vpc-flow': 2 });
    const forced = await place.pipeline.ingest([path], { format: 'tgw-flow' });
    expect([forced.formats, forced.stored, forced.quarantined]).toEqual([{ 'tgw-flow': 2 }, 1, 1]);
    expect([await count('vpc_flow'), await count('tgw_flow')]).toEqual([1, 1]);
    const { records } = await place.quarantine.list();
    expect(records.map((r) => r.layout).toSorted()).toEqual(['start srcaddr', 'tgw-flow:start srcaddr']);
  });

  it('reads records again that an earlier release kept as unreadable, into their own table', async () => {
    // As such a release would have kept it: without a layout that it knew.
    const line = gateway(1, 9).trimEnd();
    await place.store.command({
      text: `INSERT INTO bartizan.quarantine (batch, seq, code, message, offset, length, raw, received) SELECT 'old', 0, 'too-many-fields', '', 0, length({raw:String}), {raw:String}, now('UTC')`,
      params: { raw: line },
    });
    expect(await place.quarantine.retry()).toEqual({ retried: 1, resolved: 1, filtered: 0, quarantined: 0 });
    expect([await count('tgw_flow'), await count('vpc_flow')]).toEqual([1, 0]);
  });

  it('stores what rules for its records make of them, and no others', async () => {
    const body = { expression: 'parse "TransitGateway * *" as owner, more', at: 'ingest', enabled: true, fields: ['owner', 'more'], samples: [] };
    await place.metadata.library.create({ kind: 'rule', name: 'gateways', body: { ...body, scope: '_index=tgw_flow' } });
    await place.metadata.library.create({
      kind: 'rule',
      name: 'flows',
      body: { ...body, scope: '', expression: 'parse "2 * *" as account, rest', fields: ['account', 'rest'] },
    });
    await place.catalogs.reload();
    const summary = await place.pipeline.ingest([await place.file('vpc.log', lines(4, 1)), await place.file('tgw.log', gateway(3, 100))]);
    expect(summary.notes).toEqual([]);
    expect(await place.rows('SELECT mapKeys(extracted), count() FROM bartizan.tgw_flow GROUP BY 1')).toEqual([[['owner', 'more'], 3]]);
    expect(await place.rows('SELECT mapKeys(extracted), count() FROM bartizan.vpc_flow GROUP BY 1')).toEqual([[['account', 'rest'], 4]]);
  });
});

it('a data directory of a release without transit gateways gets their tables and keeps what it has', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-old-'));
  try {
    const old = await openPlace({ directory });
    await old.pipeline.ingest([await old.file('vpc.log', `${HEADER}\n${lines(50, 1)}`)]);
    await old.pipeline.close();
    await old.metadata.close();
    for (const text of [
      'DROP TABLE bartizan.tgw_flow SYNC',
      'DROP TABLE bartizan.tgw_flow_status SYNC',
      'ALTER TABLE bartizan.schema_version DELETE WHERE version >= 5 SETTINGS mutations_sync = 2',
    ])
      await old.store.command({ text, params: {} });
    await old.store.close();

    const bare = await openEmbedded({ path: join(directory, 'store') });
    const { rows } = await bare.rows({ text: "SELECT name FROM system.tables WHERE database = 'bartizan' AND name LIKE '%_flow%' ORDER BY name", params: {} });
    expect(rows.flat()).toEqual(['tgw_flow', 'tgw_flow_status', 'vpc_flow', 'vpc_flow_status']);
    await bare.close();

    const place = await openPlace({ directory });
    await place.pipeline.ingest([await place.file('tgw.log', gateway(7, 1))]);
    expect(await place.rows('SELECT (SELECT count() FROM bartizan.vpc_flow), (SELECT count() FROM bartizan.tgw_flow)')).toEqual([[50, 7]]);
    await place.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
