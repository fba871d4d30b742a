/** How requests leave this machine: the proxy that the environment names. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY as most programs read them; small letters go before capitals. */
export function environmentProxy(url: URL, environment: Environment): URL | undefined {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name] || '';
  const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (!proxy) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const direct = read('NO_PROXY')
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      const host = name.replace(/^\*?\./, '').toLowerCase();
      return (only === undefined || only === port) && (url.hostname === host || url.hostname.endsWith(`.${host}`));
    });
  const text = /^[a-z0-9]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  return direct || !/^https?:/i.test(text) || !URL.canParse(text) ? undefined : new URL(text);
}
