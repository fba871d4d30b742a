/** Which ECS category and types an event has: https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category. */

export interface EventKind {
  readonly kind: 'event' | 'alert';
  readonly category: readonly string[];
  readonly type: readonly string[];
}

interface Told {
  readonly activity: string | undefined;
  /** `eventSource`. */
  readonly source: string | undefined;
  /** `eventName`. */
  readonly name: string | undefined;
  readonly category: string | undefined;
  readonly errorCode: string | undefined;
}

/** Calls that give credentials. */
const CREDENTIALS = /^(?:AssumeRole|GetSessionToken|GetFederationToken|AssumeRoot)/;
const STORES = /^(?:dynamodb|rds-data|redshift-data|qldb|timestream|neptune|cassandra)\b/;

/** What a call does, by the verb of its name. */
function change(name: string, isRead: boolean): string {
  if (isRead) return 'access';
  if (/^(?:Create|Allocate|Register|Import|Run|Copy)/.test(name)) return 'creation';
  return /^(?:Delete|Remove|Terminate|Release|Deregister|BatchDelete)/.test(name) ? 'deletion' : 'change';
}

export function eventKind({ activity, source = '', name = '', category, errorCode }: Told): EventKind {
  const of = (categories: string, ...type: string[]): EventKind => ({ kind: 'event', category: [categories], type });
  if (activity === 'insight') return { kind: 'alert', category: ['intrusion_detection'], type: ['info'] };
  if (activity === 'summary') return of('api', 'info');
  if (activity === 'sign-in') return of('authentication', name === 'ConsoleLogin' ? 'start' : 'info');
  if (source.startsWith('sts.') && CREDENTIALS.test(name)) return of('authentication', 'start');
  if (category === 'NetworkActivity') return of('network', errorCode === undefined ? 'allowed' : 'denied');
  const isRead = activity === 'read' || /^(?:Get|Head|List|Select|Query|Scan|BatchGet)/.test(name);
  const done = change(name, isRead);
  if (activity === 'data') {
    if (source.startsWith('s3.')) return of('file', done);
    if (STORES.test(source)) return of('database', isRead ? 'access' : 'change');
    return source.startsWith('lambda.') ? of('process', 'start') : of('api', 'access');
  }
  if (source.startsWith('iam.')) {
    const whose = /Group/.test(name) ? ['group'] : /User|LoginProfile|AccessKey|MFADevice|Password/.test(name) ? ['user'] : [];
    // A new key or policy changes the user that it is for.
    const what = /^(?:Create|Delete)(?:User|Group|Role)$/.test(name) ? done : isRead ? 'info' : 'change';
    return of('iam', ...whose, what);
  }
  return activity === 'permissions' ? of('iam', done) : of('configuration', done);
}
