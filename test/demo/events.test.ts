/** The API activity of the demo estate: repeatable, as AWS writes it, and about the very machines of the flows. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadActivity, loadEstate, loadIncident } from '../../src/cli/demo-estate.ts';
import type { Activity, Step } from '../../src/demo/activity.ts';
import { createDemo, type DemoFile } from '../../src/demo/demo.ts';
import { createDemoEvents } from '../../src/demo/events.ts';
import { demoInterfaces } from '../../src/demo/interfaces.ts';
import { buildHosts, machineOf } from '../../src/demo/parties.ts';
import { demoIndicators } from '../../src/demo/threats.ts';
import { CloudTrailDecoder } from '../../src/formats/cloudtrail/decode.ts';

const estate = loadEstate();
const activity = loadActivity();
const events = createDemoEvents(estate, activity, 1);
const flows = createDemo(estate, 1);
const DAY = 24 * 60;
/** A Wednesday, 00:00 UTC. */
const MIDNIGHT = Date.parse('2026-11-18T00:00:00Z') / 60_000;
const dayFiles = events.files(MIDNIGHT, MIDNIGHT + DAY);

interface Event {
  readonly eventTime: string;
  readonly eventName: string;
  readonly eventID: string;
  readonly eventType: string;
  readonly awsRegion: string;
  readonly sourceIPAddress?: string;
  readonly recipientAccountId: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly readOnly?: boolean;
  readonly sharedEventID?: string;
  readonly eventCategory: string;
  readonly eventSource: string;
  readonly vpcEndpointId?: string;
  /** Of aggregated events. */
  readonly accountId?: string;
  readonly eventId?: string;
  readonly timeWindow?: { readonly windowStart: string };
  readonly summary?: { readonly primaryDimension: { readonly statistics: readonly { readonly name: string; readonly value: number }[] } };
  readonly userIdentity?: {
    readonly type: string;
    readonly userName?: string;
    readonly accessKeyId?: string;
    readonly arn?: string;
    readonly principalId?: string;
  };
  readonly requestParameters?: Record<string, unknown> | null;
  readonly responseElements?: Record<string, unknown> | null;
}

const read = (file: DemoFile) => (JSON.parse(file.text) as { Records: Event[] }).Records;
const all = dayFiles.flatMap(read);
/** What was done: without what sums it up. */
const day = all.filter((event) => event.eventCategory !== 'Aggregated');
const minuteOf = (event: Event) => Date.parse(event.eventTime) / 60_000;

describe('repeatable', () => {
  test('the same seed and minutes give the same bytes', () => {
    expect(createDemoEvents(loadEstate(), loadActivity(), 1).files(MIDNIGHT, MIDNIGHT + 30)).toEqual(
      dayFiles.slice(0, events.files(MIDNIGHT, MIDNIGHT + 30).length),
    );
    expect(createDemoEvents(estate, activity, 2).files(MIDNIGHT, MIDNIGHT + 30)).not.toEqual(events.files(MIDNIGHT, MIDNIGHT + 30));
  });

  test('the bytes stay the same from release to release, so that a demo goes on after an update', () => {
    const digest = createHash('sha256');
    for (const { name, text } of events.files(MIDNIGHT + 1080, MIDNIGHT + 1140)) digest.update(name).update(text);
    expect(digest.digest('hex').slice(0, 16)).toMatchInlineSnapshot(`"f3912c5ab514ede9"`);
  });

  test('however time is cut, each file comes once, when its five minutes are over', () => {
    const hour = events.files(MIDNIGHT + 600, MIDNIGHT + 660);
    expect(Array.from({ length: 60 }, (_, i) => events.files(MIDNIGHT + 600 + i, MIDNIGHT + 601 + i)).flat()).toEqual(hour);
    expect([...events.files(MIDNIGHT + 600, MIDNIGHT + 613), ...events.files(MIDNIGHT + 613, MIDNIGHT + 660)]).toEqual(hour);
    expect(events.files(MIDNIGHT + 600, MIDNIGHT + 604)).toEqual([]);
    expect(events.files(MIDNIGHT + 604, MIDNIGHT + 605).length).toBeGreaterThan(0);
  });
});

