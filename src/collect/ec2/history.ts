/**
 * From what a region answers to versions in time. Only a whole answer changes anything: what was not in it
 * is gone, what differs has changed. What has not changed writes nothing.
 */
import { INTERFACE_COLUMNS, type InterfaceFacts, type InterfaceVersion, OPEN } from '../../model/network-interface.ts';

/** An interface as a region answered. */
export interface Observed {
  readonly facts: InterfaceFacts;
  /** Epoch seconds since when it has been attached to what it is attached to. */
  readonly attached: number | undefined;
  /** Whether the instance was in the answer: where it was not, its name is not known. */
  readonly named: boolean;
}

/** All interfaces of a region. */
export interface Snapshot {
  /** Who was asked: the account, or the endpoint where it has no account. */
  readonly scope: string;
  readonly region: string;
  /** Epoch seconds at which it was asked for. */
  readonly at: number;
  readonly interfaces: readonly Observed[];
}

export interface Changes {
  readonly added: number;
  readonly changed: number;
  readonly gone: number;
  /** Seconds that the snapshot's time lies before what is known already: the clock was set back. */
  readonly clockBack: number;
}

/** Keeps what snapshots say. */
export interface InterfaceHistory {
  /** Rejects where it cannot be stored; nothing has changed then that the same snapshot does not change again. */
  take(snapshot: Snapshot): Promise<Changes>;
}

/** What is known before a snapshot. */
export interface Known {
  /** Open versions of the region by interface, whoever said so. */
  readonly open: ReadonlyMap<string, InterfaceVersion>;
  /** `at` of the last comparison of the same scope and region; undefined before the first. */
  readonly previous: number | undefined;
}

export interface Compared {
  readonly versions: readonly InterfaceVersion[];
  readonly changes: Changes;
  /** Epoch seconds at which the snapshot stands among the others. */
  readonly at: number;
}

/**
 * Versions to write: those that end come again with their end, each before the one that follows it. A change is
 * placed at the time of the snapshot that saw it, the change of an instance where its attachment began.
 *
 * An interface that was not there at the last snapshot began since: with its attachment, or right after that
 * snapshot. Of one that is seen first by the first snapshot, what cannot change while it is attached holds since
 * its attachment, everything else (names, groups, tags) since now.
 */
export function compareSnapshot(snapshot: Snapshot, { open, previous }: Known): Compared {
  const { scope, region } = snapshot;
  let latest = previous ?? 0;
  for (const version of open.values()) latest = Math.max(latest, version.from);
  // Never before what is known: a clock that was set back puts nothing out of order.
  const at = Math.max(snapshot.at, latest + 1);
  const versions: InterfaceVersion[] = [];
  const changes = { added: 0, changed: 0, gone: 0, clockBack: Math.max(0, latest - snapshot.at) };
  const seen = new Set<string>();
  for (const observed of snapshot.interfaces) {
    const id = observed.facts.interfaceId;
    if (seen.has(id)) continue;
    seen.add(id);
    const known = open.get(id);
    if (!known) {
      changes.added += 1;
      versions.push(...first(observed, { scope, previous, at }));
      continue;
    }
    // Of a shared VPC two accounts see an interface: the one that owns it knows best, else who saw it first.
    if (known.scope !== scope && observed.facts.account !== scope) continue;
    const facts = named(observed, known.facts);
    if (known.scope === scope && same(facts, known.facts)) continue;
    changes.changed += 1;
    const moved = facts.instanceId !== known.facts.instanceId ? observed.attached : undefined;
    const from = moved !== undefined && moved > Math.max(known.from, previous ?? 0) && moved < at ? moved : at;
    versions.push({ ...known, to: from }, { facts, scope, from, to: OPEN });
  }
  for (const [id, known] of open) {
    if (known.scope !== scope || known.facts.region !== region || seen.has(id)) continue;
    changes.gone += 1;
    versions.push({ ...known, to: at });
  }
  return { versions, changes, at };
}

function first(
  observed: Observed,
  { scope, previous, at }: { readonly scope: string; readonly previous: number | undefined; readonly at: number },
): InterfaceVersion[] {
  const { attached, facts } = observed;
  if (previous !== undefined) {
    const from = attached !== undefined && attached > previous && attached < at ? attached : previous;
    return [{ facts, scope, from, to: OPEN }];
  }
  const now: InterfaceVersion = { facts, scope, from: at, to: OPEN };
  if (attached === undefined || attached <= 0 || attached >= at) return [now];
  const lasting: InterfaceFacts = { ...facts, instanceName: '', description: '', publicIp: '', privateIps: [], groupIds: [], groupNames: [], tags: [] };
  return [{ facts: lasting, scope, from: attached, to: at }, now];
}

/** An instance that was not in the answer keeps the name that it had. */
function named({ facts, named: isNamed }: Observed, known: InterfaceFacts): InterfaceFacts {
  return isNamed || facts.instanceId !== known.instanceId ? facts : { ...facts, instanceName: known.instanceName };
}

const FACTS = Object.keys(INTERFACE_COLUMNS) as (keyof InterfaceFacts)[];

function same(a: InterfaceFacts, b: InterfaceFacts): boolean {
  return FACTS.every((fact) => String(a[fact]) === String(b[fact]) && a[fact].length === b[fact].length);
}
