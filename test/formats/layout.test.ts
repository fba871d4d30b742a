import { describe, expect, it } from 'vitest';
import { LayoutError, parseLayout, readHeader } from '../../src/formats/flow/layout.ts';
import { PRESETS } from '../../src/formats/flow/presets.ts';

describe('layouts', () => {
  it('have AWS’s counts by version', () => {
    const counts = { v2: 14, v3: 21, v4: 25, v5: 29, v6: 36, v7: 39, v8: 40, v9: 41, v10: 42, v11: 54 };
    for (const [name, count] of Object.entries(counts)) expect(PRESETS.get(name)?.layout).toHaveLength(count);
  });

  it('have the default and the alphabetical order of the sources', () => {
    expect(parseLayout('default').join(' ')).toBe(
      'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status',
    );
    expect(parseLayout('v5-alphabetical').join(' ')).toBe(
      'account-id action az-id bytes dstaddr dstport end flow-direction instance-id interface-id log-status packets pkt-dst-aws-service pkt-dstaddr pkt-src-aws-service pkt-srcaddr protocol region srcaddr srcport start sublocation-id sublocation-type subnet-id tcp-flags traffic-path type version vpc-id',
    );
  });

  it('can be written with hyphens, underscores, dollar signs and commas', () => {
    for (const text of ['vpc-id start', 'vpc_id start', ['vpc-id', 'start'].map((n) => `\${${n}}`).join(' '), 'VPC-ID,start', ' vpc-id\tstart '])
      expect(parseLayout(text)).toEqual(['vpc-id', 'start']);
  });

  it.each([
    ['srcadr dstaddr', 'unknown field: “srcadr”.', 'Did you mean “srcaddr”?'],
    ['v12', 'unknown field: “v12”.', 'Did you mean “v2”?'],
    ['start start', '“start” twice.', 'Leave one'],
    ['tgw-id interface-id start', 'mixes formats: “tgw-id” is', 'Leave it out'],
    ['tgw_idd start', 'unknown field: “tgw_idd”.', 'Did you mean “tgw-id”?'],
    ['  ', 'is empty.', 'srcaddr'],
    ['nothing like it', 'unknown field: “nothing”.', 'Write AWS’s names'],
  ])('%j is refused with the way out', (text, message, hint) => {
    let error: unknown;
    try {
      parseLayout(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LayoutError);
    expect((error as LayoutError).message).toContain(message);
    expect((error as LayoutError).hint).toContain(hint);
  });

  it('are recognized in header lines, and only there', () => {
    expect(readHeader('start log_status\r')?.layout).toEqual(['start', 'log-status']);
    expect(readHeader('version')?.layout).toEqual(['version']);
    for (const line of ['', 'start start', 'start now', '2 123456789010', 'start-end']) expect(readHeader(line)).toBeUndefined();
  });
});
