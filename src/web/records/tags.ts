/**
 * A flow's values as the user tags that LogZilla's AWS VPC Flow app puts on every event, under its names, so
 * that people who come from there find what they know. Pure.
 */
import { findField } from '../../model/fields.ts';
import { display, roleOf } from '../format/values.ts';
import { columnOf, valueIn } from '../search/results/values.ts';
import type { Rec } from './flow.ts';

export interface Tag {
  readonly name: string;
  /** Canonical name of the field that a filter by it asks for. */
  readonly field: string;
  /** What such a filter compares with. */
  readonly value: string;
  /** As people read it: `22 ssh`, `18 SYN|ACK`. */
  readonly shown: string;
}

/** In the order that they are read in: what happened, between whom, where, and what it may mean. */
const TAGS: readonly (readonly [name: string, field: string])[] = [
  ['Event Class', 'event_class'],
  ['Action', 'action'],
  ['SrcIP', 'srcaddr'],
  ['DstIP', 'dstaddr'],
  ['DstPort', 'dstport'],
  ['Protocol', 'protocol_name'],
  ['TCP Flags', 'tcp-flags'],
  ['Flow Direction', 'flow-direction'],
  ['Type', 'type'],
  ['Interface ID', 'interface-id'],
  ['Instance ID', 'instance-id'],
  ['VPC ID', 'vpc-id'],
  ['Region', 'region'],
  ['Availability Zone', 'az-id'],
  ['Log Status', 'log-status'],
  ['MitreId', 'mitre_id'],
  ['MITRE Tactic', 'mitre_tactic'],
];

/** The tags that the record has a value for. */
export function tagsOf(record: Rec): Tag[] {
  return TAGS.flatMap(([name, asked]) => {
    const field = findField(asked)?.name ?? asked;
    const found = valueIn(record, asked);
    const value = Array.isArray(found) ? found.join(', ') : found;
    if (value === undefined || value === null || value === '') return [];
    const words = asked === 'tcp-flags' ? valueIn(record, 'tcp_flag_names') : undefined;
    return [{ name, field, value: String(value), shown: words ? `${value} ${words}` : display(value, roleOf(columnOf(asked, []))) }];
  });
}
