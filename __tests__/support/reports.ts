import { PhoenixError } from '../../src/errors.ts';
import { buildReport, type LayerResult, type ReportInput } from '../../src/report/build.ts';
import { createLedger } from '../../src/report/ledger.ts';
import type { Report } from '../../src/report/schema.ts';

/** Where the sample run begins, in epoch milliseconds. */
export const origin = Date.UTC(2026, 10, 23, 20, 0, 0);

/** Seconds of the sample run as epoch milliseconds. */
export const at = (seconds: number): number => origin + seconds * 1000;

export const layerFailure = new PhoenixError({
  code: 'PHX-LAYER-FAILED',
  class: 'layer',
  what: 'Layer storage failed: disk full',
  why: 'Error: disk full',
  next: 'Mend it, then: --from storage',
});

export function layerResult(
  name: string,
  dependencies: readonly string[],
  from: number,
  to: number,
  verdict: LayerResult['verdict'] = 'applied',
): LayerResult {
  const phases = [
    { name: 'init', from: at(from), to: at(from + 0.5) },
    { name: 'apply', from: at(from + 0.5), to: at(to) },
  ];
  return { name, dependencies, ran: { from: at(from), to: at(to) }, verdict, retries: 0, phases };
}

/** The document's run: platform holds the most, gitops is last, the blog is up at 8:43; nothing is unexplained. */
export function sampleInput(changes: Partial<ReportInput> = {}): ReportInput {
  const layers = changes.layers ?? [
    layerResult('secrets', [], 0, 10),
    layerResult('platform', ['secrets'], 10, 123),
    layerResult('engine', ['platform'], 123, 200),
    layerResult('networking', ['engine'], 202, 250),
    layerResult('gitops', ['claim'], 202, 318),
    layerResult('storage', ['engine'], 200, 300),
  ];
  return {
    run: '00000000-0000-4000-8000-000000000000',
    castle: 'tazlab',
    mode: 'rehearsal',
    verdict: 'reborn',
    startedAt: new Date(origin),
    wallSeconds: 523,
    spans: spansOf(layers),
    gates: [{ name: 'claim', after: 'engine', ran: { from: at(200), to: at(202) }, verdict: 'passed' }],
    milestones: [{ name: 'blog', seconds: 520, targetSeconds: 523 }],
    leaks: { checked: 120, found: [] },
    versions: { tofu: '1.12.6' },
    failures: [],
    standIns: [{ name: 'infisical', standsFor: 'eu.infisical.com' }],
    peakRssBytes: 90_000_000,
    redact: (text) => text,
    ...changes,
    layers,
  };
}

function spansOf(layers: readonly LayerResult[]): ReportInput['spans'] {
  let now = origin;
  const ledger = createLedger(() => now, new Date(origin));
  for (const { name, ran, phases, verdict } of layers) {
    if (ran === undefined) continue;
    now = ran.from;
    const span = ledger.open(name, 'layer');
    for (const phase of phases) ledger.record(phase.name, 'step', phase.from, phase.to, span);
    now = ran.to;
    span.close(verdict === 'failed' ? 'failed' : 'ok');
  }
  ledger.record('claim', 'gate', at(200), at(202));
  ledger.record('verify', 'phase', at(318), at(523));
  ledger.record('blog', 'milestone', at(0), at(520));
  return ledger.snapshot();
}

export function sampleReport(changes: Partial<ReportInput> = {}): Report {
  return buildReport(sampleInput(changes));
}