describe('files', () => {
  test('are named as AWS names them, and hold events of their account, region and five minutes', () => {
    const names = new Set(dayFiles.map((file) => file.name));
    expect(names.size).toBe(dayFiles.length);
    const folders = new Set([MIDNIGHT, MIDNIGHT + DAY].flatMap((minute) => events.folders(minute)));
    for (const file of dayFiles) {
      const [, account, kind, region, time] =
        /^AWSLogs\/(\d{12})\/(CloudTrail(?:-Insight|-NetworkActivity|-Aggregated)?)\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/\1_\2_\3_(\d{8}T\d{4}Z)_[A-Za-z0-9]{16}\.json$/.exec(
          file.name,
        ) ?? [];
      const delivered = Date.parse((time ?? '').replace(/^(....)(..)(..)T(..)(..)Z$/, '$1-$2-$3T$4:$5Z')) / 60_000;
      expect(folders.has(file.name.slice(0, file.name.lastIndexOf('/')))).toBe(true);
      for (const event of read(file)) {
        const category = { CloudTrail: '', 'CloudTrail-Insight': 'Insight' }[kind ?? ''] ?? kind?.split('-')[1];
        const own = ['Management', 'Data'].includes(event.eventCategory) ? '' : event.eventCategory;
        expect([event.recipientAccountId ?? event.accountId, event.awsRegion, own]).toEqual([account, region, category]);
        const minute = event.timeWindow ? Date.parse(event.timeWindow.windowStart) / 60_000 : minuteOf(event);
        expect(minute).toBeGreaterThanOrEqual(delivered - 5);
        expect(minute).toBeLessThan(delivered);
      }
    }
    expect(new Set(day.map((event) => event.recipientAccountId))).toEqual(new Set(Object.values(estate.accounts)));
  });

  test('a whole day is read without quarantine, every event with an id of its own', () => {
    let records = 0;
    for (const file of dayFiles) {
      const decoder = new CloudTrailDecoder({ now: () => (MIDNIGHT + DAY * 2) * 60, capacity: 1024 });
      expect(decoder.push(new TextEncoder().encode(file.text), true)).toBe(true);
      const { bad, counts } = decoder.take();
      expect(bad.map((record) => record.message)).toEqual([]);
      records += counts.records;
    }
    expect(records).toBe(all.length);
    expect(new Set(all.map((event) => event.eventID ?? event.eventId)).size).toBe(all.length);
  });

  test('aggregated events sum up the data events of their five minutes, and none of other ones', () => {
    const summaries = all.filter((event) => event.eventCategory === 'Aggregated');
    expect(summaries.length).toBeGreaterThan(200);
    const slot = (minutes: number) => Math.floor(minutes / 5) * 5;
    const counts = new Map<string, number>();
    const add = (key: string, n: number) => counts.set(key, (counts.get(key) ?? 0) + n);
    for (const e of day) if (e.eventCategory === 'Data') add(`${e.recipientAccountId} ${e.awsRegion} ${e.eventSource} ${slot(minuteOf(e))} ${e.eventName}`, 1);
    for (const e of summaries) {
      for (const { name, value } of e.summary!.primaryDimension.statistics)
        add(`${e.accountId} ${e.awsRegion} ${e.eventSource} ${Date.parse(e.timeWindow!.windowStart) / 60_000} ${name}`, -value);
    }
    expect([...counts].filter(([, rest]) => rest !== 0)).toEqual([]);
    expect(counts.size).toBeGreaterThan(summaries.length);
  });

  test('the endpoint refuses loaders, which have flows to it, and says nothing of what they asked for', () => {
    const refused = day.filter((event) => event.eventCategory === 'NetworkActivity');
    expect(refused.length).toBeGreaterThan(3);
    const loaders = new Set((buildHosts(estate, 1).get('warehouse/loader') ?? []).map((host) => host.address));
    for (const event of refused) {
      expect(loaders).toContain(event.sourceIPAddress);
      expect(event).toMatchObject({ eventName: 'PutObject', errorCode: 'VpceAccessDenied', vpcEndpointId: 'vpce-0c8e0a2b4d6f13579' });
      expect(Object.keys(event)).not.toContain('requestParameters');
    }
  });
});

