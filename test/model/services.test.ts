import { expect, test } from 'vitest';
import { ADMIN_PORTS, PROTOCOL_NAMES, PROTOCOL_NUMBERS, SERVICE_NAMES, TCP_FLAGS, TRAFFIC_PATHS } from '../../src/model/services.ts';

test('protocols stand at their IANA number', () => {
  expect(PROTOCOL_NAMES).toHaveLength(256);
  const known: [number, string][] = [
    [0, 'hopopt'],
    [1, 'icmp'],
    [6, 'tcp'],
    [17, 'udp'],
    [33, 'dccp'],
    [41, 'ipv6'],
    [47, 'gre'],
    [50, 'esp'],
    [51, 'ah'],
    [58, 'ipv6-icmp'],
    [61, ''],
    [62, 'cftp'],
    [64, 'sat-expak'],
    [88, 'eigrp'],
    [89, 'ospf'],
    [99, ''],
    [103, 'pim'],
    [112, 'vrrp'],
    [115, 'l2tp'],
    [132, 'sctp'],
    [136, 'udplite'],
    [143, 'aggfrag'],
    [147, ''],
    [255, ''],
  ];
  for (const [number, name] of known) expect([number, PROTOCOL_NAMES[number]]).toEqual([number, name]);
  expect(PROTOCOL_NUMBERS.get('tcp')).toBe(6);
  expect(PROTOCOL_NUMBERS.has('')).toBe(false);
});

test('names and numbers are unique, lower case and in range', () => {
  const names = [...SERVICE_NAMES.values()];
  expect(new Set(names).size).toBe(names.length);
  for (const [port, name] of SERVICE_NAMES) {
    expect(port).toBeGreaterThan(0);
    expect(port).toBeLessThan(65536);
    expect(name).toMatch(/^[a-z0-9][a-z0-9-]*$/);
  }
  expect([...SERVICE_NAMES.keys()]).toEqual([...SERVICE_NAMES.keys()].sort((a, b) => a - b));
  const protocols = PROTOCOL_NAMES.filter(Boolean);
  expect(new Set(protocols).size).toBe(protocols.length);
});

test('the ports that detections speak of have names', () => {
  expect(ADMIN_PORTS.map((p) => SERVICE_NAMES.get(p))).toEqual(['ssh', 'telnet', 'rdp']);
  expect([443, 3306, 5432, 6379, 27017].map((p) => SERVICE_NAMES.get(p))).toEqual(['https', 'mysql', 'postgresql', 'redis', 'mongodb']);
  expect(TCP_FLAGS.map(([bit]) => bit)).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
  expect([...TRAFFIC_PATHS.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
