/** Verdicts on refused flows: every case has what decides it, noise that must not, and a twin that ends otherwise. */
import { describe, expect, it } from 'vitest';
import { explainRefusal, type RefusalContext, type RefusalFlow, relationOf } from '../../src/model/refusal.ts';

const T = Date.UTC(2026, 2, 10, 12) / 1000;
const PEER = '203.0.113.9';
const OWN = '10.0.0.5';

/** A refused SSH attempt from outside. */
const REQUEST: RefusalFlow = {
  start: T,
  end: T + 60,
  action: 'REJECT',
  interfaceId: 'eni-1',
  egress: false,
  source: PEER,
  destination: OWN,
  packetSource: undefined,
  packetDestination: undefined,
  sourcePort: 40_000,
  destinationPort: 22,
  protocol: 6,
  tcpFlags: 2,
  subnetId: 'subnet-1',
  rejectReason: undefined,
};
const CONTEXT: RefusalContext = {
  interfaceType: undefined,
  refusedOnly: false,
  acceptedHere: 12,
  skipped: 0,
  since: T - 3600,
  firstStored: T - 86_400,
  now: T + 7200,
  cut: false,
};

const flow = (more: Partial<RefusalFlow>): RefusalFlow => ({ ...REQUEST, ...more });
const turned = (of: RefusalFlow, more: Partial<RefusalFlow> = {}): RefusalFlow => ({
  ...of,
  source: of.destination,
  destination: of.source,
  packetSource: of.packetDestination,
  packetDestination: of.packetSource,
  sourcePort: of.destinationPort,
  destinationPort: of.sourcePort,
  egress: of.egress === undefined ? undefined : !of.egress,
  ...more,
});
/** The reply that leaves the server, and the request before it. */
const REPLY = turned(REQUEST, { tcpFlags: 18 });
const ACCEPTED = flow({ action: 'ACCEPT', start: T - 1, end: T + 58 });

/** Flows that are none of the refused one's business, though all but one thing of each is the same. */
const noise = (of: RefusalFlow): RefusalFlow[] => {
  const other = turned(of, { action: 'ACCEPT', start: T - 10, end: T });
  return [
    { ...other, interfaceId: 'eni-2', subnetId: 'subnet-2' },
    { ...other, protocol: of.protocol === 17 ? 6 : 17 },
    { ...other, source: '10.0.0.99' },
    { ...other, destination: '203.0.113.99' },
    ...((of.sourcePort ?? 0) > 0
      ? [
          { ...other, sourcePort: 2222 },
          { ...other, destinationPort: 40_001 },
        ]
      : []),
    { ...of, action: 'ACCEPT', interfaceId: 'eni-2', subnetId: 'subnet-2' },
  ];
};
const ask = (refused: RefusalFlow, flows: readonly RefusalFlow[] = [], context: Partial<RefusalContext> = {}) =>
  explainRefusal(refused, [refused, ...noise(refused), ...flows], { ...CONTEXT, ...context });
const rules = (verdict: ReturnType<typeof ask>) =>
  verdict.allow.map((r) => `${r.control} ${r.direction} ${r.protocol} ${r.ports} ${r.cidr} ${r.what}${r.ifInterfaceIs ? ` ${r.ifInterfaceIs}` : ''}`);

