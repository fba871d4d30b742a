import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSecrets, SecretsError } from '../../src/store/secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('opens what it sealed, for the same context only, also after a restart', async () => {
  const sealed = (await openSecrets(folder)).seal('päss', 'source a');
  expect(Buffer.from(sealed).includes('päss')).toBe(false);
  const again = await openSecrets(folder);
  expect(again.open(sealed, 'source a')).toBe('päss');
  expect(() => again.open(sealed, 'source b')).toThrow(SecretsError);
  const changed = Uint8Array.from(sealed);
  changed[changed.length - 1]! ^= 1;
  expect(() => again.open(changed, 'source a')).toThrow(/Enter the secret again/);
  expect((await stat(join(folder, 'secret.key'))).mode & 0o777).toBe(0o600);
});

it('takes a key from outside in place of the file, and refuses a short or a damaged one', async () => {
  const key = 'k'.repeat(32);
  const sealed = (await openSecrets(folder, key)).seal('x', 'c');
  expect((await openSecrets(folder, key)).open(sealed, 'c')).toBe('x');
  const own = await openSecrets(folder);
  expect(() => own.open(sealed, 'c')).toThrow(SecretsError);
  await expect(openSecrets(folder, 'short')).rejects.toThrow(/at least 32/);
  await writeFile(join(folder, 'secret.key'), 'damaged');
  await expect(openSecrets(folder)).rejects.toThrow(/must hold 32 bytes/);
});

it('makes a key in place of an empty one, which a kill or a loss of power left as it was made, and leaves nothing beside it', async () => {
  await writeFile(join(folder, 'secret.key'), '');
  const sealed = (await openSecrets(folder)).seal('x', 'c');
  expect((await openSecrets(folder)).open(sealed, 'c')).toBe('x');
  expect(await readdir(folder)).toEqual(['secret.key']);
  expect((await stat(join(folder, 'secret.key'))).mode & 0o777).toBe(0o600);
});
