/** What the rule makes of each sample, or which of its steps found nothing. */
import type { RuleTestResponse } from '../../api/contract/rules.ts';
import { Icon } from '../app/icons.tsx';

type Tried = RuleTestResponse['samples'][number];

export function Trial({ answer, samples }: { answer: RuleTestResponse; samples: readonly string[] }) {
  return (
    <ol className="bz-rule-trial" aria-label="What the rule makes of the samples">
      {answer.samples.map((tried, i) => (
        // Samples have no identity but their place.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <li key={i}>
          <code className="bz-rule-sample" title={samples[i]}>
            {samples[i]}
          </code>
          <Verdict tried={tried} />
          {tried.problem && <p className="bz-dim">As a flow log record this would go to quarantine ({tried.problem.message}); here it was tried as text.</p>}
          {tried.matched && <Values tried={tried} stored={answer.stored} />}
        </li>
      ))}
    </ol>
  );
}

function Verdict({ tried }: { tried: Tried }) {
  if (tried.matched) {
    return (
      <p className="bz-rule-verdict" data-tone="good">
        <Icon name="check" size={14} /> Matched
      </p>
    );
  }
  return (
    <p className="bz-rule-verdict" data-tone="miss">
      <Icon name="close" size={14} />{' '}
      {tried.missed ? (
        <>
          Step {tried.missed.step} found nothing: <code>{tried.missed.text}</code>
        </>
      ) : (
        'Not in the scope'
      )}
    </p>
  );
}

function Values({ tried, stored }: { tried: Tried; stored: readonly string[] }) {
  const isStored = new Set(stored.map((name) => name.toLowerCase()));
  const all = Object.entries(tried.values);
  const rows = [...all.filter(([name]) => !isStored.has(name.toLowerCase())), ...all.filter(([name]) => isStored.has(name.toLowerCase()))];
  return (
    <dl className="bz-rule-values">
      {rows.map(([name, value]) => (
        <div key={name} data-stored={isStored.has(name.toLowerCase()) || undefined}>
          <dt>{name}</dt>
          <dd>{value === null ? <span className="bz-dim">no value</span> : <code>{value}</code>}</dd>
        </div>
      ))}
    </dl>
  );
}
