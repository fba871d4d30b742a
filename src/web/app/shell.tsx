/** What surrounds every page: the bar at the top, the banners, the credit at the bottom. */
import { ActionIcon, Menu, SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useParams, useRouterState } from '@tanstack/react-router';
import { Fragment, useEffect, useRef, useState } from 'react';
import { ApiFailure } from '../api/client.ts';
import { dashboardsQuery, statusQuery } from '../api/queries.ts';
import { exact, short } from '../format/numbers.ts';
import { ago, rangeText, zoneName } from '../format/times.ts';
import { SignedOut } from './failed.tsx';
import { Help } from './help.tsx';
import { Icon, type IconName } from './icons.tsx';
import { useKeys } from './keys.ts';
import { useMoreBeside } from './more-beside.ts';
import { carried, type Search } from './search.ts';
import { FIRST_DASHBOARD } from './start.ts';
import { usePage } from './use-page.ts';

export function Shell() {
  const status = useQuery(statusQuery);
  const { search, zone, change } = usePage();
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);
  useKeys({
    '?': () => setHelp(true),
    '/': () => {
      const box = document.getElementById('search');
      if (box) box.focus();
      else void navigate({ to: '/search', search: carried(search), hash: 'search' });
    },
    'g d': () => void navigate({ to: '/dashboards/$id', params: { id: FIRST_DASHBOARD }, search: carried(search) }),
    'g c': () => void navigate({ to: '/completeness', search: carried(search) }),
    'g s': () => void navigate({ to: '/search', search: carried(search) }),
    'g t': () => void navigate({ to: '/threats', search: carried(search) }),
    'g a': () => void navigate({ to: '/administrators', search: carried(search) }),
    'g o': () => void navigate({ to: '/sources', search: carried(search) }),
  });
  const signedOut = status.error instanceof ApiFailure && status.error.status === 401;
  return (
    <>
      <a className="bz-skip" href="#content">
        Skip to the content
      </a>
      <header className="bz-bar">
        <Link to="/" className="bz-brand" aria-label="Bartizan, overview">
          <Turret />
          <span>Bartizan</span>
        </Link>
        {!signedOut && <Pages search={search} />}
        <span className="bz-grow" />
        {!signedOut && <DataStatus zone={zone} />}
        <SegmentedControl
          size="xs"
          aria-label="Time zone"
          data={[
            { value: 'local', label: zoneName(zoneOfViewer()) === 'UTC' ? 'Local' : zoneName(zoneOfViewer()) },
            { value: 'utc', label: 'UTC' },
          ]}
          value={search.tz?.toLowerCase() === 'utc' ? 'utc' : 'local'}
          onChange={(value) => change({ tz: value === 'utc' ? 'utc' : undefined }, { replace: true })}
        />
        <SchemeSwitch />
        <ActionIcon variant="subtle" color="gray" aria-label="Help and keyboard" title="Help (?)" onClick={() => setHelp(true)}>
          <Icon name="help" />
        </ActionIcon>
      </header>
      {status.data?.demo && (
        <aside className="bz-banner" aria-label="Demo data">
          <b>Demo data.</b> A synthetic estate with attacks in it; nothing here is real traffic.
        </aside>
      )}
      <div id="content" tabIndex={-1}>
        {signedOut ? <SignedOut /> : <Outlet />}
      </div>
      <footer className="bz-foot">
        {status.data?.place && (
          <span>
            <a href={status.data.place.link} target="_blank" rel="noreferrer">
              {status.data.place.credit}
            </a>
            {status.data.place.ageDays > 60 && <span className="bz-warn"> · location data is {Math.round(status.data.place.ageDays)} days old</span>}
          </span>
        )}
        <span className="bz-grow" />
        {status.data && <span className="bz-version">Bartizan {status.data.version}</span>}
      </footer>
      <Help opened={help} onClose={() => setHelp(false)} />
    </>
  );
}

