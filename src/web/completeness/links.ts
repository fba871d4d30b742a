/** From a row of the board, or a cell of it, to its records. Pure. */
import type { CompletenessRow, CompletenessSource } from '../../api/contract/completeness.ts';
import type { Window } from '../../api/contract.ts';
import type { Dataset } from '../../model/log-formats.ts';
import { EVENT_COLUMNS, FLOW_COLUMNS } from '../app/search.ts';
import { absolute } from '../time/range.ts';

/** A value in quotes, as the language reads it. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** The record's own field, or the name of its object where the record does not say. */
function own(field: string, value: string): string {
  return value === '' ? '' : `(${field}=${quoted(value)} or (${field}="" and _sourceName=${quoted(`*${value}*`)}))`;
}

/** `present`: datasets that are stored. `status`: the NODATA and SKIPDATA records in place of the flows. */
export function recordsOf(
  source: Pick<CompletenessSource, 'collector' | 'category'>,
  row: Pick<CompletenessRow, 'account' | 'region' | 'kind'>,
  window: Window,
  tz: string | undefined,
  present: readonly Dataset[],
  status = false,
) {
  const events = row.kind === 'events';
  const flows = present.includes('tgw_flow') && !present.includes('vpc_flow') ? 'tgw_flow' : 'vpc_flow';
  const several = present.includes('cloudtrail') && present.length > 1;
  const terms = [
    status ? '_index=vpc_flow_status' : several ? `_index=${events ? 'cloudtrail' : flows}` : '',
    own('account-id', row.account),
    own('region', row.region),
    source.collector && `_collector=${quoted(source.collector)}`,
    source.category && `_sourceCategory=${quoted(source.category)}`,
  ].filter(Boolean);
  return {
    ...absolute(window),
    q: terms.join(' ') || '*',
    ...(!status && { cols: events ? EVENT_COLUMNS : FLOW_COLUMNS }),
    ...(tz !== undefined && { tz }),
  };
}