describe('a day', () => {
  test('is mostly reading, more at work than at night, with failures, refusals and everything that panels are about', () => {
    const calls = day.filter((event) => event.eventCategory !== 'Insight');
    expect(calls.length / DAY).toBeGreaterThan(5);
    expect(calls.length / DAY).toBeLessThan(20);
    expect(calls.filter((event) => event.readOnly).length / calls.length).toBeGreaterThan(0.6);
    const between = (first: number, end: number) =>
      calls.filter((event) => minuteOf(event) >= MIDNIGHT + first * 60 && minuteOf(event) < MIDNIGHT + end * 60).length;
    expect(between(12, 15)).toBeGreaterThan(1.5 * between(0, 3));
    const failed = calls.filter((event) => event.errorCode).length / calls.length;
    expect(failed).toBeGreaterThan(0.01);
    expect(failed).toBeLessThan(0.15);
    const codes = new Set(calls.map((event) => event.errorCode));
    for (const code of ['AccessDenied', 'AccessDeniedException', 'Client.UnauthorizedOperation']) expect(codes).toContain(code);
    const succeeded = new Set(calls.filter((event) => !event.errorCode).map((event) => event.eventName));
    const wanted = `CreateUser DeleteUser CreateRole DeleteRole CreateAccessKey DeleteAccessKey AddUserToGroup RemoveUserFromGroup CreateLoginProfile
      DeleteLoginProfile ChangePassword CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress
      RevokeSecurityGroupIngress AttachUserPolicy DetachRolePolicy SetDefaultPolicyVersion GetSessionToken RunInstances TerminateInstances Decrypt PutObject
      DisableKey PutEventSelectors StopConfigurationRecorder CreateRoute CreateNetworkAclEntry CreateInternetGateway PutBucketPolicy UpdatePolicy`;
    for (const name of wanted.split(/\s+/)) expect(succeeded).toContain(name);
    const types = new Set(calls.map((event) => event.userIdentity?.type));
    expect(types).toEqual(new Set(['IAMUser', 'AssumedRole', 'AWSService', 'AWSAccount', 'Root']));
    const signIns = calls.filter((event) => event.eventName === 'ConsoleLogin');
    const answers = new Set(signIns.map((event) => `${event.userIdentity?.type} ${event.responseElements?.ConsoleLogin}`));
    expect(answers).toEqual(new Set(['IAMUser Success', 'IAMUser Failure', 'Root Success', 'Root Failure']));
    expect(signIns.some((event) => event.userIdentity?.userName === 'HIDDEN_DUE_TO_SECURITY_REASONS')).toBe(true);
  });

  /** Ids of machines, interfaces, groups, subnets and VPCs in a text. */
  const idsIn = (text: string) => [...text.matchAll(/\b(?:eni|i|sg|subnet|vpc)-0[0-9a-f]{16}\b/g)].map((match) => match[0]);
  const idsOf = (seed: number) =>
    new Set(
      demoInterfaces(estate, seed).flatMap(({ interfaces }) => interfaces.flatMap((f) => [f.interfaceId, f.instanceId, f.subnetId, f.vpcId, ...f.groupIds])),
    );
  /** What events make themselves. */
  const made = new Set(day.filter((event) => event.eventName === 'CreateSecurityGroup').map((event) => String(event.responseElements?.groupId)));

  test('names machines, interfaces, groups and networks of the flows, in their own account and region', () => {
    const named = new Set(dayFiles.flatMap((file) => idsIn(file.text)).filter((id) => !made.has(id)));
    expect(new Set([...named].map((id) => id.slice(0, id.indexOf('-'))))).toEqual(new Set(['eni', 'i', 'sg', 'subnet', 'vpc']));
    const ours = idsOf(1);
    expect([...named].filter((id) => !ours.has(id))).toEqual([]);
    // Another seed's estate is another estate: the check can fail.
    const others = idsOf(2);
    expect([...named].some((id) => !others.has(id))).toBe(true);
    const places = new Map(
      demoInterfaces(estate, 1).flatMap(({ interfaces }) =>
        interfaces.flatMap((f) => [f.interfaceId, f.instanceId].map((id) => [id, `${f.account} ${f.region}`])),
      ),
    );
    for (const event of day) {
      for (const id of idsIn(JSON.stringify(event.requestParameters ?? {}))) {
        if (places.has(id)) expect([event.eventName, id, places.get(id)]).toEqual([event.eventName, id, `${event.recipientAccountId} ${event.awsRegion}`]);
      }
    }
  });

  test('comes from offices, build servers, machines and services, and of people always from the same place', () => {
    const hosts = new Map([...buildHosts(estate, 1).values()].flat().map((host) => [host.address, host.instanceId]));
    const places = new Map<string, Set<string>>();
    for (const { sourceIPAddress: source = '', userIdentity } of day) {
      if (source.startsWith('10.')) expect(userIdentity?.arn?.endsWith(`/${hosts.get(source)}`)).toBe(true);
      const name = userIdentity?.userName ?? '';
      if (/^(engineer|developer|analyst)-/.test(name)) places.set(name, (places.get(name) ?? new Set()).add(source));
    }
    expect(places.size).toBe(15);
    for (const sources of places.values()) {
      expect(sources.size).toBe(1);
      expect([...sources][0]).toMatch(/^(91\.112\.0|86\.40\.0|142\.180\.0)\.\d+$/);
    }
  });

  test('a machine that is launched has flows from then until it is terminated, and each day another one', () => {
    const launched = day.find((event) => event.eventName === 'RunInstances' && !event.errorCode)!;
    const terminated = day.find((event) => event.eventName === 'TerminateInstances')!;
    const [, id = ''] = /"networkInterfaceId":"(eni-\w+)"/.exec(JSON.stringify(launched.responseElements)) ?? [];
    const [, instance = ''] = /"instanceId":"(i-\w+)"/.exec(JSON.stringify(launched.responseElements)) ?? [];
    expect(JSON.stringify(terminated.requestParameters)).toContain(instance);
    const starts = Array.from({ length: 240 }, (_, i) => MIDNIGHT + i).filter((minute) => flows.minute(minute).some((file) => file.text.includes(` ${id} `)));
    expect(starts[0]).toBeGreaterThan(minuteOf(launched));
    expect(starts.at(-1)).toBeLessThan(minuteOf(terminated));
    expect(starts.length).toBeGreaterThan(90);
    expect(starts[0]! - minuteOf(launched)).toBeLessThan(5);
    const next = events
      .files(MIDNIGHT + DAY, MIDNIGHT + DAY + 120)
      .flatMap(read)
      .find((event) => event.eventName === 'RunInstances' && !event.errorCode)!;
    expect(JSON.stringify(next.responseElements)).not.toContain(instance);
  });
});

