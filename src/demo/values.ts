/** What the {names} in the texts of calls stand for: the estate's own machines, groups, networks, keys and addresses. */
import type { InterfaceFacts } from '../model/network-interface.ts';
import type { Activity } from './activity.ts';
import type { Estate } from './estate.ts';
import { type Actor, type Actors, idOf } from './identities.ts';
import { demoInterfaces } from './interfaces.ts';
import { type Host, poolAddresses, poolSeed } from './parties.ts';
import { hash, hex } from './random.ts';
import { timeText, uuid, type Values } from './records.ts';

export interface Scene {
  /** Number of the account. */
  readonly account: string;
  readonly region: string;
  readonly host: Host;
  readonly actor: Actor;
  /** Epoch seconds. */
  readonly time: number;
  /** Minutes since the epoch. */
  readonly minute: number;
  readonly key: readonly number[];
  /** Different for every run of a script; absent for what comes by chance. */
  readonly run?: number | undefined;
}

/** Of the scene and what is known of its machine's interface. */
const OWN: Readonly<Record<string, (scene: Scene, known: InterfaceFacts) => string>> = {
  account: ({ account }) => account,
  region: ({ region }) => region,
  time: ({ time }) => timeText(time),
  user: ({ actor }) => actor.name,
  instance: ({ host }) => host.instanceId,
  name: (_, known) => known.instanceName,
  interface: ({ host }) => host.interfaceId,
  private: ({ host }) => host.address,
  subnet: ({ host }) => host.subnetId,
  vpc: (_, known) => known.vpcId,
  // The group of its role; every machine is in that of its VPC, too.
  group: (_, known) => known.groupIds[0] ?? '',
  'group-name': (_, known) => known.groupNames[0] ?? '',
  // Of this event alone; {run} is of one run of a script.
  id: ({ key }) => hex(16, ...key, 8),
  'key-id': ({ key }) => idOf('', 16, ...key, 8),
  uuid: ({ key }) => uuid(...key, 9),
};

export type ValueMaker = (scene: Scene) => Values;

export function valueMaker(estate: Estate, activity: Activity, actors: Actors, seed: number): ValueMaker {
  const facts = new Map(demoInterfaces(estate, seed).flatMap(({ interfaces }) => interfaces.map((f) => [f.interfaceId, f] as const)));
  const addressOf = (name: string) => {
    const pool = estate.pools[name];
    return pool && poolAddresses(pool, poolSeed(seed, name))(0, false);
  };
  return (scene) => {
    const { minute, key } = scene;
    const known = facts.get(scene.host.interfaceId)!;
    return (name) => {
      const [kind = '', rest = ''] = name.split(':');
      const words = activity.words[name];
      const value =
        OWN[name]?.(scene, known) ??
        (name === 'run' && scene.run !== undefined ? hex(16, seed, scene.run, 9) : undefined) ??
        words?.[hash(...key, name.length) % words.length] ??
        (rest === ''
          ? undefined
          : kind === 'key'
            ? actors.key(rest, minute)
            : kind === 'account'
              ? estate.accounts[rest]
              : kind === 'pool'
                ? addressOf(rest)
                : undefined);
      if (value === undefined) throw new Error(`demo activity: nothing answers to {${name}}`);
      return value;
    };
  };
}
