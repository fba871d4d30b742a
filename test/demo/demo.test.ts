import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadEstate } from '../../src/cli/demo-estate.ts';
import { createDemo, type DemoFile } from '../../src/demo/demo.ts';
import { internalNetworks } from '../../src/demo/estate.ts';
import { demoInterfaces } from '../../src/demo/interfaces.ts';
import { demoIndicators } from '../../src/demo/threats.ts';
import { createNetworks } from '../../src/enrich/networks.ts';
import { FlowDecoder } from '../../src/formats/flow/decode.ts';
import { parseAddress } from '../../src/model/address.ts';

const estate = loadEstate();
const demo = createDemo(estate, 1);
/** A Wednesday, 18:00 UTC. */
const MINUTE = Date.parse('2026-11-18T18:00:00Z') / 60_000;
const DAY = 24 * 60;

const body = (file: DemoFile) => file.text.trimEnd().split('\n').slice(1);
const count = (files: readonly DemoFile[]) => files.reduce((sum, file) => sum + body(file).length, 0);

/** Records as objects by header name. */
function records(files: readonly DemoFile[]): Record<string, string>[] {
  return files.flatMap((file) => {
    const names = file.text.slice(0, file.text.indexOf('\n')).split(' ');
    return body(file).map((line) => Object.fromEntries(line.split(' ').map((value, i) => [names[i]!, value])));
  });
}

describe('repeatable', () => {
  test('the same seed and minute give the same bytes', () => {
    const again = createDemo(loadEstate(), 1);
    expect(again.minute(MINUTE)).toEqual(demo.minute(MINUTE));
    expect(createDemo(estate, 2).minute(MINUTE)).not.toEqual(demo.minute(MINUTE));
    expect(demo.minute(MINUTE + 1)).not.toEqual(demo.minute(MINUTE));
  });

  test('the bytes stay the same from release to release, so that a demo goes on after an update', () => {
    const digest = createHash('sha256');
    for (const { name, text } of demo.minute(MINUTE)) digest.update(name).update(text);
    expect(digest.digest('hex').slice(0, 16)).toMatchInlineSnapshot(`"ec51f7add6c67549"`);
  });

  test('minutes are independent: an hour is its minutes, whatever was asked before', () => {
    const hour = demo.files(MINUTE, MINUTE + 60);
    const backwards = Array.from({ length: 60 }, (_, i) => demo.minute(MINUTE + 59 - i)).reverse();
    hour.forEach((file, vpc) => {
      expect(body(file)).toEqual(backwards.flatMap((files) => body(files[vpc]!)));
    });
  });
});

describe('files', () => {
  test('names are those of S3', () => {
    const names = demo.minute(MINUTE).map((file) => file.name);
    expect(new Set(names).size).toBe(estate.vpcs.length);
    for (const name of names) {
      expect(name).toMatch(/^AWSLogs\/(\d{12})\/vpcflowlogs\/([a-z0-9-]+)\/2026\/11\/18\/\1_vpcflowlogs_\2_fl-[0-9a-f]{17}_20261118T1800Z_[0-9a-f]{8}\.log$/);
    }
    expect(demo.minute(MINUTE + 1).some((file) => names.includes(file.name))).toBe(false);
    expect(demo.folders(MINUTE)).toContain('AWSLogs/444455556666/vpcflowlogs/us-east-1/2026/11/18');
  });

  test('every line is read without quarantine, at all hours', () => {
    for (let part = 0; part < 8; part++) {
      for (const file of demo.files(MINUTE + part * 187, MINUTE + part * 187 + 5)) {
        const decoder = new FlowDecoder({ layout: 'auto', now: () => (MINUTE + DAY * 2) * 60, capacity: 65_536 });
        expect(decoder.push(new TextEncoder().encode(file.text), true)).toBe(true);
        const { bad, counts } = decoder.take();
        expect(bad.map((record) => record.message)).toEqual([]);
        expect(counts.records).toBe(body(file).length);
        expect(counts.headers).toBe(1);
        expect(counts.nodata).toBeGreaterThan(0);
      }
    }
  });

  test('records lie within their minute', () => {
    for (const record of records(demo.minute(MINUTE))) {
      expect(Number(record.start)).toBeGreaterThanOrEqual(MINUTE * 60);
      expect(Number(record.end)).toBeGreaterThanOrEqual(Number(record.start));
      expect(Number(record.end)).toBeLessThan(MINUTE * 60 + 60);
    }
  });

  test('several versions, accounts, regions, IPv6, and records lost now and then', () => {
    const day = records(Array.from({ length: 24 }, (_, h) => demo.files(MINUTE + h * 60, MINUTE + h * 60 + 6)).flat());
    const values = (name: string) => new Set(day.map((record) => record[name]));
    expect(values('version')).toEqual(new Set(['2', '3', '5']));
    expect(values('account-id').size).toBe(3);
    expect(values('log-status')).toEqual(new Set(['OK', 'NODATA', 'SKIPDATA']));
    expect(values('protocol')).toEqual(new Set(['1', '6', '17', '-']));
    expect(values('type')).toEqual(new Set(['IPv4', 'IPv6', '-', undefined]));
    expect(values('traffic-path')).toEqual(new Set(['1', '4', '5', '7', '8', '-', undefined]));
    expect(values('pkt-dst-aws-service')).toEqual(new Set(['S3', 'AMAZON', '-', undefined]));
    expect(values('dstaddr').size).toBeGreaterThan(1500);
  });
});

