/** The documentation of a word as a small panel: beside a completion, and under the pointer. */

import type { Extension } from '@codemirror/state';
import { hoverTooltip } from '@codemirror/view';
import { describe } from '../../../query/complete.ts';
import type { Completion } from '../../../query/offers.ts';
import { inlineCode } from '../inline-code.ts';
import { optionsOf, type Surroundings } from './language.ts';

export function info({ text, detail, doc, example, kind }: Completion): HTMLElement {
  const box = document.createElement('div');
  box.className = 'q-info';
  const head = line('code', kind === 'field' || kind === 'column' ? `${text} · ${detail}` : detail || text, 'q-info-head');
  box.append(head, paragraph(doc));
  if (example) box.append(line('code', `| ${example}`, 'q-info-example'));
  return box;
}

function paragraph(doc: string): HTMLElement {
  const element = document.createElement('p');
  for (const { text, code } of inlineCode(doc)) element.append(code ? line('code', text) : text);
  return element;
}

function line(tag: 'code' | 'p', text: string, className = ''): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Tells of the word under the pointer. */
export function hover(surroundings: () => Surroundings): Extension {
  return hoverTooltip((view, pos) => {
    const found = describe(view.state.doc.toString(), pos, optionsOf(surroundings()));
    return found ? { pos: found.start, end: found.end, above: true, create: () => ({ dom: info(found) }) } : null;
  });
}