describe('who refused it', () => {
  const icmp = { protocol: 1, sourcePort: 0, destinationPort: 0, tcpFlags: undefined };
  const ipv6 = { source: '2001:db8:1::9', destination: '2001:db8:2::5' };
  const cases: readonly {
    readonly name: string;
    readonly refused: RefusalFlow;
    readonly flows?: readonly RefusalFlow[];
    readonly context?: Partial<RefusalContext>;
    readonly by: string;
    readonly reason: RegExp;
    readonly allow: readonly string[];
    readonly doubts?: readonly RegExp[];
    readonly reply?: boolean;
    readonly changed?: boolean;
  }[] = [
    {
      name: 'a request without any accepted direction',
      refused: REQUEST,
      by: 'security-group-or-network-acl',
      reason: /^Neither direction was accepted/,
      allow: [
        'security-group inbound TCP 22 203.0.113.9/32 request',
        'network-acl inbound TCP 22 203.0.113.9/32 request',
        'network-acl outbound TCP 1024–65535 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'a request that leaves',
      refused: turned(flow({ sourcePort: 443, destinationPort: 51_000 }), { tcpFlags: 2 }),
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group outbound TCP 443 203.0.113.9/32 request',
        'network-acl outbound TCP 443 203.0.113.9/32 request',
        'network-acl inbound TCP 1024–65535 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'a reply to an accepted request goes to the port that the client chose',
      refused: REPLY,
      flows: [ACCEPTED],
      by: 'network-acl',
      reply: true,
      reason: /^The request from 203\.0\.113\.9 was accepted at this interface at 2026-03-10 11:59:59 UTC/,
      allow: ['network-acl outbound TCP 1024–65535 203.0.113.9/32 reply'],
    },
    {
      name: 'a reply that comes in',
      refused: turned(REPLY, { source: PEER, destination: OWN, sourcePort: 443, destinationPort: 51_000, tcpFlags: 18 }),
      flows: [flow({ source: OWN, destination: PEER, sourcePort: 51_000, destinationPort: 443, action: 'ACCEPT' })],
      by: 'network-acl',
      reply: true,
      reason: /^The request from 10\.0\.0\.5/,
      allow: ['network-acl inbound TCP 1024–65535 203.0.113.9/32 reply'],
    },
    {
      name: 'a request accepted in an earlier window',
      refused: { ...REPLY, tcpFlags: 0 },
      flows: [flow({ action: 'ACCEPT', start: T - 3000, end: T - 2941, tcpFlags: 2 }), flow({ action: 'ACCEPT', start: T - 1800, end: T - 1741, tcpFlags: 0 })],
      by: 'network-acl',
      reply: true,
      reason: /accepted at this interface at 2026-03-10 11:30:00 UTC/,
      allow: ['network-acl outbound TCP 1024–65535 203.0.113.9/32 reply'],
    },
    {
      name: 'an accepted flow of the other direction that began only later is no request to it',
      refused: { ...REPLY, tcpFlags: 0 },
      flows: [flow({ action: 'ACCEPT', start: T + 61, end: T + 90 })],
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group outbound TCP 40000 203.0.113.9/32 request',
        'network-acl outbound TCP 40000 203.0.113.9/32 request',
        'network-acl inbound TCP 22 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'the beginning of a connection answers nothing, whatever was accepted before',
      refused: { ...REPLY, tcpFlags: 2 },
      flows: [ACCEPTED],
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group outbound TCP 40000 203.0.113.9/32 request',
        'network-acl outbound TCP 40000 203.0.113.9/32 request',
        'network-acl inbound TCP 22 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'both directions refused',
      refused: flow({ protocol: 17, sourcePort: 123, destinationPort: 123, tcpFlags: undefined }),
      flows: [turned(flow({ protocol: 17, sourcePort: 123, destinationPort: 123, tcpFlags: undefined }), { start: T + 5 })],
      by: 'security-group-or-network-acl',
      reason: /^Both directions are refused/,
      allow: [
        'security-group inbound UDP 123 203.0.113.9/32 request',
        'network-acl inbound UDP 123 203.0.113.9/32 request',
        'network-acl outbound UDP 123 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'a ping (ICMP has port 0)',
      refused: flow(icmp),
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group inbound ICMP all types, or echo request 203.0.113.9/32 request',
        'network-acl inbound ICMP all types, or echo request 203.0.113.9/32 request',
        'network-acl outbound ICMP all types, or echo reply 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'the reply to an accepted ping',
      refused: turned(flow(icmp)),
      flows: [flow({ ...icmp, action: 'ACCEPT' })],
      by: 'network-acl',
      reply: true,
      reason: /^The request from 203\.0\.113\.9/,
      allow: ['network-acl outbound ICMP all types, or echo reply 203.0.113.9/32 reply'],
    },
    {
      name: 'IPv6, and its ICMP',
      refused: flow({ ...ipv6, protocol: 58, sourcePort: undefined, destinationPort: undefined, tcpFlags: undefined }),
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group inbound ICMPv6 all types, or echo request 2001:db8:1::9/128 request',
        'network-acl inbound ICMPv6 all types, or echo request 2001:db8:1::9/128 request',
        'network-acl outbound ICMPv6 all types, or echo reply 2001:db8:1::9/128 reply',
      ],
    },
    {
      name: 'a protocol without ports',
      refused: flow({ protocol: 47, sourcePort: 0, destinationPort: 0, tcpFlags: undefined }),
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group inbound GRE all 203.0.113.9/32 request',
        'network-acl inbound GRE all 203.0.113.9/32 request',
        'network-acl outbound GRE all 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'at a NAT gateway, which has no security group: connections differ by the packet’s addresses',
      refused: flow({
        source: '10.0.1.7',
        destination: '10.0.0.8',
        packetSource: '10.0.1.7',
        packetDestination: '198.51.100.20',
        destinationPort: 443,
        tcpFlags: 0,
      }),
      flows: [
        // Another connection of the same client port, to another host behind the same gateway.
        turned(flow({ source: '10.0.1.7', destination: '10.0.0.8', packetSource: '10.0.1.7', packetDestination: '198.51.100.99', destinationPort: 443 }), {
          action: 'ACCEPT',
          start: T - 5,
          tcpFlags: 18,
        }),
      ],
      context: { interfaceType: 'nat_gateway' },
      by: 'network-acl',
      reason: /which has no security groups/,
      allow: ['network-acl inbound TCP 443 10.0.1.7/32 request', 'network-acl outbound TCP 1024–65535 10.0.1.7/32 reply'],
    },
    {
      name: 'rules see the packet’s own address of the other end',
      refused: turned(flow({ source: '10.0.0.8', packetSource: '198.51.100.20', sourcePort: 443, destinationPort: 51_000 })),
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group outbound TCP 443 198.51.100.20/32 request',
        'network-acl outbound TCP 443 198.51.100.20/32 request',
        'network-acl inbound TCP 1024–65535 198.51.100.20/32 reply',
      ],
    },
    {
      name: 'a secondary address of the interface does not matter to the peer’s',
      refused: flow({ packetSource: PEER, packetDestination: '10.0.0.77' }),
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group inbound TCP 22 203.0.113.9/32 request',
        'network-acl inbound TCP 22 203.0.113.9/32 request',
        'network-acl outbound TCP 1024–65535 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'within a subnet no network ACL looks',
      refused: flow({ source: '10.0.0.6' }),
      flows: [flow({ source: '10.0.0.6', action: 'ACCEPT', interfaceId: 'eni-6', egress: true })],
      by: 'security-group',
      reason: /both ends are in subnet-1/,
      allow: ['security-group inbound TCP 22 10.0.0.6/32 request'],
    },
    {
      name: 'what another interface of the subnet is sent, too, does not come from there',
      refused: flow({ source: '10.0.0.6' }),
      flows: [flow({ source: '10.0.0.6', action: 'ACCEPT', interfaceId: 'eni-6' }), turned(flow({ source: '10.0.0.6', interfaceId: 'eni-7' }))],
      by: 'security-group-or-network-acl',
      reason: /^Neither direction/,
      allow: [
        'security-group inbound TCP 22 10.0.0.6/32 request',
        'network-acl inbound TCP 22 10.0.0.6/32 request',
        'network-acl outbound TCP 1024–65535 10.0.0.6/32 reply',
      ],
    },
    {
      name: 'the same flow was accepted until a rule was changed',
      refused: flow({ tcpFlags: 0 }),
      flows: [flow({ action: 'ACCEPT', start: T - 120, end: T - 61 }), turned(ACCEPTED, { start: T - 119, end: T - 60, tcpFlags: 18 })],
      by: 'security-group-or-network-acl',
      changed: true,
      reason: /accepted until 2026-03-10 11:58:59 UTC and refused after that/,
      allow: [
        'security-group inbound TCP 22 203.0.113.9/32 request',
        'network-acl inbound TCP 22 203.0.113.9/32 request',
        'network-acl outbound TCP 1024–65535 203.0.113.9/32 reply',
      ],
    },
    {
      name: 'replies were accepted until a network ACL was changed',
      refused: { ...REPLY, tcpFlags: 0 },
      flows: [ACCEPTED, turned(ACCEPTED, { start: T - 90, end: T - 31, tcpFlags: 18 })],
      by: 'network-acl',
      reply: true,
      changed: true,
      reason: /^Replies of the same connection were accepted until 2026-03-10 11:59:29 UTC/,
      allow: ['network-acl outbound TCP 1024–65535 203.0.113.9/32 reply'],
    },
    {
      name: 'what was accepted from later on needs no rule',
      refused: flow({}),
      flows: [flow({ action: 'ACCEPT', start: T + 120, end: T + 180 })],
      by: 'security-group-or-network-acl',
      changed: true,
      reason: /accepted from 2026-03-10 12:02:00 UTC on/,
      allow: [],
    },
    {
      name: 'AWS’s own reason: BPA',
      refused: flow({ rejectReason: 'BPA' }),
      flows: [turned(ACCEPTED)],
      by: 'block-public-access',
      reason: /reject-reason BPA/,
      allow: [],
    },
    { name: 'AWS’s own reason: EC', refused: flow({ rejectReason: 'EC' }), by: 'encryption-control', reason: /reject-reason EC/, allow: [] },
    { name: 'a reason of AWS that is not known', refused: flow({ rejectReason: 'XYZ' }), by: 'other-control', reason: /reject-reason is XYZ/, allow: [] },
  ];

  it.each(cases)('$name', ({ refused, flows, context, by, reason, allow, doubts = [], reply = false, changed = false }) => {
    const verdict = ask(refused, flows, context);
    expect({ by: verdict.by, reply: verdict.reply, changed: verdict.changed, allow: rules(verdict) }).toEqual({ by, reply, changed, allow });
    expect(verdict.reason).toMatch(reason);
    expect(verdict.doubts).toHaveLength(doubts.length);
  });
});

