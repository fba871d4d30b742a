/**
 * The CloudTrail files of the demo estate: one for each account and region and five minutes in which
 * something happened there. As its flows, a pure function of seed and time.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
 */
import type { Activity, Json, Script, Step, Task } from './activity.ts';
import type { DemoFile } from './demo.ts';
import type { Estate, Vpc } from './estate.ts';
import { type Actor, type Actors, createActors, cycleOf, seenFromOutside } from './identities.ts';
import { buildHosts, type Host, machineOf } from './parties.ts';
import { hash, hashText, Random, Weighted } from './random.ts';
import { AGGREGATED_MINUTES, aggregateOf, GLOBAL_REGION, insightOf, isGlobal, NO_POLICY, type Request, recordOf, refusedAtEndpoint, uuid } from './records.ts';
import { intensity } from './traffic.ts';
import { type ValueMaker, valueMaker } from './values.ts';

export interface DemoEvents {
  /** The files of the five minutes that end in the minutes [from, to) since the epoch. */
  files(from: number, to: number): DemoFile[];
  /** Folders that hold the files of a minute's day. */
  folders(minute: number): string[];
}

const KINDS = ['CloudTrail', 'CloudTrail-Insight', 'CloudTrail-NetworkActivity', 'CloudTrail-Aggregated'] as const;
type Kind = (typeof KINDS)[number];

/** An event in the file of its account and region. */
interface Event {
  readonly account: string;
  readonly region: string;
  /** Folder and part of the file's name. */
  readonly kind: Kind;
  /** Epoch seconds. */
  readonly time: number;
  readonly record: Json;
}

type Source = (minute: number, emit: (event: Event) => void) => void;

/** What all sources need. */
interface Context {
  readonly estate: Estate;
  readonly activity: Activity;
  readonly hosts: ReadonlyMap<string, readonly Host[]>;
  readonly actors: Actors;
  readonly values: ValueMaker;
  readonly seed: number;
}

/** Minutes of a file. */
const FILE_MINUTES = AGGREGATED_MINUTES;

/** Throws Error when the activity names what it or the estate does not have. */
export function createDemoEvents(estate: Estate, activity: Activity, seed: number): DemoEvents {
  const hosts = buildHosts(estate, seed);
  const actors = createActors(estate, hosts, activity.identities, seed);
  const context = { estate, activity, hosts, actors, values: valueMaker(estate, activity, actors, seed), seed };
  const sources = [...activity.tasks.map((task) => taskSource(context, task)), ...activity.scripts.map((script) => scriptSource(context, script))];

  const slotFiles = (slot: number): DemoFile[] => {
    const events: Event[] = [];
    for (let minute = slot * FILE_MINUTES; minute < (slot + 1) * FILE_MINUTES; minute++) for (const source of sources) source(minute, (e) => events.push(e));
    events.push(...aggregates(events, slot, seed));
    events.sort((a, b) => a.time - b.time);
    const delivered = new Date((slot + 1) * FILE_MINUTES * 60_000).toISOString();
    return [...Map.groupBy(events, ({ account, kind, region }) => `${account} ${kind} ${region}`)].map(([key, of]) => {
      const [account = '', kind = '', region = ''] = key.split(' ');
      const stamp = `${delivered.slice(0, 16).replaceAll(/[-:]/g, '')}Z`;
      const name = `${account}_${kind}_${region}_${stamp}_${uniqueName(seed, slot, hashText(key))}.json`;
      return { name: `${folderOf(account, kind, region, delivered)}/${name}`, text: JSON.stringify({ Records: of.map((event) => event.record) }) };
    });
  };

  return {
    files(from, to) {
      const found: DemoFile[] = [];
      const last = FILE_MINUTES - 1;
      for (let slot = Math.ceil((from - last) / FILE_MINUTES); slot * FILE_MINUTES + last < to; slot++) found.push(...slotFiles(slot));
      return found;
    },
    folders(minute) {
      const day = new Date(minute * 60_000).toISOString();
      const regions = new Set([GLOBAL_REGION, ...estate.vpcs.map((vpc) => vpc.region)]);
      return Object.values(estate.accounts).flatMap((account) => [...regions].flatMap((region) => KINDS.map((kind) => folderOf(account, kind, region, day))));
    },
  };
}

/** Of the data events of the five minutes, by service. */
function aggregates(events: readonly Event[], slot: number, seed: number): Event[] {
  const time = slot * AGGREGATED_MINUTES * 60;
  const fields = ({ record }: Event) => record as { readonly [key: string]: Json };
  const data = events.filter((event) => fields(event).eventCategory === 'Data');
  return [...Map.groupBy(data, (event) => `${event.account} ${event.region} ${fields(event).eventSource}`)].map(([group, of]): Event => {
    const [account = '', region = '', service = ''] = group.split(' ');
    const records = of.map(({ record }) => record);
    return {
      account,
      region,
      kind: 'CloudTrail-Aggregated',
      time,
      record: aggregateOf(records, service, account, region, time, seed, slot, hashText(group), 13),
    };
  });
}

