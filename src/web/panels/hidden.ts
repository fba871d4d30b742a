/** Hidden series of a panel as they stand in the page's address: joined by `~`; a `~` or `%` of a name, and what can't stand in an address, is percent-encoded. Pure. */

export function encodeHidden(keys: readonly string[]): string {
  return keys.map((key) => key.replace(/[~%\0]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)).join('~');
}

export function decodeHidden(text: string | undefined): readonly string[] {
  return text === undefined
    ? []
    : text.split('~').map((key) => key.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))));
}
