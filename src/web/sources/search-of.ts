/** How the records of a source are found again: under what they are stored. Pure. */
import type { Source } from '../../api/contract/sources.ts';

type Named = Pick<Source, 'kind' | 'name' | 'sourceName' | 'sourceHost' | 'connection'>;

/** Records that are pushed have the source's name, unless a request says another; objects have their address, and the bucket as host. */
export function storedUnder(source: Named): { readonly sourceName?: string; readonly sourceHost?: string } {
  const { kind, name, sourceName, sourceHost, connection } = source;
  if (kind !== 's3') return { sourceName: sourceName || name };
  const host = sourceHost || (typeof connection.bucket === 'string' ? connection.bucket : '');
  return { ...(sourceName === '' ? {} : { sourceName }), ...(host === '' ? {} : { sourceHost: host }) };
}

export function searchOf(source: Named, collector: string | undefined): string {
  const { sourceName, sourceHost } = storedUnder(source);
  const terms = [
    ...(collector ? [`_collector=${quoted(collector)}`] : []),
    ...(sourceName === undefined ? [] : [`_sourceName=${quoted(sourceName)}`]),
    ...(sourceHost === undefined ? [] : [`_sourceHost=${quoted(sourceHost)}`]),
  ];
  return terms.join(' ') || '*';
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
