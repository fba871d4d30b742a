/** What there is to do where no record is stored yet: on a dashboard said once above its panels, which are then quiet. */
import { Link } from '@tanstack/react-router';
import { CLOUDTRAIL } from '../../model/log-formats.ts';
import { Icon } from '../app/icons.tsx';
import { carried } from '../app/search.ts';
import { readsEvents } from '../search/index-choice.ts';

/** `queries`: of the dashboard's panels. */
export function NothingStored({ queries }: { queries: readonly string[] }) {
  return (
    <div className="bz-nothing" role="status">
      <Icon name="info" size={18} />
      <div>
        <p>
          <b>No {namedAfter(queries)} have been ingested yet.</b>
        </p>
        <HowToIngest />
      </div>
    </div>
  );
}

function namedAfter(queries: readonly string[]): string {
  const ofEvents = queries.filter(readsEvents).length;
  if (ofEvents === queries.length) return CLOUDTRAIL.title;
  return ofEvents === 0 ? 'flow logs' : 'records of what this dashboard shows';
}

/** The ways to records. */
export function HowToIngest() {
  return (
    <p className="bz-dim">
      <Link className="bz-link" to="/sources/new" search={carried}>
        Add a source
      </Link>
      , or read files with <code>bartizan ingest PATH</code>. To look around in made-up data: <code>bartizan serve --demo</code>.
    </p>
  );
}
