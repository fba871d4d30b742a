/** An indicator that says nothing but what a test is about. */
import type { Indicator } from '../src/model/indicator.ts';

export function indicatorOf(value: string, more: Partial<Indicator> = {}): Indicator {
  const none = { id: '', confidence: 0, severity: '', threatType: '', actors: [], malware: [], killChain: [], labels: [] } as const;
  return { type: 'address', value, ...none, firstSeen: 0, updated: 0, validFrom: 0, validUntil: 0, ...more };
}
