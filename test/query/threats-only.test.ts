import { expect, test } from 'vitest';
import { parse } from '../../src/query/index.ts';
import { isOfThreatsOnly } from '../../src/query/threats-only.ts';

const FOUND = '| threatlookup singleIndicator src_ip | where !isNull(_threatlookup.indicator)';

test.each([
  [`direction=inbound ${FOUND} | timeslice 5m | count by _timeslice, action`, true],
  ['| threatlookup singleIndicator src_ip, dest_ip | where direction="inbound" and _threatlookup.confidence >= 85 | geoip src_ip | count by city', true],
  // What has no indicator is counted too, or is looked at before it is left out.
  ['| threatlookup singleIndicator src_ip | count by _threatlookup.indicator', false],
  ['| threatlookup singleIndicator src_ip | where isNull(_threatlookup.indicator) | count', false],
  ['| threatlookup singleIndicator src_ip | where !isNull(_threatlookup.indicator) or action="REJECT" | count', false],
  ['| threatlookup singleIndicator src_ip | where _threatlookup.confidence < 85 | count', false],
  ['| threatlookup singleIndicator src_ip | limit 10 | where !isNull(_threatlookup.indicator) | count', false],
  // A value that is no end of a flow, and flows that are read twice.
  ['| parse "* *" as src_ip2, b | threatlookup singleIndicator src_ip2 | where !isNull(_threatlookup.indicator) | count', false],
  [`${FOUND} | count by action | compare with timeshift 1d`, false],
  [`${FOUND} | where src_ip in ([subquery: action=REJECT | count by src_ip | compose src_ip]) | count`, false],
  ['| count', false],
])('%s: %s', (text, expected) => {
  const { query, diagnostics } = parse(text);
  expect([diagnostics, isOfThreatsOnly(query)]).toEqual([[], expected]);
});
