/** Threats: feeds of indicators, the indicators, what was found later, and what is no threat. */
import '../sources/sources.css';
import './threats.css';
import { Link } from '@tanstack/react-router';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { AllowListView } from './allow-list.tsx';
import { FeedsView } from './feeds.tsx';
import { IndicatorsView } from './indicators.tsx';
import { LaterView } from './later.tsx';
import { Stats } from './stats.tsx';

const VIEWS = [
  ['feeds', 'Feeds', FeedsView],
  ['indicators', 'Indicators', IndicatorsView],
  ['later', 'Found later', LaterView],
  ['allowed', 'Allow-list', AllowListView],
] as const;

export function ThreatsPage() {
  const { search } = usePage();
  const [id, title, View] = VIEWS.find(([view]) => view === search.view) ?? VIEWS[0];
  useTitle(id === 'feeds' ? 'Threats' : title);
  return (
    <main className="bz-sources bz-threats">
      <h1>Threats</h1>
      <Stats />
      <nav className="bz-threat-views" aria-label="Parts of this page">
        {VIEWS.map(([view, name]) => (
          <Link
            key={view}
            to="/threats"
            search={{ ...carried(search), ...(view === 'feeds' ? {} : { view }) }}
            activeOptions={{ exact: true }}
            aria-current={view === id ? 'page' : undefined}
          >
            {name}
          </Link>
        ))}
      </nav>
      <View />
    </main>
  );
}
