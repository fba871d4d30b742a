/** Flags are drawn by the system's fonts, and not every system has them (Windows, bare Linux): there the letters of the country stand instead of empty boxes. */
let drawn: boolean | undefined;

/** Does this browser draw a flag for two regional indicator symbols? Colour in the picture says yes. */
export function drawsFlags(): boolean {
  drawn ??= typeof document === 'undefined' || look(document.createElement('canvas'));
  return drawn;
}

function look(canvas: HTMLCanvasElement): boolean {
  canvas.width = canvas.height = 20;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return false;
  context.font = '16px sans-serif';
  context.fillText('🇺🇸', 0, 16);
  const { data } = context.getImageData(0, 0, 20, 20);
  for (let i = 0; i < data.length; i += 4) {
    const [red = 0, green = 0, blue = 0] = data.slice(i, i + 3);
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > 40) return true;
  }
  return false;
}

/** The two letters as regional indicator symbols, which fonts draw as the flag; '' where they would not. */
export function flag(code: string): string {
  if (!/^[A-Za-z]{2}$/.test(code) || !drawsFlags()) return '';
  return String.fromCodePoint(...[...code.toUpperCase()].map((c) => 0x1f1e6 + c.charCodeAt(0) - 65));
}
