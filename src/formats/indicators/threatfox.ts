/** Indicators of ThreatFox: its JSON and CSV exports, and answers of its API (https://threatfox.abuse.ch/api/). */
import type { IndicatorType } from '../../model/indicator.ts';
import { entriesOf, get, type IndicatorReader, textOf } from './entry.ts';
import { readTable, said, tagsOf } from './table.ts';
import { withoutPort } from './value.ts';

const TYPES: Readonly<Record<string, IndicatorType>> = {
  'ip:port': 'address',
  ip: 'address',
  domain: 'domain',
  url: 'url',
  md5_hash: 'file',
  sha1_hash: 'file',
  sha256_hash: 'file',
};

export const threatfox: IndicatorReader = {
  format: 'threatfox',
  title: 'abuse.ch ThreatFox, JSON or CSV',
  recognizes: (start) => /"?ioc_value"?/.test(start) || (/"ioc_type"\s*:/.test(start) && /"ioc"\s*:/.test(start)),
  read: (document, options) =>
    readTable(document, options, {
      // The export is an object of lists under numbers, an answer of the API has one list as its data.
      choose: (path) => (path.length < 2 ? 'enter' : path.length === 2 && path[1] === '*' ? 'take' : 'skip'),
      columns: [
        'first_seen_utc',
        'ioc_id',
        'ioc_value',
        'ioc_type',
        'threat_type',
        'fk_malware',
        'malware_alias',
        'malware_printable',
        'last_seen_utc',
        'confidence_level',
        'is_compromised',
        'reference',
        'tags',
        'anonymous',
        'reporter',
      ],
      entry: (value, place) => {
        const named = textOf(value, 'ioc_type').toLowerCase();
        const type = Object.hasOwn(TYPES, named) ? TYPES[named] : undefined;
        if (!type) return [{ skipped: `indicators of type ${named.slice(0, 50) || 'nothing'}` }];
        const written = get(value, 'ioc_value') ?? get(value, 'ioc');
        const seen = get(value, 'first_seen_utc') ?? get(value, 'first_seen');
        const last = said(get(value, 'last_seen_utc') ?? get(value, 'last_seen'));
        return entriesOf(
          type,
          type === 'address' && typeof written === 'string' ? withoutPort(written.trim()) : written,
          {
            id: get(value, 'ioc_id') ?? get(value, 'id'),
            confidence: Number(textOf(value, 'confidence_level')),
            threatType: get(value, 'threat_type'),
            malware: [said(get(value, 'malware_printable')) || said(get(value, 'malware') ?? get(value, 'fk_malware'))],
            labels: tagsOf(get(value, 'tags')),
            firstSeen: seen,
            updated: last || seen,
          },
          place,
        );
      },
    }),
};
