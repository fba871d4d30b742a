/** The guide speaks of what is there: templates, their parameters, fields, JSON that is JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../deploy/aws/forwarder/config.ts';
import { membership, NetworkError, readNetworks } from '../../deploy/aws/forwarder/networks.ts';
import { PRESETS } from '../../src/formats/flow/presets.ts';
import { accepts, readTemplate } from './cloudformation.ts';

const ROOT = join(import.meta.dirname, '../..');
const guide = readFileSync(join(ROOT, 'docs/aws.md'), 'utf8');
const blocks = [...guide.matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```/gm)].map(([, language = '', text = '']) => ({ language, text }));

describe('docs/aws.md', () => {
  it('deploys templates that are there, with parameters and values that they take', () => {
    const deployed = blocks.filter((block) => block.text.includes('cloudformation deploy'));
    expect(deployed.length).toBeGreaterThanOrEqual(6);
    for (const { text } of deployed) {
      const [, file = ''] = /--template-file (\S+)/.exec(text) ?? [];
      const { Parameters } = readTemplate(readFileSync(join(ROOT, file), 'utf8'));
      const given = [...text.slice(text.indexOf('--parameter-overrides')).matchAll(/(?<=\s)([A-Z]\w+)=("[^"]*"|\S+)/g)];
      expect(given.length).toBeGreaterThan(0);
      for (const [, name = '', value = ''] of given) {
        const parameter = Parameters[name];
        if (!parameter) throw new Error(`${file} has no parameter ${name}`);
        if (!/^"\$|^…/.test(value)) expect(accepts(parameter, value), `${name}=${value}`).toBe(true);
      }
      const names = new Set(given.map(([, name]) => name));
      for (const [name, parameter] of Object.entries(Parameters)) if (parameter.Default === undefined) expect([...names], file).toContain(name);
    }
  });

  it('writes the fields of version 5 as AWS orders them', () => {
    const [, format = ''] = /--log-format '([^']*)'/.exec(guide) ?? [];
    expect(format.split(' ').map((name) => name.slice(2, -1))).toEqual(PRESETS.get('v5')?.layout);
  });

  it('writes policies that are JSON', () => {
    const policies = [
      ...blocks.filter((block) => block.language === 'json').map((block) => block.text),
      ...[...guide.matchAll(/'(\{"Version"[\s\S]*?\})' *$|'(\{"Version"[^']*)'/gm)].map(([, a, b]) => a ?? b ?? ''),
    ];
    expect(policies.length).toBe(3);
    for (const policy of policies) expect(() => JSON.parse(policy), policy).not.toThrow();
  });

  it('names the variables as the functions read them', () => {
    for (const name of Object.values(VARIABLES)) expect(guide).toContain(`\`${name}\``);
  });

  it('says how a prefix is read, and so it is read', () => {
    const rows = [...guide.matchAll(/^\| (`[^|]*`) \| ([^|]*) \|$/gm)].filter(([, , reading]) => /\/\d/.test(reading ?? '') && !reading?.startsWith('refused'));
    const pairs = rows.flatMap(([, written = '', reading = '']) => {
      const networks = [...reading.matchAll(/[0-9a-f.:]+\/\d+/g)].map(String);
      return [...written.matchAll(/`([^`]*)`/g)].map(([, entry = ''], i): [string, string] => [entry, networks[i] ?? '']);
    });
    expect(pairs).toHaveLength(6);
    for (const [entry, network] of pairs) expect(readNetworks(entry).map((n) => `${n.address}/${n.length}`)).toEqual([network]);
    expect(membership(readNetworks('10.8.1.7'))('10.8.1.8')).toBe(false);
    for (const entry of ['0.0.0.0', '::']) expect(() => readNetworks(entry)).toThrow(NetworkError);
  });

  it('links only to what is there', () => {
    const targets = [...guide.matchAll(/\]\(([^)#]+)\)/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(() => readFileSync(join(ROOT, 'docs', target)), target).not.toThrow();
    const titles = [...guide.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, anchor] of guide.matchAll(/\]\(#([^)]+)\)/g)) expect(titles).toContain(anchor);
  });
});