describe('the stolen key', () => {
  const { cycle, steps, traffic } = loadIncident();
  const begin = MIDNIGHT + cycle.at + cycle.every;
  const story = events
    .files(begin - 5, begin + 50)
    .flatMap(read)
    .filter((event) => minuteOf(event) >= begin);
  const thief = demoIndicators(estate, 1).find((indicator) => indicator.labels.includes('stolen-credentials'))!.value;
  const collector = demoIndicators(estate, 1).find(
    (indicator) => indicator.actors.includes('demo actor C') && indicator.labels.includes('exfiltration'),
  )!.value;
  const his = story.filter((event) => event.sourceIPAddress === thief);
  const target = machineOf(buildHosts(estate, 1), 'shop-us/database/2', 0);
  const facts = demoInterfaces(estate, 1)
    .flatMap(({ interfaces }) => interfaces)
    .find((f) => f.interfaceId === target.interfaceId)!;
  const at = (name: string) => story.find((event) => event.eventName === name && !event.errorCode)!;

  test('every step is there, at its time', () => {
    const found = story.map((event) => `${event.eventName} ${event.eventTime}`);
    for (const step of steps.filter((s) => !s.insight)) {
      const [minutes = 0, seconds = 0] = step.time.split(':').map(Number);
      const time = new Date((begin + minutes) * 60_000 + seconds * 1000).toISOString().replace('.000', '');
      expect(found).toContain(`${step.call.split(':')[1]} ${time}`);
    }
    const order = ['GetCallerIdentity', 'AttachUserPolicy', 'CreateUser', 'CreateAccessKey', 'AssumeRole', 'AssociateAddress', 'AuthorizeSecurityGroupIngress'];
    const times = order.map((name) => his.find((event) => event.eventName === name && !event.errorCode)?.eventTime);
    expect(times).toEqual([...times].sort());
    expect(times).not.toContain(undefined);
    expect(his.filter((event) => event.errorCode).length).toBeGreaterThan(15);
    expect(story.filter((event) => event.eventName === 'StopLogging').map((event) => [event.sourceIPAddress, event.errorCode])).toEqual([
      [thief, 'AccessDeniedException'],
    ]);
  });

  test('one key: that of the build, until it is replaced; a user and a role that have theirs from it', () => {
    const stolen = at('GetCallerIdentity').userIdentity?.accessKeyId;
    const builds = (from: number) =>
      new Set(
        events
          .files(from, from + DAY / 8)
          .flatMap(read)
          .filter((e) => e.userIdentity?.userName === 'ci-deploy' && e.sourceIPAddress !== thief)
          .map((e) => e.userIdentity?.accessKeyId),
      );
    const deleted = story.find((event) => event.eventName === 'DeleteAccessKey' && event.requestParameters?.userName === 'ci-deploy')!;
    expect(deleted.requestParameters?.accessKeyId).toBe(stolen);
    const keys = new Set(day.filter((e) => e.userIdentity?.userName === 'ci-deploy').map((e) => e.userIdentity?.accessKeyId));
    expect(keys.size).toBe(7);
    expect(builds(begin + 45).has(stolen)).toBe(false);
    const replaced = story.find((event) => event.eventName === 'CreateAccessKey' && event.requestParameters?.userName === 'ci-deploy')!;
    expect(JSON.stringify(replaced.responseElements)).not.toContain(stolen);
    const text = (event: Event) => JSON.stringify(event.responseElements);
    const copies = story.filter((event) => event.eventName === 'AssumeRole' && event.sourceIPAddress === thief);
    const [assumed, copy] = ['111122223333', '444455556666'].map((account) => copies.find((event) => event.recipientAccountId === account));
    expect(copies).toHaveLength(2);
    expect(assumed?.sharedEventID).toBe(copy?.sharedEventID);
    expect([copy?.userIdentity?.type, copy?.userIdentity?.principalId]).toEqual(['AWSAccount', assumed?.userIdentity?.principalId]);
    expect(text(his.find((e) => e.eventName === 'CreateAccessKey')!)).toContain(assumed?.userIdentity?.accessKeyId);
    const session = his.find((event) => event.userIdentity?.type === 'AssumedRole')!;
    expect(text(assumed!)).toContain(session.userIdentity?.accessKeyId);
  });

  test('the flows follow: refused, accepted once the group is open, then much goes out to a listed address', () => {
    const opened = at('AuthorizeSecurityGroupIngress');
    const shut = story.find((event) => event.eventName === 'RevokeSecurityGroupIngress')!;
    expect([opened.requestParameters?.groupId, shut.requestParameters?.groupId]).toEqual([facts.groupIds[0], facts.groupIds[0]]);
    const [lent, given] = [at('AllocateAddress').responseElements?.allocationId, at('ReleaseAddress').requestParameters?.allocationId];
    expect([given, at('AssociateAddress').requestParameters?.allocationId]).toEqual([lent, lent]);
    expect(at('AssociateAddress').requestParameters?.networkInterfaceId).toBe(target.interfaceId);
    const [header = '', ...lines] = flows
      .files(begin - 60, begin + 60)
      .find((file) => file.name.includes('111122223333_vpcflowlogs_us-east-1'))!
      .text.split('\n');
    const names = header.split(' ');
    const records = lines.map((line) => Object.fromEntries(line.split(' ').map((value, i) => [names[i]!, value])));
    const knocks = records.filter((r) => r.srcaddr === thief);
    for (const r of knocks) expect([r['interface-id'], r.dstport]).toEqual([target.interfaceId, '5432']);
    const start = (r: Record<string, string>) => Number(r.start) / 60;
    const of = (action: string) => knocks.filter((r) => r.action === action);
    expect(of('REJECT').length).toBeGreaterThan(3);
    expect(of('ACCEPT').length).toBeGreaterThan(10);
    for (const r of of('REJECT')) expect(start(r)).toBeLessThan(minuteOf(opened));
    for (const r of of('REJECT')) expect(start(r)).toBeGreaterThan(minuteOf(at('AssociateAddress')));
    for (const r of of('ACCEPT')) expect(start(r)).toBeGreaterThan(minuteOf(opened));
    for (const r of of('ACCEPT')) expect(start(r)).toBeLessThan(minuteOf(shut));
    const out = records.filter((r) => r.dstaddr === collector);
    expect(new Set(out.map((r) => `${r['interface-id']} ${r.action} ${r['flow-direction']}`))).toEqual(new Set([`${target.interfaceId} ACCEPT egress`]));
    expect(out.reduce((sum, r) => sum + Number(r.bytes), 0)).toBeGreaterThan(1e9);
    for (const r of out) expect(start(r)).toBeGreaterThan(start(of('ACCEPT')[0]!));
  });

  test('Insights has noticed: a beginning and an end, that belong together', () => {
    const found = story.filter((event) => event.eventType === 'AwsCloudTrailInsight') as (Event & { insightDetails: Record<string, unknown> })[];
    expect(found.map((event) => event.insightDetails.state)).toEqual(['Start', 'End']);
    expect(new Set(found.map((event) => event.sharedEventID)).size).toBe(1);
    const next = events
      .files(begin + cycle.every, begin + cycle.every + 10)
      .flatMap(read)
      .find((event) => event.eventType === 'AwsCloudTrailInsight');
    expect(next?.sharedEventID).not.toBe(found[0]?.sharedEventID);
  });

  test('any six hours have all of it', () => {
    const last = Math.max(...steps.map((step) => Number(step.time.split(':')[0])), ...traffic.map(({ minutes }) => minutes[1]));
    expect(cycle.every + last + 1).toBeLessThanOrEqual(360);
    expect(DAY % cycle.every).toBe(0);
  });
});

