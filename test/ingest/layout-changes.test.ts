/** What threads are told of layouts: all of it once, then what changed, and nothing where nothing did. */
import { expect, it } from 'vitest';
import { KnownLayouts, SourceLayouts, ToldLayouts } from '../../src/ingest/layout-changes.ts';

function told() {
  const layouts = new SourceLayouts(Array.from({ length: 2000 }, (_, i) => [`s${i % 2}|group-${i}`, `layout ${i % 5}`] as const));
  const sent = new ToldLayouts();
  const threads = [new KnownLayouts(), new KnownLayouts()];
  /** Changes that go with a job to a thread. */
  const job = (worker: number, source: string): number => {
    const news = sent.next(worker, source, layouts);
    if (news) threads[worker]?.hear(source, structuredClone(news));
    return news?.changes.length ?? 0;
  };
  return { layouts, sent, threads, job };
}

it('sends what a thread does not know, and nothing for a source that has none', () => {
  const { layouts, sent, threads, job } = told();
  expect([job(0, 's0'), job(0, 's0'), job(0, 's1'), job(0, 's0'), job(0, 's'), job(0, '')]).toEqual([1000, 0, 1000, 0, 0, 0]);
  expect([threads[0]?.of('s0|group-2'), threads[0]?.of('s1|group-3'), threads[1]?.of('s0|group-2')]).toEqual(['layout 2', 'layout 3', undefined]);
  layouts.set('s0|new', 'a b');
  layouts.delete('s0|group-2');
  layouts.set('|named.log|group', 'c');
  expect([job(0, 's0'), job(0, 's1'), job(0, '')]).toEqual([2, 0, 1]);
  expect([threads[0]?.of('s0|new'), threads[0]?.of('s0|group-2'), threads[0]?.of('s0|group-4'), threads[0]?.of('|named.log|group')]).toEqual([
    'a b',
    undefined,
    'layout 4',
    'c',
  ]);
  // A thread that takes another's place knows nothing.
  sent.lost(0);
  expect(job(0, 's0')).toBe(1002);
  expect(job(1, 's1')).toBe(1000);
});

it('tells every thread the same, whatever changes between its jobs, and keeps no endless list', () => {
  const { layouts, threads, job } = told();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % below;
  };
  for (let round = 0; round < 20_000; round++) {
    const stream = `s${random(2)}|group-${random(50)}`;
    if (random(3) === 0) layouts.delete(stream);
    else layouts.set(stream, `layout ${random(9)}`);
    const [worker, source] = [random(2), `s${random(2)}`];
    if (random(4) > 0) continue;
    job(worker, source);
    for (let i = 0; i < 50; i++) {
      const name = `${source}|group-${i}`;
      if (threads[worker]?.of(name) !== layouts.of(source)?.layouts.get(name)) expect([round, name]).toEqual([]);
    }
  }
  for (const source of ['s0', 's1']) {
    const { layouts: held, changes } = layouts.of(source) ?? { layouts: new Map(), changes: [] };
    expect(changes.length).toBeLessThanOrEqual(2 * held.size + 200);
  }
});
