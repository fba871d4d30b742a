/**
 * One kind of traffic in one minute: how many conversations there are, who takes part, and what each
 * interface on the way writes down. An interface sees both directions; a NAT gateway sees the inner
 * and the outer conversation.
 */
import type { Estate, Rhythm, Traffic } from './estate.ts';
import type { Flow } from './lines.ts';
import { type End, type Ends, type Host, resolveParty } from './parties.ts';
import { hash, hashText, Random, Weighted } from './random.ts';

/** Writes the records of minute `minute` (since the epoch). */
export type Source = (minute: number, emit: (flow: Flow) => void) => void;

const DAY = 24 * 60;
const TCP = 6;

/** TCP flags, OR-ed over a window: 2 SYN; 3 SYN+FIN of a client; 19 SYN, ACK and FIN of a server; 0 for a part of a longer connection. */
const FLAGS = { attempt: 2, client: 3, server: 19 } as const;

export function trafficSource(estate: Estate, hosts: ReadonlyMap<string, readonly Host[]>, traffic: Traffic, seed: number): Source {
  const key = hash(seed, hashText(traffic.name));
  const rhythm = estate.rhythms[traffic.rhythm];
  if (!rhythm) throw new Error(`demo estate: there is no rhythm ${traffic.rhythm}`);
  const clients = resolveParty(estate, hosts, traffic.from, seed);
  const servers = resolveParty(estate, hosts, traffic.to, seed);
  const nats = traffic.nat ? resolveParty(estate, hosts, { role: traffic.nat }, seed) : undefined;
  const ports = new Weighted(Object.entries(traffic.ports).map(([port, weight]) => [Number(port), weight] as const));
  const conversation = conversations(estate, traffic, clients, servers, nats, ports, key);

  return (minute, emit) => {
    const random = new Random(hash(key, minute));
    const volume = volumeAt(traffic, minute, key);
    if (volume === 0) return;
    const expected = traffic.rate * intensity(rhythm, minute, key) * (0.75 + 0.5 * random.next());
    const count = Math.floor(expected + random.next());
    for (let i = 0; i < count; i++) conversation(minute, i, volume, random, emit);
  };
}

/** Share of the peak at a minute: the day, the week, and a slow drift that makes no two days alike. */
export function intensity(rhythm: Rhythm, minute: number, key: number): number {
  const hour = (minute % DAY) / 60;
  const daily = ((1 + Math.cos((2 * Math.PI * (hour - rhythm.peakHour)) / 24)) / 2) ** 1.3;
  // Day 0 of the epoch was a Thursday.
  const weekday = (Math.floor(minute / DAY) + 4) % 7;
  const weekly = weekday === 0 || weekday === 6 ? rhythm.weekend : 1;
  const drift = (block: number) => hash(key, block, 77) / 2 ** 32;
  const block = Math.floor(minute / 90);
  const within = (minute % 90) / 90;
  const noise = drift(block) * (1 - within) + drift(block + 1) * within;
  return (rhythm.floor + (1 - rhythm.floor) * daily) * weekly * (0.85 + 0.3 * noise);
}

/** Factor on bytes at a minute; 0 when there is no such traffic then. */
function volumeAt({ everyMinutes, window, bursts }: Traffic, minute: number, key: number): number {
  if (everyMinutes && minute % everyMinutes !== key % everyMinutes) return 0;
  if (bursts && hash(key, Math.floor(minute / bursts.minutes), 5) / 2 ** 32 >= bursts.chance) return 0;
  if (!window) return 1;
  const every = window.every ?? DAY;
  const position = (((minute - window.at) % every) + every) % every;
  return position < window.minutes ? window.growth ** (position / window.minutes) : 0;
}

type Conversation = (minute: number, index: number, volume: number, random: Random, emit: (flow: Flow) => void) => void;

