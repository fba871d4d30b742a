/** Events beside the fixture's flows: what a person, a role and a service do in its last hours, and a sign-in that failed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { event, type Json, trail } from '../ingest/events.ts';
import { END } from './browser.ts';

/** An external address that the fixture's flows come from, too. */
export const STRANGER = '203.0.113.77';
export const TOOL = 'EvilScanner/6.6';

const ROLE = {
  type: 'AssumedRole',
  principalId: 'AROAEXAMPLE:deploy-7',
  arn: 'arn:aws:sts::123456789012:assumed-role/Deploy/deploy-7',
  accountId: '123456789012',
  sessionContext: {
    sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::123456789012:role/Deploy', userName: 'Deploy' },
    attributes: { mfaAuthenticated: 'false' },
  },
};
const OPENED = {
  groupId: 'sg-0a1b2c3d4e5f60718',
  ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }] },
};

function eventsOfHour(): Json[] {
  const at = (minutes: number): number => END - minutes * 60;
  const list: Json[] = [];
  for (let i = 0; i < 40; i++) list.push(event(`read-${i}`, at(58 - i), { sourceIPAddress: '198.51.100.7' }));
  for (let i = 0; i < 5; i++) {
    list.push(
      event(`open-${i}`, at(30 - i), {
        eventName: 'AuthorizeSecurityGroupIngress',
        userIdentity: ROLE,
        readOnly: false,
        sourceIPAddress: STRANGER,
        userAgent: TOOL,
        requestParameters: i === 0 ? OPENED : { ...OPENED, groupId: `sg-other-${i}` },
      }),
    );
  }
  list.push(
    event('hidden', at(20), {
      eventName: 'ConsoleLogin',
      eventSource: 'signin.amazonaws.com',
      eventType: 'AwsConsoleSignIn',
      readOnly: false,
      userIdentity: { type: 'IAMUser', accountId: '123456789012', accessKeyId: '', userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      responseElements: { ConsoleLogin: 'Failure' },
      additionalEventData: { MFAUsed: 'No', LoginTo: 'https://console.aws.amazon.com/console/home' },
      errorMessage: 'No username found in supplied account',
    }),
  );
  list.push(event('denied', at(10), { eventName: 'DeleteTrail', eventSource: 'cloudtrail.amazonaws.com', readOnly: false, errorCode: 'AccessDenied' }));
  return list;
}

/** Writes them, and flows of the stranger. */
export function writeEvents(logs: string): void {
  writeFileSync(join(logs, 'events.json.gz'), trail(eventsOfHour()));
  const flow = (start: number, action: string) => `2 123456789012 eni-0stranger ${STRANGER} 10.0.0.9 40000 22 6 9 900 ${start} ${start + 30} ${action} OK`;
  writeFileSync(
    join(logs, 'stranger.log'),
    `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n${flow(END - 1500, 'ACCEPT')}\n${flow(END - 1400, 'REJECT')}\n`,
  );
}
