/** A stream that nothing proves the layout of: the page asks, reads what waits, and forgets again. */
import { expect, test } from 'vitest';
import { inferLayout } from '../../src/formats/flow/infer.ts';
import { estateRows, fieldsUpTo, linesOf, randomOf, shuffled } from '../formats/estate.ts';
import { soon, startSession } from './session.ts';
import { violations } from './violations.ts';

const session = startSession();
const axe = () => violations(session.page, 'main');

const ROWS = estateRows(4, 1200);
/** An order that these rows leave open. */
const OPEN = Array.from({ length: 60 }, (_, i) => shuffled(fieldsUpTo(3), randomOf(i))).find((order) => {
  const { certain, sufficient } = inferLayout(linesOf(ROWS, order));
  return !certain && !sufficient;
}) as string[];

/** Makes a source and gives its token. */
async function makeSource(name: string): Promise<string> {
  return session.page.evaluate(async (source) => {
    const csrf = decodeURIComponent(/bartizan_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '');
    const headers = { 'content-type': 'application/json', 'x-csrf-token': csrf };
    const send = async (path: string, body: object) => (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    const collector = (await send('/api/v1/collectors', { name: `of ${source}` })) as { id: string };
    return ((await send('/api/v1/sources', { collector: collector.id, kind: 'http', name: source })) as { address: { token: string } }).address.token;
  }, name);
}

async function push(token: string, lines: readonly string[]): Promise<void> {
  const response = await fetch(`${session.served.address}/v1/http/${token}`, { method: 'POST', body: lines.join('\n') });
  expect(response.status).toBe(200);
}

test('what waits for a layout is asked, read in the layout that a person chose, and learned anew', async () => {
  const { page, served } = session;
  await page.goto(`${served.address}/sources/layouts`);
  await soon(() => page.getByRole('heading', { name: 'No stream waits for its layout' }).count()).toBe(1);
  expect(await axe()).toEqual([]);

  // Beside it a stream in a usual order, which nobody is asked about.
  await push(await makeSource('usual flows'), linesOf(ROWS.slice(0, 300), fieldsUpTo(2)));
  await push(await makeSource('edge flows'), linesOf(ROWS, OPEN));
  await page.goto(`${served.address}/sources`);
  await page.getByRole('link', { name: '1 stream waits for its layout (1,200 records in quarantine)' }).click();
  await soon(() => page.getByRole('button', { name: 'edge flows' }).count()).toBe(1);
  expect(await page.getByText('usual flows').count()).toBe(0);
  expect(await axe()).toEqual([]);

  // Under each column stands a field, decided or to be chosen; columns are values of the sample.
  const { ambiguous, candidates } = inferLayout(linesOf(ROWS, OPEN));
  const selects = page.locator('.bz-layout-samples select');
  expect(await selects.count()).toBe(ambiguous.length);
  expect(await page.locator('.bz-layout-samples tbody tr').first().locator('td').allTextContents()).toEqual(linesOf(ROWS, OPEN)[0]?.split(' '));
  const text = page.getByRole('textbox', { name: 'Layout' });
  expect(await text.inputValue()).toBe(candidates[0]?.join(' '));

  // Another field in one column: the others follow the evidence, and the preview reads so.
  const at = ambiguous.find(({ position }) => candidates[0]?.[position] !== OPEN[position])?.position ?? ambiguous[0]?.position ?? 0;
  await page.getByRole('combobox', { name: `Field of value ${at + 1}` }).selectOption(OPEN[at] as string);
  await soon(async () => (await text.inputValue()).split(' ')[at]).toBe(OPEN[at]);
  expect(candidates.map((candidate) => candidate.join(' '))).toContain(await text.inputValue());
  const preview = page.getByRole('region', { name: 'The first record, read so' });
  const told = async (name: string) =>
    (
      await preview
        .locator('div', { has: page.getByText(name, { exact: true }) })
        .locator('dd')
        .textContent()
    )?.trim();
  await soon(() => told(OPEN[at] as string)).toBe(linesOf(ROWS, OPEN)[0]?.split(' ')[at]);

  // What is no layout, or not one of these records, is said, and cannot be used.
  await text.fill('srcadr dstaddr');
  await soon(() => page.getByText('The layout names an unknown field: “srcadr”. Did you mean “srcaddr”?').count()).toBe(1);
  await text.fill('v2');
  await soon(() => page.getByText(`the layout has 14 fields, the records have ${OPEN.length} values`).count()).toBe(1);
  expect(await page.getByRole('button', { name: 'Use this layout' }).isDisabled()).toBe(true);

  await text.fill(OPEN.join(', '));
  await page.getByRole('button', { name: 'Use this layout' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Read 1,200 again' }).click();
  await soon(() => page.getByText('1,200 read, 0 still unreadable.').count()).toBe(1);
  await soon(() => page.getByRole('heading', { name: 'No stream waits for its layout' }).count()).toBe(1);
  const learned = page.getByRole('region', { name: 'Learned layouts' });
  expect(await learned.textContent()).toContain(`by you`);
  expect(await learned.locator('p').textContent()).toBe(OPEN.join(' '));
  expect(await axe()).toEqual([]);
  const [from, to] = [Math.min(...ROWS.map((row) => Number(row.start))), Math.max(...ROWS.map((row) => Number(row.start))) + 1];
  const bytes = ROWS.reduce((sum, row) => sum + (row.bytes === '-' ? 0 : Number(row.bytes)), 0);
  expect(await session.ask('_sourceName="edge flows" | sum(bytes)', from, to)).toEqual([[bytes]]);

  await learned.getByRole('button', { name: 'Learn the layout of edge flows anew' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Learn anew' }).click();
  await soon(() => learned.getByText('None yet.').count()).toBe(1);
});

test('a failure is said in place', async () => {
  const { page, served } = session;
  await session.intercept('**/api/v1/layouts', (route) => route.abort());
  await page.goto(`${served.address}/sources`);
  await soon(() => page.getByText('Whether streams wait for their layouts could not be asked.').count()).toBe(1);
  await page.goto(`${served.address}/sources/layouts`);
  await soon(() => page.getByRole('button', { name: 'Try again' }).count()).toBe(1);
  session.complaints.splice(0);
});