describe('the story', () => {
  test('about five hundred records a minute, fewer at night than in the evening, fewer in the office on Sunday', () => {
    const hours = Array.from({ length: 24 }, (_, h) => count(demo.files(MINUTE + h * 60, MINUTE + h * 60 + 6)) / 6);
    const mean = hours.reduce((a, b) => a + b, 0) / 24;
    expect(mean).toBeGreaterThan(400);
    expect(mean).toBeLessThan(700);
    expect(Math.max(...hours) / Math.min(...hours)).toBeGreaterThan(1.5);
    const rdp = (minute: number) => records(demo.files(minute, minute + 90)).filter((r) => r.dstport === '22' && r.action === 'ACCEPT').length;
    const noon = MINUTE - 6 * 60;
    expect(rdp(noon)).toBeGreaterThan(3 * rdp(noon + 4 * DAY));
  });

  test('one end of every record is ours, when the estate’s own networks are listed', () => {
    const networks = createNetworks(internalNetworks(estate));
    const internal = (address: string) => networks.isInternal(parseAddress(address)!, 0);
    const flows = records(demo.files(MINUTE, MINUTE + 5)).filter((r) => r['log-status'] === 'OK');
    const directions = new Set<string>();
    for (const { srcaddr, dstaddr } of flows) directions.add(`${internal(srcaddr!)} ${internal(dstaddr!)}`);
    expect(directions).toEqual(new Set(['false true', 'true false', 'true true']));
  });

  test('a NAT gateway shows itself and the packet’s own ends', () => {
    const translated = records(demo.files(MINUTE, MINUTE + 5)).filter((r) => r['pkt-dstaddr'] && r['pkt-dstaddr'] !== r.dstaddr && r['log-status'] === 'OK');
    expect(translated.length).toBeGreaterThan(10);
    for (const r of translated) expect(r['flow-direction'] === 'ingress' || r.version === '3').toBe(true);
  });

  test('the exfiltration comes at its hour every day, to one address, and grows', () => {
    const at = Math.floor(MINUTE / DAY) * DAY + 190;
    const sent = (minute: number) =>
      records(demo.files(minute, minute + 1)).filter(
        (r) => r.srcaddr?.startsWith('10.40.') && Number(r.bytes) > 3_000_000 && r.dstport === '443' && !r.dstaddr?.startsWith('10.'),
      );
    const exfiltrated = (minute: number) => sent(minute).filter((r) => !/^(52|3)\./.test(r.dstaddr!));
    const whole = Array.from({ length: 35 }, (_, i) => exfiltrated(at + i));
    expect(new Set(whole.flat().map((r) => r.dstaddr)).size).toBe(1);
    const bytes = (minutes: Record<string, string>[][]) => minutes.flat().reduce((sum, r) => sum + Number(r.bytes), 0);
    expect(bytes(whole.slice(25))).toBeGreaterThan(3 * bytes(whole.slice(0, 10)));
    expect(exfiltrated(at - 1)).toEqual([]);
    expect(exfiltrated(at + 35)).toEqual([]);
    expect(exfiltrated(at + DAY).map((r) => r.dstaddr)).toContain(whole[0]![0]!.dstaddr);
  });

  test('the beacon calls one address every five minutes', () => {
    const calls = Array.from({ length: 60 }, (_, i) =>
      records(demo.minute(MINUTE + i)).filter(
        (r) => r.srcaddr?.startsWith('10.20.') && r.dstaddr?.startsWith('37.') && r.dstport === '443' && Number(r.bytes) < 700,
      ),
    );
    const minutes = calls.flatMap((list, i) => (list.length > 0 ? [i] : []));
    expect(minutes).toHaveLength(12);
    expect(new Set(minutes.map((m) => m % 5)).size).toBe(1);
    expect(new Set(calls.flat().map((r) => r.dstaddr)).size).toBe(1);
  });

  test('scans sweep ports and brute force hammers', () => {
    const ports = new Map<string, Set<string>>();
    const attempts = new Map<string, number>();
    const refused = (minute: number) => records(demo.minute(minute)).filter((r) => r.action === 'REJECT');
    // Every second minute of six hours: attacks come in blocks of a quarter of an hour and more.
    for (const r of Array.from({ length: 180 }, (_, i) => refused(MINUTE + 2 * i)).flat()) {
      const pair = `${r.srcaddr} ${r.dstaddr}`;
      ports.set(pair, (ports.get(pair) ?? new Set()).add(r.dstport!));
      const service = `${pair} ${r.dstport}`;
      attempts.set(service, (attempts.get(service) ?? 0) + 1);
    }
    expect(Math.max(...[...ports.values()].map((set) => set.size))).toBeGreaterThan(200);
    for (const port of ['22', '3389']) expect(Math.max(...[...attempts].filter(([key]) => key.endsWith(` ${port}`)).map(([, n]) => n))).toBeGreaterThan(100);
  });
});

