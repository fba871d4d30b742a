/** Any course of snapshots: versions of an interface follow one another without overlap, and what is open is what was answered last. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareSnapshot, type Observed } from '../../../src/collect/ec2/history.ts';
import { type InterfaceVersion, OPEN } from '../../../src/model/network-interface.ts';

const T0 = 1_773_000_000;

const observed = fc
  .record({
    id: fc.constantFrom('eni-a', 'eni-b', 'eni-c'),
    instance: fc.constantFrom('', 'i-1', 'i-2'),
    name: fc.constantFrom('web', 'db'),
    groups: fc.subarray(['sg-1', 'sg-2', 'sg-1,sg-2']),
    attached: fc.option(fc.integer({ min: -500, max: 2000 }), { nil: undefined }),
    named: fc.boolean(),
  })
  .map(
    ({ id, instance, name, groups, attached, named }): Observed => ({
      facts: {
        interfaceId: id,
        account: '1',
        region: 'eu-central-1',
        instanceId: instance,
        instanceName: named ? name : '',
        description: '',
        type: 'interface',
        vpcId: 'vpc-1',
        subnetId: '',
        zone: '',
        publicIp: '',
        privateIps: [],
        groupIds: groups,
        groupNames: [],
        tags: [],
      },
      attached: attached === undefined ? undefined : T0 + attached,
      named,
    }),
  );
const course = fc.array(
  fc.record({ step: fc.integer({ min: -300, max: 600 }), interfaces: fc.uniqueArray(observed, { selector: (o) => o.facts.interfaceId }) }),
  {
    minLength: 1,
    maxLength: 12,
  },
);

it('keeps order whatever is answered and however the clock runs', () => {
  fc.assert(
    fc.property(course, (snapshots) => {
      const stored = new Map<string, InterfaceVersion>();
      const open = new Map<string, InterfaceVersion>();
      let previous: number | undefined;
      let clock = T0;
      for (const { step, interfaces } of snapshots) {
        clock += step;
        const { versions, changes, at } = compareSnapshot({ scope: '1', region: 'eu-central-1', at: clock, interfaces }, { open, previous });
        for (const version of versions) {
          const { interfaceId } = version.facts;
          stored.set(`${interfaceId} ${version.from}`, version);
          if (version.to === OPEN) open.set(interfaceId, version);
          else open.delete(interfaceId);
        }
        previous = at;
        expect([...open.keys()].sort()).toEqual(interfaces.map((o) => o.facts.interfaceId).sort());
        for (const { facts } of interfaces) {
          expect(open.get(facts.interfaceId)?.facts.groupIds).toEqual(facts.groupIds);
          expect(open.get(facts.interfaceId)?.facts.instanceId).toBe(facts.instanceId);
        }
        if (changes.added + changes.changed + changes.gone === 0) expect(versions).toEqual([]);
      }
      const inOrder = [...stored.values()].sort((a, b) => a.facts.interfaceId.localeCompare(b.facts.interfaceId) || a.from - b.from);
      inOrder.forEach((version, i) => {
        expect(version.from).toBeLessThan(version.to);
        const next = inOrder[i + 1];
        if (next?.facts.interfaceId === version.facts.interfaceId) expect(version.to).toBeLessThanOrEqual(next.from);
      });
    }),
    { numRuns: 500 },
  );
});