describe('an activity that contradicts itself or the estate is refused by name', () => {
  const [task] = activity.tasks as [Activity['tasks'][number]];
  const step: Step = { time: '0:00', who: 'engineers', at: 'shop-us', call: 'ec2:DescribeVpcs' };
  const script = (change: Partial<Step>): Activity => ({ ...activity, scripts: [{ name: 'one', every: DAY, at: 0, steps: [{ ...step, ...change }] }] });
  const identity = (change: object): Activity => ({
    ...activity,
    identities: { ...activity.identities, engineers: { ...activity.identities.engineers!, ...change } },
  });
  test.each<[string, Activity, RegExp]>([
    ['identity of a task', { ...activity, tasks: [{ ...task, who: 'nobody' }] }, /no identity nobody/],
    ['identity of a step', script({ who: 'nobody' }), /no identity nobody/],
    ['VPC of a task', { ...activity, tasks: [{ ...task, at: ['nowhere'] }] }, /no VPC nowhere/],
    ['VPC of a step', script({ at: 'nowhere' }), /no VPC nowhere/],
    ['rhythm', { ...activity, tasks: [{ ...task, rhythm: 'waltz' }] }, /no rhythm waltz/],
    ['machine', script({ machine: 'shop-us/database/9' }), /no machine shop-us\/database\/9/],
    ['account', identity({ account: 'none' }), /no account none/],
    ['pool', identity({ from: { pool: 'none' } }), /no pool none/],
    ['role', identity({ from: { role: 'shop-us/none' } }), /no role shop-us\/none/],
    ['word', script({ request: { it: 'a {thing}' } }), /nothing answers to \{thing\}/],
    ['key of nobody', script({ request: { it: '{key:nobody}' } }), /no identity nobody/],
    ['account of a copy', script({ also: 'none' }), /no account none/],
  ])('%s', (_, broken, message) => {
    expect(() => createDemoEvents(estate, broken, 1).files(MIDNIGHT, MIDNIGHT + 5)).toThrow(message);
  });
});
