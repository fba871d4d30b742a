/**
 * Certificate and key of the listener for senders: read from their files, checked as a pair, and read again while the
 * server runs, so that a renewed certificate needs no restart.
 */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config.ts';
import { whyOfFile } from '../model/wording.ts';
import { CliError, EXIT } from './output.ts';

/** PEM texts. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  /** As the certificate has it. */
  readonly validTo: string;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Whole files are compared, by content: tools that renew replace files, links, or the folder that a link leads to. */
const LOOK_MS = 5000;

/** Files that the settings name; undefined for plain HTTP. Throws CliError where only one is set. */
export function tlsFiles({ ingestTlsCert: cert, ingestTlsKey: key }: Config): TlsFiles | undefined {
  if (cert === '' && key === '') return undefined;
  if (cert === '' || key === '') throw new CliError('ingestTlsCert and ingestTlsKey belong together: set both, or neither.', EXIT.wrongUse);
  return { cert, key };
}

/** Throws CliError that names the file and what is wrong with it. */
export function readTls(files: TlsFiles): TlsPair {
  const pair = { cert: read('ingestTlsCert', files.cert), key: read('ingestTlsKey', files.key) };
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pair.cert);
  } catch (error) {
    throw wrong('ingestTlsCert', files.cert, `holds no certificate as PEM: ${said(error)}`);
  }
  if (!certificate.checkPrivateKey(keyIn(pair.key, files.key)))
    throw wrong('ingestTlsKey', files.key, `is not the key of the certificate in “${files.cert}”. The server’s own certificate comes first in that file.`);
  try {
    createSecureContext(pair);
  } catch (error) {
    throw wrong('ingestTlsCert', files.cert, `cannot be used: ${said(error)}`);
  }
  return { ...pair, validTo: certificate.validTo };
}

function keyIn(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const encrypted = (error as { code?: unknown }).code === 'ERR_MISSING_PASSPHRASE';
    throw wrong('ingestTlsKey', path, encrypted ? 'is encrypted; a key without a passphrase is needed.' : `holds no private key as PEM: ${said(error)}`);
  }
}

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(setting, path, `cannot be read: it ${whyOfFile(error)}.`);
  }
}

function wrong(setting: string, path: string, what: string): CliError {
  return new CliError(`${setting}: “${path}” ${what}`, EXIT.wrongUse);
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What hears of renewals. */
export interface TlsListener {
  use(pair: TlsPair): void;
  /** Said once; what was in use before stays in use. */
  problem(message: string): void;
}

/** Looks again and again whether the files hold another pair than the one in use. Returns what ends it. */
export function followTls(files: TlsFiles, inUse: TlsPair, listener: TlsListener, everyMs = LOOK_MS): () => void {
  let current = inUse;
  let told = '';
  const timer = setInterval(() => {
    try {
      const pair = readTls(files);
      // One that cannot be used is tried again, for the reason may pass.
      if (pair.cert !== current.cert || pair.key !== current.key) listener.use(pair);
      current = pair;
      told = '';
    } catch (error) {
      const message = said(error);
      if (message !== told) listener.problem(message);
      told = message;
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
