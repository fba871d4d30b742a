/** Botnet servers of Feodo Tracker as JSON or CSV (https://feodotracker.abuse.ch/blocklist/). */
import { entriesOf, get, type IndicatorReader } from './entry.ts';
import { readTable, said } from './table.ts';

export const feodo: IndicatorReader = {
  format: 'feodo',
  title: 'abuse.ch Feodo Tracker, JSON or CSV',
  recognizes: (start) =>
    /^#[^\n]*\n#\s*abuse\.ch Feodo Tracker/i.test(start) ||
    /"?dst_ip"?,"?dst_port"?,/.test(start) ||
    (/"ip_address"\s*:/.test(start) && /"last_online"\s*:/.test(start)),
  read: (document, options) =>
    readTable(document, options, {
      choose: (path) => (path.length === 0 ? 'enter' : path.length === 1 && path[0] === '*' ? 'take' : 'skip'),
      columns: ['first_seen_utc', 'dst_ip', 'dst_port', 'c2_status', 'last_online', 'malware'],
      entry: (value, place) =>
        entriesOf(
          'address',
          get(value, 'ip_address') ?? get(value, 'dst_ip'),
          {
            // The tracker lists only servers that answered as a botnet’s server.
            confidence: 90,
            threatType: 'botnet_cc',
            malware: [said(get(value, 'malware'))],
            labels: [get(value, 'status') ?? get(value, 'c2_status')],
            firstSeen: get(value, 'first_seen') ?? get(value, 'first_seen_utc'),
            updated: get(value, 'last_online'),
          },
          place,
        ),
    }),
};