describe('what cannot be told, and why', () => {
  it.each([
    ['interfaceId', 'interface'],
    ['source', 'source address'],
    ['destination', 'destination address'],
    ['protocol', 'protocol'],
    ['sourcePort', 'source port'],
    ['destinationPort', 'destination port'],
  ] as const)('a record without %s', (name, words) => {
    const verdict = ask(flow({ [name]: undefined }), [REPLY]);
    expect(verdict).toMatchObject({ by: 'unknown', allow: [] });
    expect(verdict.reason).toContain(`does not say its ${words}:`);
  });

  it('a flow log of refused traffic alone, unless the request is there after all', () => {
    expect(ask(REQUEST, [], { refusedOnly: true })).toMatchObject({ by: 'unknown', reason: expect.stringContaining('refused traffic only') });
    expect(ask(REPLY, [ACCEPTED], { refusedOnly: true }).by).toBe('network-acl');
  });

  it('a reply by its flags whose request is not stored', () => {
    const verdict = ask(REPLY, []);
    expect(verdict.by).toBe('unknown');
    expect(verdict.reason).toMatch(/\(SYN, ACK\) are those of a reply, and no accepted request to it is stored since 2026-03-10 11:00:00 UTC/);
    expect(rules(verdict)).toEqual(['network-acl outbound TCP 1024–65535 203.0.113.9/32 reply']);
  });
});

