/** Small parts that the pages of sources share. */
import { Button, CopyButton, MantineThemeProvider } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Source, SourceStatus } from '../../api/contract/sources.ts';
import { Icon } from '../app/icons.tsx';
import { exact, short } from '../format/numbers.ts';
import { ago, dateOf, stamp } from '../format/times.ts';
import type { Command } from './add/commands.ts';
import { LOOKUP_MEANS, lagText, STATE_MEANS, STATE_WORD } from './words.ts';

/** The state in a word and a shape: colour alone says nothing. */
export function State({ source: { kind, status } }: { source: Pick<Source, 'kind' | 'status'> }) {
  const { state, trouble } = status;
  const means = kind === 'ec2' ? LOOKUP_MEANS : STATE_MEANS;
  return (
    <span className="bz-source-state" data-state={state} title={trouble ?? means[state]}>
      {state === 'trouble' ? <Icon name="warn" size={14} /> : state === 'paused' ? <Icon name="pause" size={14} /> : <i aria-hidden="true" />}
      {STATE_WORD[state]}
    </span>
  );
}

/** `12 s ago`, and the instant; the day where it is not today's. */
export function When({ ms, zone, now }: { ms: number | null; zone: string; now: number }) {
  if (ms === null) return <span className="bz-dim">never</span>;
  const instant = stamp(ms, zone);
  return (
    <span className="bz-source-when" title={instant}>
      {ago(ms, now)} <span className="bz-dim">{dateOf(ms, zone) === dateOf(now, zone) ? instant.slice(11) : instant}</span>
    </span>
  );
}

const WIDTH = 120;
const HEIGHT = 20;

/** Records a minute over the last hour, the minute that is not over yet last and lighter. */
export function Minutes({ byMinute, height = HEIGHT }: { byMinute: readonly number[]; height?: number }) {
  const top = Math.max(...byMinute, 1);
  const step = WIDTH / byMinute.length;
  const total = byMinute.reduce((a, b) => a + b, 0);
  const words = total === 0 ? 'No records in the last hour' : `Records a minute over the last hour: ${exact(total)} in all, at most ${exact(top)} a minute`;
  return (
    <svg className="bz-source-minutes" viewBox={`0 0 ${WIDTH} ${height}`} style={{ height }} preserveAspectRatio="none" role="img" aria-label={words}>
      <title>{words}</title>
      <rect x="0" y={height - 1} width={WIDTH} height="1" opacity="0.35" />
      {byMinute.map((count, i) => {
        const tall = count === 0 ? 0 : Math.max(2, (count / top) * height);
        // Minutes have no identity but their place.
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars never move
        return <rect key={i} x={i * step} y={height - tall} width={step * 0.8} height={tall} opacity={i === byMinute.length - 1 ? 0.5 : 1} />;
      })}
    </svg>
  );
}

export function Lag({ lag }: { lag: SourceStatus['lag'] }) {
  if (!lag) return <span className="bz-dim">–</span>;
  return (
    <span title={`Half were stored within ${lagText(lag.p50)}, 95 % within ${lagText(lag.p95)}, 99 % within ${lagText(lag.p99)}`}>
      {lagText(lag.p50)} <span className="bz-dim">/ {lagText(lag.p95)}</span>
    </span>
  );
}

export function Count({ value, unit = 'count' }: { value: number; unit?: 'count' | 'bytes' }) {
  return (
    <span title={exact(value, unit)} className={value === 0 ? 'bz-dim' : undefined}>
      {short(value, unit)}
    </span>
  );
}

/** A text to be copied, as a whole. */
export function Copyable({ text, name, secret }: { text: string; name: string; secret?: boolean }) {
  return (
    <div className="bz-source-copy" data-secret={secret || undefined}>
      <code>{text}</code>
      <Copy text={text} name={name} />
    </div>
  );
}

function Copy({ text, name }: { text: string; name: string }) {
  return (
    <CopyButton value={text} timeout={3000}>
      {({ copied, copy }) => (
        <Button
          size="compact-xs"
          variant="default"
          onClick={copy}
          aria-label={`Copy ${name}`}
          leftSection={<Icon name={copied ? 'check' : 'copy'} size={12} />}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
      )}
    </CopyButton>
  );
}

export function Commands({ commands }: { commands: readonly Command[] }) {
  return commands.map(({ title, text }) => (
    <figure key={title} className="bz-source-command">
      <figcaption>{title}</figcaption>
      <pre>{text}</pre>
      <Copy text={text} name={`the command: ${title.replace(/:$/, '')}`} />
    </figure>
  ));
}

/** A part of a form that is folded until it is needed, or until something in it is wrong. */
export function Folded({ title, open, onOpen, children }: { title: string; open: boolean; onOpen: (open: boolean) => void; children: ReactNode }) {
  return (
    <details className="bz-source-folded" open={open} onToggle={(event) => event.currentTarget.open !== open && onOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      <div>{children}</div>
    </details>
  );
}

/** Descriptions below their fields, so that labels and fields stand in line beside each other. */
const BELOW = { defaultProps: { inputWrapperOrder: ['label', 'input', 'error', 'description'] } };
const FORM_THEME = { components: { TextInput: BELOW, Select: BELOW, Textarea: BELOW, NumberInput: BELOW, PasswordInput: BELOW } };

export function FormLook({ children }: { children: ReactNode }) {
  return (
    <MantineThemeProvider inherit theme={FORM_THEME}>
      {children}
    </MantineThemeProvider>
  );
}
