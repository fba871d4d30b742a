/** An event in a few words, above its forms: who did what, from where, with what outcome. Every value opens its menu. */
import { Icon } from '../app/icons.tsx';
import { country, display, explained } from '../format/values.ts';
import { valueIn } from '../search/results/values.ts';
import { kindOfActor } from './event.ts';
import type { Rec } from './flow.ts';
import { Pickable } from './pickable.tsx';
import { cornerOf, type Picked } from './value-menu.tsx';

interface Props {
  readonly record: Rec;
  readonly onPick: (picked: Picked) => void;
}

export function EventHead({ record, onPick }: Props) {
  const text = (name: string): string => textOf(valueIn(record, name));
  const value = (name: string, shown = text(name)) =>
    text(name) === '' ? null : (
      <Pickable
        className="bz-leaf bz-mono"
        title={explained(text(name))}
        onPick={(element) => onPick({ field: name, value: text(name), at: cornerOf(element) })}
      >
        {display(shown, 'text')}
      </Pickable>
    );
  const outcome = text('outcome');
  const error = text('errorCode');
  const code = text('source.geo.country_iso_code');
  const organization = text('source.as.organization.name');
  // What is no known client is told by its own words.
  const client = ['client', 'userAgent'].find((name) => !['', 'Other'].includes(text(name)));
  const threat = threatOf(record);
  return (
    <dl className="bz-event-head" aria-label="The event in short">
      <div>
        <dt>What</dt>
        <dd>
          {value('eventName')} {text('eventSource') && <>of {value('eventSource')}</>}
          {outcome && (
            <span data-meaning={outcome === 'failure' ? 'reject' : undefined}>
              {outcome === 'failure' ? 'failed' : 'succeeded'}
              {error && ': '}
            </span>
          )}
          {error && value('errorCode')}
          {text('errorMessage') && <span className="bz-dim">{text('errorMessage')}</span>}
        </dd>
      </div>
      <div>
        <dt>Who</dt>
        <dd>
          {value('userName') ?? <span className="bz-dim">nobody is named</span>}
          <span className="bz-dim">{kindOfActor(text('userIdentity.type'))}</span>
          {explained(text('userName')) && <span className="bz-dim">{explained(text('userName'))}</span>}
          {text('mfa') === 'true' && <span className="bz-dim">with a second factor</span>}
          {text('mfa') === 'false' && <span className="bz-dim">without a second factor</span>}
        </dd>
      </div>
      <div>
        <dt>From</dt>
        <dd>
          {value('sourceIPAddress') ?? <span className="bz-dim">not said</span>}
          {code && <span>{country(code)}</span>}
          {text('source.geo.city_name') && <span>{text('source.geo.city_name')}</span>}
          {organization && <span className="bz-dim">{`AS${text('source.as.number')} ${organization}`}</span>}
          {client && <>by {value(client)}</>}
        </dd>
      </div>
      {threat && (
        <div>
          <dt>Threat</dt>
          <dd data-meaning="threat">
            <Icon name="warn" size={12} /> {threat}
          </dd>
        </div>
      )}
    </dl>
  );
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

/** What a feed says of the event's source or client; empty where none says anything. */
function threatOf(record: Rec): string {
  const of = (name: string): string => textOf(valueIn(record, `threat.${name}`));
  const name = of('indicator.name');
  if (name === '') return '';
  const what = of('indicator.type') === 'user-agent' ? 'its client' : name;
  return [`${of('feed.name')} lists ${what}, confidence ${of('indicator.confidence').toLowerCase()}`, of('indicator.description')].filter(Boolean).join(': ');
}