describe('doubts', () => {
  it.each([
    [{ skipped: 2 }, /SKIPDATA/],
    [{ cut: true }, /more records of this flow/],
    [{ firstStored: T - 30 }, /Stored records begin at 2026-03-10 11:59:30 UTC/],
    [{ now: T + 300 }, /up to ten minutes late/],
    [{ acceptedHere: 0 }, /No accepted flow of this interface/],
  ] as const)('%o', (context, words) => {
    expect(ask(REQUEST, [], context).doubts).toEqual([expect.stringMatching(words)]);
    // Where the request was found, nothing is in doubt.
    expect(ask(REPLY, [ACCEPTED], context).doubts).toEqual([]);
  });

  it('which end the interface is: rules are listed for both', () => {
    const verdict = ask(flow({ egress: undefined }));
    expect(verdict.doubts).toEqual([expect.stringMatching(/^Which end/)]);
    expect(rules(verdict)).toEqual([
      'security-group inbound TCP 22 203.0.113.9/32 request destination',
      'network-acl inbound TCP 22 203.0.113.9/32 request destination',
      'network-acl outbound TCP 1024–65535 203.0.113.9/32 reply destination',
      'security-group outbound TCP 22 10.0.0.5/32 request source',
      'network-acl outbound TCP 22 10.0.0.5/32 request source',
      'network-acl inbound TCP 1024–65535 10.0.0.5/32 reply source',
    ]);
  });
});

it('tells the two directions of a flow from everything else', () => {
  expect(relationOf(REQUEST, flow({ start: T + 60, action: 'ACCEPT' }))).toBe('same');
  expect(relationOf(REQUEST, REPLY)).toBe('reverse');
  // Where one of the two has no packet addresses, those of the other do not matter.
  expect(relationOf(REQUEST, flow({ packetSource: '198.51.100.1' }))).toBe('same');
  expect(relationOf(flow({ packetSource: PEER }), flow({ packetSource: '198.51.100.1' }))).toBeUndefined();
  for (const other of noise(REQUEST).slice(1, -1)) expect(relationOf(REQUEST, other)).toBeUndefined();
});
