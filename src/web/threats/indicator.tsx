/** Everything that is known of one indicator, and the ways from it to flows and events. */
import { Button, CopyButton, Drawer } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { StoredIndicator } from '../../api/contract/feeds.ts';
import { CLOUDTRAIL } from '../../model/log-formats.ts';
import { statusQuery } from '../api/queries.ts';
import { Icon } from '../app/icons.tsx';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { exact } from '../format/numbers.ts';
import { ago, stamp } from '../format/times.ts';
import { ProblemNote } from '../library/problem.tsx';
import { indicatorQuery, laterQuery } from './ask.ts';
import { Findings } from './findings.tsx';
import { Confidence, Item } from './parts.tsx';
import { eventsOf, flowsOf, within } from './search-of.ts';
import { many, outOfForce, TYPE_NAME } from './words.ts';

interface Props {
  readonly number: string | undefined;
  readonly zone: string;
  readonly onClose: () => void;
}

export function IndicatorDrawer({ number, zone, onClose }: Props) {
  return (
    <Drawer opened={number !== undefined} onClose={onClose} title="Indicator" position="right" size={560} keepMounted={false}>
      {number !== undefined && <Shown number={number} zone={zone} />}
    </Drawer>
  );
}

function Shown({ number, zone }: { number: string; zone: string }) {
  const found = useQuery(indicatorQuery(number));
  if (found.error) return <ProblemNote error={found.error} />;
  if (!found.data) return <div className="bz-threat-ghost" aria-hidden="true" />;
  return <Detail indicator={found.data} zone={zone} />;
}

function Detail({ indicator, zone }: { indicator: StoredIndicator; zone: string }) {
  const { search } = usePage();
  const along = carried(search);
  const { type, value, feed, id, number, severity, threatType, actors, malware, killChain, labels } = indicator;
  const { firstSeen, updated, validFrom, validUntil, imported, removed } = indicator;
  const query = flowsOf(indicator);
  const events = useQuery(statusQuery).data?.datasets.some(({ dataset }) => dataset === CLOUDTRAIL.main);
  const over = outOfForce(indicator, Date.now() / 1000);
  return (
    <div className="bz-threat-detail">
      <div className="bz-source-copy">
        <code>{value}</code>
        <CopyButton value={value} timeout={3000}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy} leftSection={<Icon name={copied ? 'check' : 'copy'} size={12} />}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </div>
      {over && (
        <p className="bz-source-note" data-tone="warn">
          It is not in force now: {over}.
        </p>
      )}
      <div className="bz-source-buttons">
        {query && (
          <Button size="xs" component={Link} to="/search" search={{ ...within(search), q: query } as never}>
            Search flows that match it
          </Button>
        )}
        {events ? (
          <Button
            size="xs"
            variant={query ? 'default' : 'filled'}
            component={Link}
            to="/search"
            search={{ ...within(search), q: eventsOf(indicator) } as never}
          >
            Search events that match it
          </Button>
        ) : (
          !query && <p className="bz-dim">Flow logs have addresses only: this {TYPE_NAME[type]} is kept for logs that have it.</p>
        )}
      </div>
      <dl className="bz-source-settings">
        <Item name="Type">{TYPE_NAME[type]}</Item>
        <Item name="Feed">
          <Link to="/threats" search={{ ...along, feed }}>
            {feed}
          </Link>
        </Item>
        <Item name="Confidence">
          <Confidence of={indicator} />
        </Item>
        {severity && <Item name="Severity">{severity}</Item>}
        {threatType && <Item name="Sort of threat">{threatType}</Item>}
        <List name="Actors" values={actors} />
        <List name="Malware" values={malware} />
        <List name="Kill chain" values={killChain} />
        <List name="Labels" values={labels} />
        <Time name="First seen by the feed" at={firstSeen} zone={zone} />
        <Time name="Updated by the feed" at={updated} zone={zone} />
        <Time name="Valid from" at={validFrom} zone={zone} none="any time" />
        <Time name="Valid until" at={validUntil} zone={zone} none="without end" />
        <Time name="Known here since" at={imported} zone={zone} />
        {removed > 0 && <Time name="Dropped by the feed" at={removed} zone={zone} />}
        {id && (
          <Item name="Id in the feed">
            <span className="bz-mono">{id}</span>
          </Item>
        )}
        <Item name="Number">
          <span className="bz-mono" title="src_indicator and dst_indicator of records">
            {number}
          </span>
        </Item>
      </dl>
      {type === 'address' && <FoundLater indicator={indicator} zone={zone} />}
    </div>
  );
}

/** Flows and events that came before the indicator was known. */
function FoundLater({ indicator: { feed, value }, zone }: { indicator: StoredIndicator; zone: string }) {
  const later = useInfiniteQuery(laterQuery(feed));
  const pages = later.data?.pages ?? [];
  const all = pages.flatMap((page) => page.findings);
  const own = all.filter(({ indicator }) => indicator === value);
  return (
    <section aria-label="Found later">
      <h3>Found later</h3>
      <ProblemNote error={later.error} />
      {!later.data && !later.error && <p className="bz-dim">Looking …</p>}
      {own.length > 0 && <Findings findings={own} zone={zone} short />}
      {later.data && own.length === 0 && (
        <p className="bz-dim">
          {later.hasNextPage ? `Nothing in the newest ${exact(all.length)} findings of its feed.` : 'No records from before it was known.'}
        </p>
      )}
      {later.hasNextPage && (
        <Button size="compact-xs" variant="default" loading={later.isFetchingNextPage} onClick={() => void later.fetchNextPage()}>
          Look at older findings
        </Button>
      )}
    </section>
  );
}

function List({ name, values }: { name: string; values: readonly string[] }) {
  if (values.length === 0) return null;
  return (
    <Item name={name}>
      <span className="bz-threat-chips" title={many(values.length, 'value')}>
        {values.map((value) => (
          <span key={value} className="bz-threat-chip">
            {value}
          </span>
        ))}
      </span>
    </Item>
  );
}

function Time({ name, at, zone, none = 'not said' }: { name: string; at: number; zone: string; none?: string }) {
  return (
    <Item name={name}>
      {at === 0 ? (
        <span className="bz-dim">{none}</span>
      ) : (
        <>
          {stamp(at * 1000, zone)} <span className="bz-dim">{at * 1000 <= Date.now() ? ago(at * 1000) : ''}</span>
        </>
      )}
    </Item>
  );
}
