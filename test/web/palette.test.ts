/** Colours are told apart by those who see all of them, and by those who see no red or no green. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { contrast, heatOf, linear, toRgb } from '../../src/web/theme/heat.ts';
import { CATEGORIES, colorsOf, INK, MEANING_COLORS, type Meaning, meaningOf } from '../../src/web/theme/palette.ts';

type Triple = readonly [number, number, number];
const times = (m: readonly Triple[], [x, y, z]: Triple): Triple => m.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Triple;

/**
 * Linear RGB as it is seen: Machado, Oliveira, Fernandes, “A Physiologically-based Model for Simulation of Color
 * Vision Deficiency”, 2009, severity 1.0: https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html
 */
const SIGHT: Readonly<Record<string, readonly Triple[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** Linear RGB → Oklab, in which a distance is one that is seen: https://bottosson.github.io/posts/oklab/ */
function oklab(rgb: Triple): Triple {
  const cone = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  ).map((c) => Math.cbrt(c)) as unknown as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cone,
  );
}

function seen(hex: string, sight: string): Triple {
  const light = toRgb(hex).map((c) => linear(c)) as unknown as Triple;
  return oklab(times(SIGHT[sight] ?? [], light).map((c) => Math.min(1, Math.max(0, c))) as unknown as Triple);
}

function distance(a: string, b: string, sight: string): number {
  const [p, q] = [seen(a, sight), seen(b, sight)];
  return Math.hypot(...p.map((v, i) => v - (q[i] ?? 0)));
}

const MEANT: readonly Meaning[] = ['accept', 'reject', 'threat', 'inbound', 'outbound', 'internal'];
const pairs = <T>(list: readonly T[]) => list.flatMap((a, i) => list.slice(i + 1).map((b) => [a, b] as const));

describe.each(['dark', 'light'] as const)('in the %s scheme', (scheme) => {
  const colors = MEANING_COLORS[scheme];

  describe.each(Object.keys(SIGHT))('with %s sight', (sight) => {
    it('meanings differ', () => {
      const near = pairs(MEANT).filter(([a, b]) => distance(colors[a], colors[b], sight) < 0.1);
      expect(near.map(([a, b]) => `${a} ${b} ${distance(colors[a], colors[b], sight).toFixed(3)}`)).toEqual([]);
    });

    it('accepted, refused and threats differ plainly', () => {
      for (const [a, b] of pairs(MEANT.slice(0, 3))) expect(distance(colors[a], colors[b], sight), `${a} ${b}`).toBeGreaterThan(0.12);
    });
  });

  it('every colour stands out from the ground by 3 to 1, as graphics must', () => {
    const all = [...Object.values(colors), ...CATEGORIES[scheme], INK[scheme].accent];
    expect(all.filter((color) => contrast(color, INK[scheme].panel) < 3)).toEqual([]);
  });

  it('no value without a meaning looks like one that has it', () => {
    const near = CATEGORIES[scheme].flatMap((color) =>
      MEANT.filter((meaning) => distance(color, colors[meaning], 'normal') < 0.05).map((m) => `${color} ${m}`),
    );
    expect(near).toEqual([]);
  });

  it('as many values as a chart has series differ', () => {
    expect(CATEGORIES[scheme].length).toBeGreaterThanOrEqual(11);
    const near = pairs(CATEGORIES[scheme]).filter(([a, b]) => distance(a, b, 'normal') < 0.055);
    expect(near).toEqual([]);
  });

  it('text stands out by 4.5 to 1, in hot cells too', () => {
    const { text, dim, panel } = INK[scheme];
    expect(Math.min(contrast(text, panel), contrast(dim, panel))).toBeGreaterThan(4.5);
    for (const meaning of [...MEANT, 'neutral'] as const)
      for (let value = 0; value <= 100; value++) {
        const { background, color } = heatOf(value, 100, meaning, scheme);
        expect(contrast(background, color), `${meaning} ${value}`).toBeGreaterThanOrEqual(4.5);
      }
  });

  it('heat rises with the value and starts from the ground', () => {
    const strength = (value: number) => distance(heatOf(value, 100, 'reject', scheme).background, INK[scheme].panel, 'normal');
    expect(strength(0)).toBe(0);
    for (let value = 5; value <= 100; value += 5) expect(strength(value)).toBeGreaterThan(strength(value - 5));
    expect(heatOf(5, 0, 'reject', scheme).background).toBe(INK[scheme].panel);
  });
});

test('red and green, which those who lack one of them confuse, are near in this measure', () => {
  expect(distance('#c04040', '#408040', 'normal')).toBeGreaterThan(0.2);
  expect(distance('#a05a2c', '#6e6e1e', 'deuteranopia')).toBeLessThan(0.06);
});

test('a value has the colour of its meaning, in whatever case, and no other value has', () => {
  expect([meaningOf('REJECT'), meaningOf('Rejected'), meaningOf('outbound'), meaningOf('443')]).toEqual(['reject', 'reject', 'outbound', undefined]);
  const others = colorsOf(['443', '22', 'eni-1', 'rejected by hand'], 'dark');
  expect([...others.values()].filter((color) => Object.values(MEANING_COLORS.dark).includes(color))).toEqual([]);
});

test('what is written beside records has the same colours, or darker ones where words need them', () => {
  const css = readFileSync(new URL('../../src/web/records/records.css', import.meta.url), 'utf8');
  const rules = [...css.matchAll(/^(\[data-mantine-color-scheme="light"\] )?\[data-meaning="(\w+)"\] \{\s+color: (#\w+);/gm)];
  expect(rules.length).toBeGreaterThanOrEqual(10);
  for (const [, light, meaning = '', color = ''] of rules) {
    const scheme = light ? 'light' : 'dark';
    const own = MEANING_COLORS[scheme][meaning as Meaning];
    const { panel } = INK[scheme];
    if (contrast(own, panel) >= 4.5) expect(color, meaning).toBe(own);
    expect(contrast(color, panel), `${scheme} ${meaning}`).toBeGreaterThanOrEqual(4.5);
  }
});
