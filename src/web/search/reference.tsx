/** The reference beside the query, from the tables that the compiler reads: found by words, inserted by a click. */
import { ActionIcon, TextInput } from '@mantine/core';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { DIAGNOSTIC_CODES } from '../../query/diagnostics.ts';
import { type Completion, vocabulary } from '../../query/offers.ts';
import { rank } from '../../query/rank.ts';
import { Icon } from '../app/icons.tsx';
import { inlineCode } from './inline-code.ts';

interface Props {
  /** What it is opened at: a name or a code of a diagnostic; '' shows all. */
  readonly at: string;
  readonly onInsert: (text: string) => void;
  readonly onClose: () => void;
}

interface Entry {
  readonly name: string;
  readonly group: string;
  readonly syntax: string;
  readonly doc: string;
  readonly example?: string;
  /** What a click puts into the query. */
  readonly insert?: string;
}

const GROUPS: Readonly<Partial<Record<Completion['kind'], string>>> = {
  operator: 'Operators',
  aggregate: 'Aggregates',
  function: 'Functions',
  field: 'Fields',
};

function entries(): Entry[] {
  const seen = new Set<string>();
  const words = vocabulary().flatMap(({ kind, text, detail, doc, example, call }): Entry[] => {
    // A field stands here once, under its first name.
    if (kind === 'field' && seen.has(doc.replace(/ \([^)]*\)$/, ''))) return [];
    if (kind === 'field') seen.add(doc.replace(/ \([^)]*\)$/, ''));
    const insert = kind === 'operator' ? `| ${text} ` : call ? `${text}(` : text;
    return [{ name: text, group: GROUPS[kind] ?? '', syntax: detail, doc, insert, ...(example !== undefined && { example }) }];
  });
  const codes = Object.entries(DIAGNOSTIC_CODES).map(([name, doc]): Entry => ({ name, group: 'Messages', syntax: name, doc }));
  return [...words, ...codes];
}

export function Reference({ at, onInsert, onClose }: Props) {
  const [words, setWords] = useState(at);
  const input = useRef<HTMLInputElement>(null);
  const all = useMemo(entries, []);
  // Before it is seen: what is typed first is not to be taken away again.
  useLayoutEffect(() => {
    setWords(at);
    input.current?.focus();
  }, [at]);
  const found = useMemo(() => {
    const wanted = words.trim();
    const named = rank(wanted, all, (e) => e.name);
    const told = wanted.length < 3 ? [] : all.filter((e) => !named.includes(e) && e.doc.toLowerCase().includes(wanted.toLowerCase()));
    return [...named, ...told];
  }, [all, words]);
  const groups = Object.entries(Object.groupBy(found, (e) => e.group));
  return (
    <aside
      className="bz-reference"
      aria-label="Reference of the query language"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <div className="bz-reference-head">
        <TextInput
          ref={input}
          size="xs"
          aria-label="Find in the reference"
          placeholder="Operators, functions, fields"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        <ActionIcon variant="subtle" color="gray" aria-label="Close the reference" onClick={onClose}>
          <Icon name="close" />
        </ActionIcon>
      </div>
      {found.length === 0 && <p className="bz-dim">Nothing has this name.</p>}
      {groups.map(([group, list = []]) => (
        <section key={group} aria-label={group}>
          <h2>{group}</h2>
          <ul>
            {list.map((entry) => (
              <li key={entry.name}>
                <details open={entry.name === words.trim()}>
                  <summary>
                    <code>{entry.name}</code> <span className="bz-dim">{entry.doc.replaceAll('`', '')}</span>
                  </summary>
                  <code className="bz-reference-syntax">{entry.syntax}</code>
                  <p>
                    <Doc text={entry.doc} />
                  </p>
                  {entry.example !== undefined && <code className="bz-reference-example">| {entry.example}</code>}
                  {entry.insert !== undefined && (
                    <button type="button" className="bz-link" onClick={() => onInsert(entry.insert ?? '')}>
                      Insert
                    </button>
                  )}
                </details>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </aside>
  );
}

function Doc({ text }: { readonly text: string }) {
  return inlineCode(text).map((piece) => (piece.code ? <code key={piece.at}>{piece.text}</code> : <span key={piece.at}>{piece.text}</span>));
}