describe('what is known of the estate', () => {
  const OURS = new Set(demoInterfaces(estate, 1).flatMap(({ interfaces }) => interfaces.map((facts) => facts.interfaceId)));

  test('every interface that writes records, with groups, VPC and subnet, and instances with names of their own', () => {
    const flows = records(demo.files(MINUTE, MINUTE + 30));
    expect([...new Set(flows.map((r) => r['interface-id']))].filter((id) => !OURS.has(id ?? ''))).toEqual([]);
    const regions = demoInterfaces(estate, 1);
    expect(regions.map(({ account, region }) => `${account} ${region}`)).toEqual([
      '111122223333 us-east-1',
      '111122223333 eu-central-1',
      '444455556666 us-east-1',
      '777788889999 ap-southeast-2',
    ]);
    const facts = regions.flatMap(({ interfaces }) => interfaces);
    expect(new Set(facts.map((f) => f.interfaceId)).size).toBe(facts.length);
    for (const f of facts) {
      expect([f.groupIds.length, f.groupNames.length]).toEqual(f.instanceId ? [2, 2] : [1, 1]);
      expect(f.groupIds.join()).toMatch(/^sg-0[0-9a-f]{16}(,sg-0[0-9a-f]{16})?$/);
    }
    const said = flows.find((r) => r['subnet-id'] && r['instance-id']?.startsWith('i-'));
    expect(facts.find((f) => f.interfaceId === said?.['interface-id'])).toMatchObject({
      instanceId: said?.['instance-id'],
      subnetId: said?.['subnet-id'],
      vpcId: said?.['vpc-id'],
    });
    const names = facts.filter((f) => f.instanceId).map((f) => f.instanceName);
    expect(new Set(names).size).toBe(names.length);
  });

  test('its threat feed names attackers of every hour, accepted and refused, in and out, and no machine of ours', () => {
    const indicators = demoIndicators(estate, 1);
    const values = new Map(indicators.map((i) => [i.value, i]));
    expect(values.size).toBe(indicators.length);
    expect(demoIndicators(loadEstate(), 1)).toEqual(indicators);
    for (let hour = 0; hour < 24; hour += 8) {
      const flows = records(demo.files(MINUTE + hour * 60, MINUTE + hour * 60 + 30)).filter((r) => r['log-status'] === 'OK');
      const high = (address: string | undefined) => (values.get(address ?? '')?.confidence ?? 0) >= 85;
      const seen = new Set(flows.flatMap((r) => [...(high(r.srcaddr) ? [`from ${r.action}`] : []), ...(high(r.dstaddr) ? [`to ${r.action}`] : [])]));
      expect(seen).toEqual(new Set(['from ACCEPT', 'from REJECT', 'to ACCEPT', 'to REJECT']));
    }
    const networks = createNetworks(internalNetworks(estate));
    for (const { value } of indicators.filter((i) => !i.value.includes('/'))) expect(networks.isInternal(parseAddress(value)!, 0)).toBe(false);
    expect(indicators.filter((i) => i.value.includes('/')).map((i) => i.value)).toEqual(['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32']);
    expect(() => demoIndicators({ ...estate, pools: {} }, 1)).toThrow(/there is no pool/);
  });

  test('there is something for every panel: flags, paths, zones, and refusals at the ports that panels are about', () => {
    const flows = records(demo.files(MINUTE, MINUTE + 20)).filter((r) => r['log-status'] === 'OK');
    const refused = new Set(flows.filter((r) => r.action === 'REJECT').map((r) => r.dstport));
    for (const port of ['22', '23', '3389', '445', '1433', '3306']) expect([port, refused.has(port)]).toEqual([port, true]);
    const distinct = (name: string) => new Set(flows.map((r) => r[name]).filter((value) => value !== undefined && value !== '-')).size;
    expect(distinct('region')).toBeGreaterThan(1);
    expect(distinct('az-id')).toBeGreaterThan(3);
    expect(distinct('vpc-id')).toBeGreaterThan(2);
    expect(distinct('tcp-flags')).toBeGreaterThan(3);
    expect(distinct('traffic-path')).toBeGreaterThan(3);
    expect(distinct('flow-direction')).toBe(2);
  });
});

describe('an estate that contradicts itself is refused by name', () => {
  test.each([
    ['pool', { ...estate, pools: {} }, /there is no pool/],
    ['role', { ...estate, vpcs: estate.vpcs.slice(1) }, /there is no role shop-us/],
    ['rhythm', { ...estate, rhythms: {} }, /there is no rhythm/],
    ['account', { ...estate, accounts: {} }, /there is no account production/],
    ['field', { ...estate, vpcs: estate.vpcs.map((vpc) => ({ ...vpc, layout: 'version ecs-task-id' })) }, /cannot write the field ecs-task-id/],
  ])('%s', (_, broken, message) => {
    expect(() => createDemo(broken, 1)).toThrow(message);
  });
});
