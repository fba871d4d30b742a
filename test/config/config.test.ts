import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METRICS } from '../../src/api/metric-table.ts';
import { ConfigError, ConfigSchema, ENVIRONMENT, loadConfig, variable } from '../../src/config.ts';
import { NOT_READY, NOTICES } from '../../src/ingest/vitals.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, 'bartizan.yaml');
  await writeFile(path, text);
  return path;
}

describe('settings', () => {
  it('come from the file, then the environment, then flags', async () => {
    const path = await file('retentionDays: 30\nbatchRows: 5000\nworkers: 3\ninternalNetworks: [203.0.113.0/24]\n');
    const config = loadConfig({ file: path, env: { BARTIZAN_BATCH_ROWS: '6000', BARTIZAN_WORKERS: '4' }, flags: { workers: 5, data: undefined as never } });
    expect(config).toMatchObject({ retentionDays: 30, batchRows: 6000, workers: 5, internalNetworks: ['203.0.113.0/24'], listen: '127.0.0.1:8620' });
    for (const [text, value] of Object.entries({ true: true, ' On ': true, 1: true, false: false, no: false, 0: false }))
      expect(loadConfig({ env: { BARTIZAN_RETENTION_TRUST_CLOCK: text }, flags: {} }).retentionTrustClock).toBe(value);
    expect(loadConfig({ env: { BARTIZAN_INTERNAL_NETWORKS: '203.0.113.0/24, 2001:db8::/32' }, flags: {} }).internalNetworks).toEqual([
      '203.0.113.0/24',
      '2001:db8::/32',
    ]);
  });

  it.each([
    ['an unknown name', 'retentionDay: 3\n', /“retentionDay” \(.*bartizan\.yaml\): no setting has this name\. Did you mean “retentionDays”\?/],
    ['a name like no other', 'colour: red\n', /“colour” \(.*\): no setting has this name\. docs\/configuration\.md names them\./],
    ['a wrong type', 'retentionDays: many\n', /“retentionDays” \(.*\): write a number, not “many”$/],
    ['a list that is none', 'internalNetworks: 7\n', /“internalNetworks” \(.*\): write a list, not “7”$/],
    ['too little', 'batchRows: 0\n', /“batchRows” \(.*\): write a number of at least [\d,]+, not “0”$/],
    ['too much', 'batchRows: 1000000000\n', /“batchRows” \(.*\): write a number of at most 1,000,000, not “1000000000”$/],
    ['what is no network', 'internalNetworks: [10.0.0/8]\n', /“internalNetworks\.0” \(.*bartizan\.yaml\): write a CIDR block/],
    ['a port that is none', 'listen: 127.0.0.1:99999\n', /“listen” .*65535/],
    ['broken YAML', 'workers: [1\n', /bartizan\.yaml” is not valid YAML/],
    ['no settings', '- a\n- b\n', /“name: value”/],
  ])('refuse %s and name it', async (_, text, message) => {
    const path = await file(text);
    expect(() => loadConfig({ file: path, env: {}, flags: {} })).toThrow(message);
    expect(() => loadConfig({ file: path, env: {}, flags: {} })).toThrow(ConfigError);
  });

  it('refuse a wrong value of the environment, and a file that is not there', () => {
    expect(() => loadConfig({ env: { BARTIZAN_RETENTION_DAYS: '' }, flags: {} })).toThrow(/retentionDays/);
    expect(() => loadConfig({ env: { BARTIZAN_LOG_LEVEL: 'loud' }, flags: {} })).toThrow(
      /“logLevel” \(BARTIZAN_LOG_LEVEL\): write one of “debug”, .*“error”, not “loud”$/,
    );
    expect(() => loadConfig({ env: { BARTIZAN_RETENTION_TRUST_CLOCK: 'perhaps' }, flags: {} })).toThrow(
      /“retentionTrustClock” \(BARTIZAN_RETENTION_TRUST_CLOCK\): write “true” or “false”, not “perhaps”$/,
    );
    expect(() => loadConfig({ env: { BARTIZAN_WORKERS: '1e1' }, flags: {} })).toThrow(/“workers” \(BARTIZAN_WORKERS\): write a number, not “1e1”$/);
    expect(() => loadConfig({ file: join(folder, 'nowhere.yaml'), env: {}, flags: {} })).toThrow(
      /^The config file “.*nowhere\.yaml” cannot be read: it does not exist\.$/,
    );
    expect(() => loadConfig({ file: folder, env: {}, flags: {} })).toThrow(/cannot be read: it is a folder\.$/);
  });
});

describe('names of settings', () => {
  const SRC = join(import.meta.dirname, '../../src');
  const sources = (readdirSync(SRC, { recursive: true }) as string[])
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => [name, readFileSync(join(SRC, name), 'utf8')] as const);
  const settings = Object.keys(ConfigSchema.shape);

  it('that messages of health and metrics give are settings', () => {
    const texts = [...Object.values(NOT_READY), ...Object.values(NOTICES), ...METRICS.map(({ help }) => help)];
    const names = texts.flatMap((text) => text.match(/\b[a-z]+(?:[A-Z][a-z0-9]*)+\b/g) ?? []);
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((name) => !settings.includes(name))).toEqual([]);
  });

  it('of the environment are all in the tables, and all of the environment’s own are read', () => {
    const known = new Set([...settings.map(variable), ...Object.keys(ENVIRONMENT)]);
    const found = sources.flatMap(([file, text]) => [...text.matchAll(/\bBARTIZAN_[A-Z][A-Z0-9_]*/g)].map(([name]) => ({ file, name })));
    expect(found.filter(({ name }) => !known.has(name))).toEqual([]);
    for (const name of Object.keys(ENVIRONMENT)) expect(found.filter((f) => f.name === name && f.file !== 'config.ts')).not.toEqual([]);
  });
});