function folderOf(account: string, kind: string, region: string, time: string): string {
  return `AWSLogs/${account}/${kind}/${region}/${time.slice(0, 10).replaceAll('-', '/')}`;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Sixteen letters and digits. */
function uniqueName(...key: readonly number[]): string {
  return Array.from({ length: 16 }, (_, i) => LETTERS[hash(i, ...key) % LETTERS.length]).join('');
}

/** Calls that come by chance. */
function taskSource(context: Context, task: Task): Source {
  const { estate, activity, actors, seed } = context;
  const key = hash(seed, hashText(task.name), 11);
  const rhythm = estate.rhythms[task.rhythm];
  if (!rhythm) throw new Error(`demo activity: there is no rhythm ${task.rhythm}`);
  const places = task.at.map((name) => placeOf(estate, name));
  const calls = new Weighted(Object.entries(task.calls));
  const members = actors.count(task.who);
  const { bursts } = task;

  return (minute, emit) => {
    const block = bursts ? Math.floor(minute / bursts.minutes) : 0;
    if (bursts && hash(key, block, 5) / 2 ** 32 >= bursts.chance) return;
    const random = new Random(hash(key, minute));
    const count = Math.floor(task.rate * intensity(rhythm, minute, key) * (0.5 + random.next()) + random.next());
    for (let i = 0; i < count; i++) {
      const action = calls.at(random.next());
      const call = activity.calls[action] ?? {};
      const vpc = places[random.below(places.length)]!;
      const member = bursts ? hash(key, block, 6) % members : random.below(members);
      const actor = actors.at(task.who, member, minute);
      emit(
        eventOf(context, {
          action,
          call,
          actor,
          vpc,
          host: actor.host ?? anyMachine(context, vpc, random),
          time: minute * 60 + random.below(60),
          key: [key, minute, i],
          minute,
          denied: random.next() < (task.denied ?? 0) ? NO_POLICY : undefined,
          fails: random.next() < (call.error?.share ?? 0),
        }),
      );
    }
  };
}

/** Calls at set times. */
function scriptSource(context: Context, script: Script): Source {
  const { estate, activity, actors, hosts, seed } = context;
  const steps = script.steps.map((step, i) => {
    const [minutes = 0, seconds = 0] = step.time.split(':').map(Number);
    const vpc = placeOf(estate, step.at);
    actors.count(step.who);
    if (step.machine) machineOf(hosts, step.machine, 0);
    return { minutes, seconds, step, vpc, key: hash(seed, hashText(script.name), i, 12) };
  });
  const byMinute = Map.groupBy(steps, (step) => step.minutes);

  return (minute, emit) => {
    const { position, number } = cycleOf(script, minute);
    for (const { step, vpc, seconds, key } of byMinute.get(position) ?? []) {
      const call = callOf(activity, step);
      const request = {
        action: step.call,
        call,
        actor: actors.at(step.who, 0, minute),
        vpc,
        host: step.machine ? machineOf(hosts, step.machine, minute) : anyMachine(context, vpc, new Random(hash(key, number))),
        time: minute * 60 + seconds,
        key: [key, minute],
        minute,
        denied: step.denied,
        // A step says how it fails; what the call does by chance is for chance.
        fails: step.error !== undefined,
        insight: step.insight,
        run: hash(seed, hashText(script.name), number),
        // Copies of an event share an id, and so do the beginning and the end of what Insights found.
        shared: step.also ? uuid(key, minute, 3) : step.insight === undefined ? undefined : uuid(hash(seed, hashText(script.name)), number, 4),
      };
      emit(eventOf(context, request));
      if (step.also) emit(eventOf(context, { ...request, account: step.also, actor: seenFromOutside(request.actor) }));
    }
  };
}

/** A step's own words go before those of its call. */
function callOf(activity: Activity, step: Step): Step {
  const said = Object.fromEntries(Object.entries(step).filter(([, value]) => value !== undefined));
  return { ...activity.calls[step.call], ...said } as Step;
}

interface Happening extends Pick<Request, 'action' | 'call' | 'actor' | 'time' | 'key' | 'denied' | 'fails' | 'shared'> {
  readonly actor: Actor;
  readonly vpc: Vpc;
  readonly host: Host;
  readonly minute: number;
  readonly run?: number;
  readonly insight?: Json | undefined;
  /** Account of the estate whose trail has it; that of the VPC when absent. */
  readonly account?: string;
}

function eventOf({ estate, values }: Context, { vpc, host, insight, minute, run, account: other, ...rest }: Happening): Event {
  const account = estate.accounts[other ?? vpc.account];
  if (!account) throw new Error(`demo activity: there is no account ${other}`);
  const region = isGlobal(rest.action) ? GLOBAL_REGION : vpc.region;
  const request: Request = { ...rest, account, region, values: values({ account, region, host, minute, run, ...rest }) };
  const { time } = rest;
  if (insight !== undefined) return { account, region, kind: 'CloudTrail-Insight', time, record: insightOf(request, insight) };
  if (rest.call.network) return { account, region, kind: 'CloudTrail-NetworkActivity', time, record: refusedAtEndpoint(request) };
  return { account, region, kind: 'CloudTrail', time, record: recordOf(request) };
}

function placeOf(estate: Estate, name: string): Vpc {
  const vpc = estate.vpcs.find((candidate) => candidate.name === name);
  if (!vpc) throw new Error(`demo activity: there is no VPC ${name}`);
  return vpc;
}

/** A machine of a VPC that is there all day. */
function anyMachine({ hosts }: Context, vpc: Vpc, random: Random): Host {
  const roles = Object.entries(vpc.roles).filter(([, role]) => !role.managed && !role.daily);
  const machines = roles.flatMap(([role]) => hosts.get(`${vpc.name}/${role}`) ?? []);
  return machines[random.below(machines.length)]!;
}
