/** The incident as what it is made of: traffic and threats of the estate, and a script of its activity. */
import type { Activity, Incident } from './activity.ts';
import type { Estate } from './estate.ts';

export function estateWith(estate: Estate, { cycle, pools, threats, traffic }: Incident): Estate {
  return {
    ...estate,
    pools: { ...estate.pools, ...pools },
    threats: [...estate.threats, ...threats],
    traffic: [
      ...estate.traffic,
      ...traffic.map(({ minutes: [first, end], growth, ...of }) => ({
        ...of,
        window: { every: cycle.every, at: cycle.at + first, minutes: end - first, growth: growth ?? 1 },
      })),
    ],
  };
}

export function activityWith(activity: Activity, { cycle, identities, steps }: Incident): Activity {
  return {
    ...activity,
    identities: { ...activity.identities, ...identities },
    scripts: [...activity.scripts, { name: 'incident', ...cycle, steps }],
  };
}
