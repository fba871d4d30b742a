/** How many indicators there are, by confidence and by type. Each number leads to them. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { carried, type Search } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { exact, short } from '../format/numbers.ts';
import { ProblemNote } from '../library/problem.tsx';
import { statsQuery } from './ask.ts';
import { BAND_MEANS, typesName } from './words.ts';

/** In their places while they are asked for, so that nothing jumps. */
const NO_BANDS = (['high', 'medium', 'low', 'unverified'] as const).map((band) => ({ band, count: undefined }));

export function Stats() {
  const { search } = usePage();
  const { data, error } = useQuery(statsQuery);
  if (!data && error) return <ProblemNote error={error} />;
  const to = (more: Search): Search => ({ ...carried(search), view: 'indicators', ...more });
  return (
    <dl className="bz-threat-stats" aria-label="Indicators in all" aria-busy={!data}>
      <Stat name="indicators" value={data?.total} search={to({})} what="total" />
      {(data?.byBand ?? NO_BANDS).map(({ band, count }) => (
        <Stat key={band} name={band} value={count} title={BAND_MEANS[band]} search={to({ band })} what={band} />
      ))}
      {data?.byType.map(({ type, count }) => (
        <Stat key={type} name={typesName(type)} value={count} search={to({ type })} what="type" />
      ))}
    </dl>
  );
}

interface StatProps {
  readonly name: string;
  readonly value: number | undefined;
  readonly search: Search;
  readonly what: string;
  readonly title?: string;
}

function Stat({ name, value, search, what, title }: StatProps) {
  return (
    <div data-what={what} title={title}>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? (
          <span className="bz-dim">–</span>
        ) : (
          <Link to="/threats" search={search} title={`${exact(value)} ${name}`}>
            {short(value)}
          </Link>
        )}
      </dd>
    </div>
  );
}