function zoneOfViewer(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** Beside the dashboards: path and name of each page of the bar. */
const PLACES = [
  ['/search', 'Search'],
  ['/extraction', 'Fields'],
  ['/lookups', 'Lookups'],
  ['/threats', 'Threats'],
  ['/completeness', 'Completeness'],
  ['/sources', 'Sources'],
] as const;

function Pages({ search }: { search: Search }) {
  const dashboards = useQuery(dashboardsQuery);
  const { id } = useParams({ strict: false });
  const path = useRouterState({ select: (s) => s.location.pathname });
  const current = dashboards.data?.dashboards.find((d) => d.id === id);
  const nav = useRef<HTMLElement>(null);
  useMoreBeside(nav);
  // On a phone the bar is wider than the screen: where one is does not lie outside of it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: path says when another page is the current one
  useEffect(() => {
    // What it gives back in newer browsers is a promise, and no cleanup.
    nav.current?.querySelector('a[data-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  return (
    <nav ref={nav} className="bz-nav" aria-label="Pages" data-untitled={(id !== undefined && dashboards.isPending) || undefined}>
      <Menu position="bottom-start" width={380}>
        <Menu.Target>
          <button type="button" className="bz-nav-item" data-current={path.startsWith('/dashboards') || undefined}>
            <span className="bz-nav-title">{current?.title ?? 'Dashboards'}</span>
            <Icon name="down" size={12} />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {[true, false].map((own) => {
            const group = (dashboards.data?.dashboards ?? []).filter((d) => d.own === own);
            return (
              <Fragment key={String(own)}>
                {own && group.length > 0 && <Menu.Label>Own dashboards</Menu.Label>}
                {group.map((d) => (
                  <Menu.Item key={d.id} component={Link} to="/dashboards/$id" params={{ id: d.id } as never} search={carried(search) as never}>
                    <div>{d.title}</div>
                    <div className="bz-dim bz-small">{d.description}</div>
                  </Menu.Item>
                ))}
                {own && group.length > 0 && <Menu.Label>With Bartizan</Menu.Label>}
              </Fragment>
            );
          })}
          {dashboards.isError && <Menu.Label>The list of dashboards can’t be loaded.</Menu.Label>}
        </Menu.Dropdown>
      </Menu>
      {PLACES.map(([to, name]) => (
        <Link key={to} to={to} search={carried(search)} className="bz-nav-item" activeProps={{ 'data-current': true } as object}>
          {name}
        </Link>
      ))}
    </nav>
  );
}

function DataStatus({ zone }: { zone: string }) {
  const status = useQuery(statusQuery);
  if (status.isError) {
    return (
      <span className="bz-status" data-tone="error" role="status">
        server does not answer
      </span>
    );
  }
  const { data } = status;
  if (!data) return <span className="bz-status" />;
  const newest = data.extent ? ` · newest ${ago(data.extent.to * 1000, data.now > 1e11 ? data.now : data.now * 1000)}` : '';
  const title = data.extent
    ? `${exact(data.records)} records from ${rangeText(data.extent.from, data.extent.to, zone)}; ${exact(data.indicators)} threat indicators`
    : 'No data has been ingested yet';
  return (
    <span className="bz-status" title={title} role="status">
      <b>{short(data.records)}</b> records{newest}
      {data.quarantined > 0 && <span className="bz-warn"> · {short(data.quarantined)} in quarantine</span>}
    </span>
  );
}

const SCHEMES = [
  ['dark', 'moon', 'Dark'],
  ['light', 'sun', 'Light'],
  ['auto', 'auto', 'As the system'],
] as const satisfies readonly (readonly [string, IconName, string])[];

function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const shown = SCHEMES.find(([id]) => id === colorScheme) ?? SCHEMES[0];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Colours: ${shown[2]}`} title="Colours">
          <Icon name={shown[1]} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map(([id, icon, title]) => (
          <Menu.Item key={id} leftSection={<Icon name={icon} size={14} />} onClick={() => setColorScheme(id)}>
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Turret() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M5 4h5v4h4V4h4v4h4V4h5v10l-3 3v4l-8 8-8-8v-4l-3-3z" fill="currentColor" />
    </svg>
  );
}
