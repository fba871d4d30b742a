/** Pushes a day of records of four accounts to a new source of a running server: one ended two hours ago, one has a hole, one SKIPDATA, one nothing wrong. */
import { HOUR, type Session, soon } from './session.ts';

/** The last full hour's end: what is pushed ends near it. */
export const NOW_BUCKET = Math.floor(Date.now() / 300_000) * 300;
const REGION = 'eu-central-1';

export async function feedBoard(session: Session): Promise<{ readonly records: ReadonlyMap<string, number> }> {
  const records = new Map<string, number>();
  const lines = ['region account-id interface-id srcaddr dstaddr bytes start end action log-status'];
  const line = (account: string, start: number, status: string) =>
    lines.push(
      `${REGION} ${account} eni-1 ${status === 'OK' ? '10.0.0.1 10.0.0.2 100' : '- - -'} ${start} ${start + 60} ${status === 'OK' ? 'ACCEPT' : '-'} ${status}`,
    );
  for (const [i, account] of ['111111111111', '222222222222', '333333333333', '444444444444'].entries()) {
    for (let at = NOW_BUCKET - 30 * HOUR; at < NOW_BUCKET - 300; at += 150) {
      if (i === 1 && at >= NOW_BUCKET - 8 * HOUR && at < NOW_BUCKET - 7 * HOUR) continue;
      if (i === 3 && at >= NOW_BUCKET - 2 * HOUR) continue;
      for (let n = 0; n <= (at / 150) % 3; n++) {
        line(account, at + n, 'OK');
        if (at + n >= NOW_BUCKET - 24 * HOUR) records.set(account, (records.get(account) ?? 0) + 1);
      }
    }
  }
  for (const at of [10, 10, 11]) line('333333333333', NOW_BUCKET - at * HOUR, 'SKIPDATA');
  lines.push('broken');
  await session.page.goto(session.served.address);
  const token = await session.page.evaluate(async () => {
    const csrf = decodeURIComponent(/bartizan_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '');
    const headers = { 'content-type': 'application/json', 'x-csrf-token': csrf };
    const send = async (path: string, body: object) => (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    const collector = (await send('/api/v1/collectors', { name: 'branch' })) as { id: string };
    await send('/api/v1/sources', { collector: collector.id, kind: 'firehose', name: 'not sent to yet' });
    return ((await send('/api/v1/sources', { collector: collector.id, kind: 'http', name: 'branch flows' })) as { address: { token: string } }).address.token;
  });
  const response = await fetch(`${session.served.address}/v1/http/${token}`, { method: 'POST', body: lines.join('\n') });
  if (response.status !== 200) throw new Error(`the push was answered with ${response.status}`);
  await soon(() => session.ask('_collector=branch | count', NOW_BUCKET - 24 * HOUR, NOW_BUCKET)).toEqual([[[...records.values()].reduce((a, b) => a + b, 0)]]);
  return { records };
}
