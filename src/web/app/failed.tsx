/** Pages that stand in for a page: not signed in, failed, not there. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useRouterState } from '@tanstack/react-router';
import { ApiFailure, explain } from '../api/client.ts';
import { dashboardsQuery } from '../api/queries.ts';
import { carried } from './search.ts';
import { usePage } from './use-page.ts';

export function PageFailed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (error instanceof ApiFailure && error.status === 401) return <SignedOut />;
  const { code, message, hint } = explain(error);
  return (
    <main className="bz-page-note">
      <div role="alert">
        <h1>This page could not be shown</h1>
        <p>{message}</p>
        {hint && <p className="bz-dim">{hint}</p>}
        <p>
          <code>{code}</code>
        </p>
        <p>
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>{' '}
          {error instanceof ApiFailure && error.status === 404 && <Link to="/">Open the overview</Link>}
        </p>
      </div>
    </main>
  );
}

/** A link that leads to no dashboard: which ones there are. */
export function DashboardMissing({ id }: { id: string }) {
  const { data } = useQuery(dashboardsQuery);
  const { search } = usePage();
  return (
    <main className="bz-page-note">
      <div role="alert">
        <h1>There is no dashboard “{id}”</h1>
        <p className="bz-dim">It was removed, or the link is not whole. {data && 'There are:'}</p>
        <ul>
          {data?.dashboards.map((d) => (
            <li key={d.id}>
              <Link to="/dashboards/$id" params={{ id: d.id }} search={carried(search)}>
                {d.title}
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </main>
  );
}

export function SignedOut() {
  return (
    <main className="bz-page-note">
      <h1>This browser is not signed in</h1>
      <p>
        Open the link that Bartizan printed when it started. It looks like <code>http://127.0.0.1:8620/login/…</code> and signs this browser in.
      </p>
      <p className="bz-dim">
        The link is gone? Print a new one with <code>bartizan link</code>.
      </p>
    </main>
  );
}

export function PageMissing() {
  const path = useRouterState({ select: (s) => s.location.pathname });
  return (
    <main className="bz-page-note">
      <h1>There is no such page</h1>
      <p className="bz-dim">
        Nothing is at <code>{path}</code>. The pages are in the bar above.
      </p>
      <p>
        <Link to="/">Open the overview</Link>
      </p>
    </main>
  );
}
