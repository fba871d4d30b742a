/**
 * The raw scans that P5 and P6 stand beside: for each of the 49 VPC panels one group-by over the rows that it reads,
 * with its condition, keys and measure, written by hand and independent of what the panel's query compiles to.
 */

export interface Scan {
  readonly where: string;
  readonly keys: string;
  readonly measure: string;
  /** Windows of as many days, one before the other. */
  readonly days?: number;
}

const ACCEPT = "action = 'ACCEPT'";
const REJECT = "action = 'REJECT'";
const TCP = 'protocol = 6';
const OUT = "direction = 'outbound'";
const IN = "direction = 'inbound'";
const INSIDE = "direction = 'internal'";
const FIVE = 'toStartOfFiveMinutes(start)';
const QUARTER = 'toStartOfInterval(start, INTERVAL 15 minute)';
const FROM_THREAT = `${IN} AND src_indicator != 0`;
const TO_THREAT = `${OUT} AND dst_indicator != 0`;
const FLOWS = 'count()';
const BYTES = 'sum(bytes)';
const scan = (where: string, keys: string, measure = FLOWS, days?: number): Scan => ({ where, keys, measure, ...(days ? { days } : {}) });
/** Threats with their records' details. */
const THREATS = 'interface_id, account_id, srcaddr, srcport, dstaddr, dstport, protocol, src_indicator';

export const PANEL_SCANS: Readonly<Record<string, readonly Scan[]>> = {
  'vpc-overview': [
    scan(FROM_THREAT, QUARTER),
    scan(FROM_THREAT, `${FIVE}, action`),
    scan(`${ACCEPT} AND ${FROM_THREAT}`, 'src_place, src_indicator'),
    scan(TO_THREAT, QUARTER),
    scan(TO_THREAT, `${FIVE}, action`),
    scan(`${ACCEPT} AND ${TO_THREAT}`, 'dst_place, dst_indicator'),
    scan(ACCEPT, QUARTER),
    scan(ACCEPT, FIVE, BYTES, 4),
    scan(`${ACCEPT} AND ${IN}`, 'src_place'),
    scan(`${ACCEPT} AND ${OUT}`, 'dst_place'),
    scan(REJECT, QUARTER),
    scan(`${REJECT} AND ${TCP} AND ${OUT}`, 'dstport'),
    scan(REJECT, FIVE, FLOWS, 4),
    scan(REJECT, 'interface_id, dstaddr'),
    scan(`${ACCEPT} AND ${TCP} AND ${OUT}`, 'dstport'),
    scan(`${ACCEPT} AND ${TCP} AND direction IN ('inbound', 'outbound')`, 'account_id', BYTES),
    scan(`${ACCEPT} AND ${OUT}`, 'dst_as, dstport', BYTES),
    scan(`${ACCEPT} AND ${TCP} AND ${OUT}`, 'dst_as, dstport'),
    scan(`${ACCEPT} AND ${OUT}`, 'interface_id, dstport'),
    scan(`${ACCEPT} AND ${TCP} AND ${INSIDE}`, 'dstport'),
    scan(`${ACCEPT} AND ${INSIDE}`, 'interface_id', BYTES),
    scan(`${ACCEPT} AND ${INSIDE}`, 'interface_id, dstaddr', BYTES),
    scan(`${ACCEPT} AND ${INSIDE}`, 'interface_id, dstport'),
  ],
  'vpc-accepts-rejects': [
    scan(REJECT, 'interface_id'),
    scan(REJECT, 'account_id'),
    scan(`${REJECT} AND ${FROM_THREAT}`, 'src_place, src_indicator'),
    scan(`${REJECT} AND src_indicator != 0`, THREATS),
    scan(REJECT, `${FIVE}, dstport`),
    scan(REJECT, 'srcaddr'),
    scan(REJECT, 'dstaddr'),
    scan(ACCEPT, 'protocol', BYTES),
    scan(`${ACCEPT} AND ${FROM_THREAT}`, 'src_place, src_indicator'),
    scan(`${ACCEPT} AND src_indicator != 0`, THREATS),
    scan(ACCEPT, `${FIVE}, dstport`, BYTES),
    scan(ACCEPT, 'srcaddr'),
    scan(ACCEPT, 'dstaddr'),
    scan(`${ACCEPT} AND ${TCP} AND ${OUT}`, 'dst_as, dstport'),
  ],
  'vpc-traffic-direction': [
    scan(`${ACCEPT} AND ${IN}`, FIVE),
    scan(`${REJECT} AND ${IN}`, FIVE),
    scan(IN, 'srcaddr, action', BYTES),
    scan(IN, 'dstaddr, action', BYTES),
    scan(`${ACCEPT} AND ${FROM_THREAT}`, 'src_place, src_indicator'),
    scan(IN, 'dstport, action'),
    scan(`${ACCEPT} AND ${OUT}`, FIVE),
    scan(`${REJECT} AND ${OUT}`, FIVE),
    scan(OUT, 'srcaddr, action', BYTES),
    scan(OUT, 'dstaddr, action', BYTES),
    scan(`${ACCEPT} AND ${TO_THREAT}`, 'dst_place, dst_indicator'),
    scan(OUT, 'dstport, action'),
  ],
};
