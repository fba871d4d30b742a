/** The page's few icons, drawn on a 16-pixel grid with one stroke. Decorative: the control around one has the name. */
const PATHS = {
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM10.6 10.6 14 14',
  close: 'm4 4 8 8M12 4l-8 8',
  check: 'm3 8.500 3.500 3.500L13 4.500',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  refresh: 'M13.500 8a5.500 5.500 0 1 1-1.700-4M13.500 2v3h-3',
  pause: 'M5.500 3v10M10.500 3v10',
  play: 'M5 3v10l8-5z',
  stop: 'M4 4h8v8H4z',
  down: 'm4 6 4 4 4-4',
  up: 'm4 10 4-4 4 4',
  grip: 'M6 4v.01M6 8v.01M6 12v.01M10 4v.01M10 8v.01M10 12v.01',
  undo: 'M6 3 3 6l3 3M3 6h6.500a3.500 3.500 0 0 1 0 7H6',
  redo: 'm10 3 3 3-3 3M13 6H6.500a3.500 3.500 0 0 0 0 7H10',
  upload: 'M8 10V2.500M5 5.500l3-3 3 3M3 13.500h10',
  right: 'm6 4 4 4-4 4',
  expand: 'M9.500 2.500h4v4M13.500 2.500l-4.500 4.500M6.500 13.500h-4v-4M2.500 13.500l4.500-4.500',
  records: 'M2.500 4h11M2.500 8h11M2.500 12h7',
  more: 'M8 3.500v.01M8 8v.01M8 12.500v.01',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.500v3.500M8 5v.01',
  warn: 'M8 2.500 14.500 13.500h-13zM8 6.500v3.500M8 12v.01',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.500V8l2.500 1.500',
  filter: 'M2 3h12l-4.500 5.500V13l-3-1.500v-3z',
  sun: 'M8 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM8 1.500v1.500M8 13v1.500M1.500 8H3M13 8h1.500M3.400 3.400l1 1M11.600 11.600l1 1M12.600 3.400l-1 1M4.400 11.600l-1 1',
  moon: 'M13.500 9.500A5.500 5.500 0 0 1 6.500 2.500a5.500 5.500 0 1 0 7 7Z',
  auto: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 2v12M10 3v10M12 4.500v7',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.300 6.200a1.800 1.800 0 1 1 2.500 1.700c-.6.3-.8.6-.8 1.300M8 11.200v.01',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  download: 'M8 2.500v7.500M5 7l3 3 3-3M3 13.500h10',
  table: 'M2.500 3h11v10h-11zM2.500 6.500h11M6.500 6.500V13',
  format: 'M2.500 3.500h11M5.500 6.500h8M5.500 9.500h6M2.500 12.500h11',
  book: 'M8 4c-1.500-1-3.500-1.300-5.500-1v9.500c2-.3 4 0 5.500 1 1.500-1 3.500-1.300 5.500-1V3c-2-.3-4 0-5.500 1ZM8 4v9.500',
  folder: 'M2 4h4.500l1.500 2h6v7H2z',
  save: 'M3 2.500h8L13.500 5v8.500H3zM5.500 2.500V6h4V2.500M5 13.500v-4h6.500v4',
  link: 'M6.500 9.500l3-3M7 5l1.500-1.500a2.500 2.500 0 0 1 4 4L11 9M9 11l-1.500 1.500a2.500 2.500 0 0 1-4-4L5 7',
  trash: 'M3 4.500h10M6 4.500v-2h4v2M4.500 4.500l.5 9h6l.5-9',
  edit: 'M3 13l.500-3L10.500 3l2.500 2.500-7 7zM9 4.500 11.500 7',
  panel: 'M2.500 3h11v10h-11zM5 10.500V8M8 10.500V5.500M11 10.500V7',
  out: 'M8 3H3v10h10V8M10 2.500h3.500V6M13.500 2.500 8 8',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
