import { PhoenixError } from '../../src/errors.ts';
import type { LayerResult } from '../../src/report/build.ts';
import { historyLine } from '../../src/report/history-entry.ts';
import { createLedger } from '../../src/report/ledger.ts';
import { type PastRun, readPast } from '../../src/report/page/past.ts';
import type { PageInput } from '../../src/report/page/render.ts';
import type { Report } from '../../src/report/schema.ts';
import { at, layerResult, origin, sampleReport } from './reports.ts';

/** Sentences that would be markup, scripts, or another direction of writing, were they not literal. */
export const hostile = {
  name: '<img src=x onerror=alert(1)>"\'&amp;\u202Egnp.exe',
  arabic: 'طبقة-التخزين',
  word: 'x'.repeat(5_000),
  cause: '</style><script>document.title = "taken"</script>\n<a href="https://example.org/">here</a>',
} as const;

/** A good run with a history of `runs` lines, some of which did not end well. */
export function goodPage(runs = 40): PageInput {
  return { report: sampleReport(), past: { runs: pastOf(runs) }, cautions: [] };
}

/** Lines as the branch of the history keeps them, read back. */
export function pastOf(
  runs: number,
  change: (report: Report, index: number) => Report = (report) => report,
): PastRun[] {
  const lines = Array.from({ length: runs }, (_, index) => {
    const slower = 1 + Math.sin(index / 3) / 20 + (index % 11 === 0 ? 0.15 : 0);
    const report = sampleReport();
    const verdict = index % 13 === 7 ? 'failed' : index % 17 === 9 ? 'cancelled' : 'reborn';
    return historyLine(
      change(
        {
          ...report,
          run: `run-${index}`,
          started: new Date(origin - (runs - index) * 86_400_000).toISOString(),
          verdict,
          wallSeconds: report.wallSeconds * slower * (verdict === 'reborn' ? 1 : 0.4),
          layers: report.layers.map((layer) => ({ ...layer, seconds: layer.seconds * slower })),
          milestones: report.milestones.map((each) =>
            each.seconds === null ? each : { ...each, seconds: each.seconds * slower, met: slower <= 1 },
          ),
        },
        index,
      ),
    );
  });
  return readPast(lines.join('\n'), 'tazlab');
}

const failure = new PhoenixError({
  code: 'PHX-LAYER-FAILED',
  class: 'layer',
  what: 'Layer storage failed: disk full',
  why: `Error: disk full\n${hostile.cause}\n${hostile.word}`,
  next: 'Mend it, then: --from storage',
  tail: ['applying', hostile.cause, hostile.arabic],
});

/** A run that failed in the middle, with gaps, retries, a leak, and names that mean harm. */
export function failedPage(): PageInput {
  const never = (name: string): LayerResult => ({
    name,
    dependencies: ['storage'],
    ran: undefined,
    verdict: 'skipped',
    retries: 0,
    phases: [],
  });
  const report = sampleReport({
    verdict: 'failed',
    wallSeconds: 560,
    layers: [
      layerResult('secrets', [], 4, 10),
      { ...layerResult('platform', ['secrets'], 10, 123), retries: 2 },
      layerResult('engine', ['platform'], 150, 200),
      layerResult('storage', ['engine'], 200, 300, 'failed'),
      layerResult(hostile.name, ['engine'], 202, 250),
      layerResult(hostile.arabic, ['engine'], 202, 240),
      layerResult(hostile.word, ['engine'], 210, 260),
      never('gitops'),
      { ...never('blog'), note: 'Nothing of it was begun.' },
    ],
    milestones: [
      { name: 'blog', seconds: 300, targetSeconds: 210 },
      { name: 'stack', seconds: undefined, targetSeconds: 523 },
    ],
    leaks: { checked: 12, found: [{ secret: 'TOKEN', place: 'log of storage', encoding: 'raw' }] },
    failures: [{ name: 'storage', error: failure }],
  });
  return {
    report: {
      ...report,
      probes: [
        {
          name: 'http',
          kind: 'http',
          verdict: 'failed',
          seconds: 30,
          passes: 0,
          flaps: 0,
          reason: 'status 502',
          lastSeen: `answered: ${hostile.cause}`,
        },
        {
          name: 'dns',
          kind: 'dns',
          verdict: 'skipped',
          seconds: 0,
          passes: 0,
          flaps: 0,
          reason: 'no time',
          lastSeen: null,
        },
        {
          name: 'nodes',
          kind: 'nodes',
          verdict: 'passed',
          seconds: 1.2,
          passes: 3,
          flaps: 2,
          reason: null,
          lastSeen: 'Ready',
        },
      ],
      database: {
        rungs: [
          { rung: 'V0', is: 'passed', seen: 'a backup', reason: null },
          { rung: 'V1', is: 'failed', reason: 'no such stanza', seen: 'db' },
        ],
        rpoSeconds: null,
        witness: null,
      },
    },
    past: { runs: pastOf(30) },
    cautions: ['The state of engine was not encrypted.'],
  };
}

/** Hundreds of layers and of runs. */
export function hugePage(layers = 300, runs = 500): PageInput {
  const all = Array.from({ length: layers }, (_, index) =>
    layerResult(
      `group-${index % 17}/layer-${index}`,
      index === 0 ? [] : [`group-${(index - 1) % 17}/layer-${index - 1}`],
      index * 9,
      index * 9 + 4 + (index % 7),
    ),
  );
  const report = sampleReport({ layers: all, wallSeconds: layers * 9 + 40, gates: [] });
  return {
    report,
    past: {
      runs: pastOf(runs, (each) => ({
        ...each,
        layers: report.layers.map((layer) => ({ ...layer, seconds: layer.seconds + 1 })),
      })),
    },
    cautions: [],
  };
}

/** A run that was ended before anything began. */
export function emptyPage(): PageInput {
  const ledger = createLedger(() => at(0), new Date(origin));
  const report = sampleReport({
    verdict: 'cancelled',
    wallSeconds: 0,
    spans: ledger.snapshot(),
    layers: [],
    gates: [],
    milestones: [],
    leaks: { checked: 0, found: [] },
    versions: {},
    standIns: [],
  });
  return { report, past: { runs: [] }, cautions: [] };
}
