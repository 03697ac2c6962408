import { drillOf } from '../../src/drill/figures.ts';
import type { Report } from '../../src/report/schema.ts';
import { origin, sampleReport } from './reports.ts';

/** The sample run as a drill: gone 20 s after its start, the blog up at 520 s. */
export function sampleDrill(
  changes: Parameters<typeof sampleReport>[0] = {},
  faults: readonly string[] = [],
): Report {
  const report = sampleReport({
    fromNothing: {
      resumed: null,
      reached: 'reborn',
      gone: new Date(origin + 20_000).toISOString(),
      destroySeconds: 15,
      destroyed: [],
    },
    ...changes,
  });
  return { ...report, drill: drillOf(report, { faults }) };
}
