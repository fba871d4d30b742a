/** Mantine's part of the look: the neutral ramp, the one accent, the type. The rest is app.css. */
import { createTheme, localStorageColorSchemeManager, type MantineColorsTuple } from '@mantine/core';

const accent: MantineColorsTuple = ['#e4f6fc', '#c9ebf7', '#9ddcf0', '#78cdea', '#58bfe3', '#35a9d1', '#1a8db6', '#0b6f91', '#075671', '#043e52'];
const dark: MantineColorsTuple = ['#d8e0e8', '#b7c2cd', '#8d9aa8', '#5b6876', '#323c48', '#262e38', '#1c232b', '#151a21', '#0f1318', '#0a0d11'];
const gray: MantineColorsTuple = ['#f4f6f8', '#eceff3', '#e3e8ed', '#d5dce3', '#c9d2db', '#9aa7b4', '#586575', '#3f4b59', '#2a3441', '#1a2430'];

export const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** For those who do not see it: the cross has a name, and a dialog's head is not a second head of the page. */
const DIALOG = { closeButtonProps: { 'aria-label': 'Close' }, attributes: { header: { role: 'none' } } };

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { dark: 4, light: 7 },
  autoContrast: true,
  colors: { accent, dark, gray },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: MONO,
  defaultRadius: 4,
  cursorType: 'pointer',
  respectReducedMotion: true,
  black: '#1a2430',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  components: { Modal: { defaultProps: DIALOG }, Drawer: { defaultProps: DIALOG } },
  headings: { sizes: { h1: { fontSize: '16px' }, h2: { fontSize: '14px' } } },
});

export const schemeManager = localStorageColorSchemeManager({ key: 'bartizan-color-scheme' });
