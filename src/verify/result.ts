import type { Report } from '../report/schema.ts';
import type { Held } from './hold.ts';

export type ProbeResult = NonNullable<Report['probes']>[number];

export function resultOf(name: string, kind: ProbeResult['kind'], held: Held): ProbeResult {
  const { passed, seconds, inARow, flaps, lastSeen } = held;
  const flapped = flaps === 0 ? '' : `, flapped ${flaps} ${flaps === 1 ? 'time' : 'times'}`;
  const why = held.final ? 'it will not pass by itself' : `not within ${seconds.toFixed(1)} s${flapped}`;
  return {
    name,
    kind,
    verdict: passed ? 'passed' : 'failed',
    seconds,
    passes: inARow,
    flaps,
    reason: passed ? null : why,
    lastSeen,
  };
}

/** A probe that nobody looked through: never green. */
export function skippedProbe(name: string, kind: ProbeResult['kind'], reason: string): ProbeResult {
  return { name, kind, verdict: 'skipped', seconds: 0, passes: 0, flaps: 0, reason, lastSeen: null };
}
