/** What is written on panels can be read at every width: names of points stand straight and apart, and a table says when more lies beside. */
import { expect, it } from 'vitest';
import { END } from './browser.ts';
import { HOUR, iso, pictureIn, soon, startSession } from './session.ts';

const on = startSession();
const open = (view: string, query: string) =>
  on.page.goto(`${on.served.address}/search?from=${iso(END - HOUR)}&to=${iso(END)}&view=${view}&q=${encodeURIComponent(`_index=vpc_flow ${query}`)}`);

interface Written {
  readonly text: string;
  /** 0 where it is written straight. */
  readonly aslant: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Keeps what is written on pictures, in pixels of them: the last of each text. */
const listen = () =>
  on.page.addInitScript(() => {
    const written = new Map<string, object>();
    Object.assign(globalThis, { written });
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (this: CanvasRenderingContext2D, text: string, x: number, y: number) {
      const { a, b, d, e, f } = this.getTransform();
      const scale = Math.hypot(a, b) || d;
      const { actualBoundingBoxLeft, actualBoundingBoxRight, actualBoundingBoxAscent, actualBoundingBoxDescent } = this.measureText(text);
      const [px, py] = [x + e / scale, y + f / scale];
      const box = {
        left: px - actualBoundingBoxLeft,
        right: px + actualBoundingBoxRight,
        top: py - actualBoundingBoxAscent,
        bottom: py + actualBoundingBoxDescent,
      };
      if (this.canvas.isConnected) written.set(text, { text, aslant: b, ...box });
      fillText.call(this, text, x, y);
    };
  });

it.each([
  [390, 12],
  [1440, 12],
  [390, 5],
  [1440, 5],
])('names of points on a page of %i pixels stand straight and apart, of %i ports', async (width, ports) => {
  await on.page.setViewportSize({ width, height: 900 });
  await listen();
  await open('scatter', `| count by dest_port | sort by _count | limit ${ports}`);
  const rows = await on.ask(`_index=vpc_flow | count by dest_port | sort by _count | limit ${ports}`);
  const numbers = rows.map(([port]) => String(port));
  const names = async () => {
    const all = await on.page.evaluate(() => [...(globalThis as unknown as { written: Map<string, Written> }).written.values()]);
    return all.filter(({ text }) => numbers.includes(text.split(' ')[0] ?? ''));
  };
  await soon(async () => (await names()).length).toBe(ports);
  const found = await names();
  expect(found.filter(({ aslant }) => Math.abs(aslant) > 0.01)).toEqual([]);
  const box = await on.page.locator('.bz-aggregates canvas').first().boundingBox();
  for (const a of found) {
    expect(a.left).toBeGreaterThanOrEqual(0);
    expect(a.right).toBeLessThanOrEqual(box?.width ?? 0);
    expect(found.filter((b) => b !== a && b.left < a.right && a.left < b.right && b.top < a.bottom && a.top < b.bottom)).toEqual([]);
  }
});

it('a click on a point below the others leads to its records', async () => {
  await open('scatter', '| count by dest_port | sort by _count | limit 12');
  const box = await pictureIn(on.page.locator('.bz-aggregates'));
  const [[most, count] = []] = await on.ask('_index=vpc_flow | count by dest_port | sort by _count | limit 1');
  const ports = (await on.ask('_index=vpc_flow | count by dest_port | sort by _count | limit 12')).map(([port]) => Number(port)).sort((a, b) => a - b);
  // The most is the farthest to the right; the lines share the height above the axis.
  const line = (box.height - 32) / ports.length;
  const y = box.y + 12 + line * (ports.indexOf(Number(most)) + 0.5);
  const name = String(most);
  await soon(async () => {
    for (let x = box.width - 20; x > box.width * 0.7; x -= 5) {
      await on.page.mouse.move(box.x + x, y);
      if (
        (await on.page
          .locator('.bz-aggregates')
          .getByText(String(Number(count).toLocaleString('en')), { exact: true })
          .count()) > 0
      ) {
        await on.page.mouse.click(box.x + x, y);
        break;
      }
    }
    return on.search('q');
  }).toContain(`="${name}"`);
});

it.each([390, 800, 1440])('a table says when more lies beside, on a page of %i pixels, and only then', async (width) => {
  await on.page.setViewportSize({ width, height: 900 });
  const more = on.page.locator('.bz-table-scroll[data-more]');
  const shade = () =>
    on.page
      .locator('.bz-table-scroll th')
      .last()
      .evaluate((th) => getComputedStyle(th, '::before').content);
  await open('table', '| count by action');
  await soon(() => on.page.locator('.bz-table-scroll tbody tr').count()).toBe(2);
  expect(await more.count()).toBe(0);
  expect(await shade()).toBe('none');
  await open(
    'table',
    '| count by interface_id, srcaddr, dstaddr, srcport, dstport, subnet_id, vpc_id, instance_id, az_id, src_organization, dest_organization',
  );
  await soon(() => more.count()).toBe(1);
  expect(await shade()).toBe('""');
  // At the end nothing more does.
  await more.evaluate((box) => box.scrollTo(box.scrollWidth, 0));
  await soon(() => more.count()).toBe(0);
  expect(await shade()).toBe('none');
  await on.page.locator('.bz-table-scroll').evaluate((box) => box.scrollTo(0, 0));
  await soon(() => more.count()).toBe(1);
});

it.each([
  [390, HOUR, false],
  // The same time of two days; and where there is room.
  [390, 48 * HOUR, true],
  [1440, HOUR, true],
])('a time in a table on a page of %i pixels, of a window of %i seconds, is seen with its day: %s; it is heard with it', async (width, seconds, day) => {
  await on.page.setViewportSize({ width, height: 900 });
  const query = '_index=vpc_flow | timeslice 5m | count by _timeslice, action | sort by _timeslice | limit 5';
  const search = new URLSearchParams({ from: iso(END - seconds), to: iso(END), tz: 'utc', view: 'table', q: query });
  await on.page.goto(`${on.served.address}/search?${search}`);
  const time = on.page.locator('.bz-table [data-row="0"] .bz-cell').first();
  await soon(() => time.textContent()).toMatch(/^2026-11-18 \d\d:\d\d:00$/);
  expect(await time.getAttribute('title')).toMatch(/^2026-11-18 \d\d:\d\d:00 /);
  // Of its 19 characters the last 8 are the time.
  const [seen = 0, alone = 0] = await time.evaluate((button) => {
    const range = document.createRange();
    const text = button.lastChild as Text;
    range.setStart(text, text.length - 8);
    range.setEnd(text, text.length);
    return [button.getBoundingClientRect().width, range.getBoundingClientRect().width];
  });
  expect(seen > alone * 1.5).toBe(day);
  expect(seen).toBeGreaterThanOrEqual(alone);
});
