/** URLs of URLhaus: its JSON and CSV exports, and answers of its API (https://urlhaus.abuse.ch/api/). */
import { entriesOf, get, type IndicatorReader, textOf } from './entry.ts';
import { readTable, said, tagsOf } from './table.ts';

export const urlhaus: IndicatorReader = {
  format: 'urlhaus',
  title: 'abuse.ch URLhaus, JSON or CSV',
  recognizes: (start) => /"url_status"\s*:/.test(start) || /"?dateadded"?,"?url"?,/.test(start),
  read: (document, options) =>
    readTable(document, options, {
      choose: (path) => (path.length < 2 ? 'enter' : path.length === 2 && path[1] === '*' ? 'take' : 'skip'),
      columns: ['id', 'dateadded', 'url', 'url_status', 'last_online', 'threat', 'tags', 'urlhaus_link', 'reporter'],
      entry: (value, place) => {
        const added = get(value, 'dateadded') ?? get(value, 'date_added');
        const last = said(get(value, 'last_online'));
        return entriesOf(
          'url',
          get(value, 'url'),
          {
            id: get(value, 'urlhaus_link') ?? get(value, 'urlhaus_reference') ?? get(value, 'id'),
            // URLs are looked at before they are listed; one that is offline may serve others by now.
            confidence: textOf(value, 'url_status') === 'online' ? 90 : 60,
            threatType: get(value, 'threat'),
            labels: [...tagsOf(get(value, 'tags')), get(value, 'url_status')],
            firstSeen: added,
            updated: last || added,
          },
          place,
        );
      },
    }),
};
