/** Rows of panels as they are now, saved or not: a run store that sends the panels along. */

import type { Panel } from '../../../dashboards/schema.ts';
import { post } from '../../api/client.ts';
import { type Asked, RunStore } from '../run-store.ts';

const PATH = '/api/v1/dashboards/preview';

/** `panels` gives the panels of the moment. */
export function previewStore(panels: () => readonly Panel[]): RunStore {
  const send = (_: string, body: unknown, signal: AbortSignal) => {
    const { panels: ids, ...asked } = body as Asked;
    return post(PATH, { ...asked, content: panels().filter(({ id }) => ids.includes(id)) }, signal);
  };
  return new RunStore('preview', send, panels);
}