function conversations(
  estate: Estate,
  traffic: Traffic,
  clients: Ends,
  servers: Ends,
  nats: Ends | undefined,
  ports: Weighted<number>,
  key: number,
): Conversation {
  const { protocol, bursts, fixed, sweep, refused = 0, ipv6 = 0 } = traffic;
  return (minute, index, volume, random, emit) => {
    const wantIPv6 = random.next() < ipv6;
    const block = bursts ? hash(key, Math.floor(minute / bursts.minutes), 6) : key;
    const one = fixed || bursts;
    const client = clients.at(one ? hash(block, 1) / 2 ** 32 : random.next(), wantIPv6, minute);
    const server = servers.at(fixed ? hash(block, 2) / 2 ** 32 : random.next(), wantIPv6, minute);
    const accepted = random.next() >= refused;
    const swept = bursts ? (minute % bursts.minutes) * Math.ceil(traffic.rate) : 0;
    const port = sweep ? 1 + ((block + swept + index) % 10_000) : ports.at(random.next());
    const clientPort = protocol === TCP || protocol === 17 ? 32768 + random.below(28_000) : 0;
    const start = minute * 60 + random.below(55);
    const end = Math.min(start + (accepted ? random.below(58) : 0), minute * 60 + 59);
    const requestBytes = accepted ? Math.round(random.magnitude(traffic.request[0], traffic.request[1]) * volume) : 40 + 4 * random.below(6);
    const replyBytes = random.magnitude(traffic.reply[0], traffic.reply[1]);
    const tcp = protocol === TCP;
    const long = tcp && random.next() < 0.25;
    const request = { port: [clientPort, port], bytes: requestBytes, flags: !tcp || long ? 0 : accepted ? FLAGS.client : FLAGS.attempt } as const;
    const reply = { port: [port, clientPort], bytes: replyBytes, flags: !tcp || long ? 0 : FLAGS.server } as const;

    /** One record. `inner` is the address pair that the interface shows, `packet` the packet's own. */
    const record = (host: Host, way: typeof request | typeof reply, from: End, to: End, packetFrom: End, packetTo: End) => {
      const egress = from.host === host;
      emit({
        host,
        source: from.address,
        destination: to.address,
        sourcePort: way.port[0],
        destinationPort: way.port[1],
        protocol,
        packets: Math.max(1, Math.round(way.bytes / (way.bytes > 20_000 ? 1100 : 220))),
        bytes: way.bytes,
        start,
        end,
        accepted,
        flags: way.flags,
        egress,
        path: egress ? (nats && host === client.host ? 1 : pathOf(estate, host, to, packetTo)) : 0,
        packetSource: packetFrom.address,
        packetDestination: packetTo.address,
        sourceService: packetFrom.service,
        destinationService: packetTo.service,
      });
    };
    /** Both directions at one interface. */
    const both = (host: Host, near: End, far: End, packetNear: End, packetFar: End) => {
      record(host, request, near, far, packetNear, packetFar);
      if (accepted) record(host, reply, far, near, packetFar, packetNear);
    };

    if (client.host) both(client.host, client, server, client, server);
    // What is refused on the way out never arrives anywhere.
    if (!accepted && client.host) return;
    if (nats && !wantIPv6) {
      const nat = nats.at(hash(hashText(client.address), 3) / 2 ** 32, false, minute);
      both(nat.host!, client, nat, client, server);
      both(nat.host!, nat, server, nat, server);
    }
    if (server.host) both(server.host, client, server, client, server);
  };
}

/** Traffic path of an egress record that no NAT gateway carries: the next thing on the way (TRAFFIC_PATHS in model/services.ts). */
function pathOf(estate: Estate, host: Host, to: End, packetTo: End): number {
  if (to.host) {
    if (to.host.vpc === host.vpc) return 1;
    return estate.vpcs[to.host.vpc]!.region === estate.vpcs[host.vpc]!.region ? 4 : 5;
  }
  return packetTo.endpoint ? 7 : 8;
}
