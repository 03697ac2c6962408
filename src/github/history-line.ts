import { sampleOf } from '../insight/sample.ts';
import type { Report } from '../report/schema.ts';

/** The line of one run in a castle's history: what a trend is drawn from, and later runs are held against. */
export function historyLine(report: Report): string {
  const sample = sampleOf(report);
  const {
    run,
    castle,
    mode,
    verdict,
    started,
    wallSeconds,
    unattributedSeconds,
    criticalPathSeconds,
    milestones,
    leaks,
    layers,
    error,
    drill,
  } = report;
  return JSON.stringify({
    run,
    castle,
    mode,
    verdict,
    started,
    wallSeconds,
    unattributedSeconds,
    criticalPathSeconds,
    milestones: Object.fromEntries(milestones.map(({ name, seconds, met }) => [name, { seconds, met }])),
    leaks: leaks.found.length,
    retries: layers.reduce((sum, { retries }) => sum + retries, 0),
    layers: Object.fromEntries(layers.map(({ name, seconds }) => [name, seconds])),
    error: error?.code ?? null,
    ...(sample === undefined ? {} : { sample }),
    ...(drill === undefined
      ? {}
      : {
          drill: {
            verdict: drill.verdict,
            score: drill.score,
            rto: drill.rto,
            rpoSeconds: drill.rpoSeconds,
            flakes: drill.flakes.length,
            faults: drill.faults,
          },
        }),
  });
}
