import { useComputedColorScheme } from '@mantine/core';
import type { Scheme } from './palette.ts';

/** The scheme in effect: what a chart paints with. */
export function useScheme(): Scheme {
  return useComputedColorScheme('dark', { getInitialValueInEffect: false });
}
