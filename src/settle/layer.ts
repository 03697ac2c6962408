import { readFile } from 'node:fs/promises';
import { type PhoenixError, toPhoenixError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import { careForState, careWords } from '../layer/aftercare.ts';
import { conclude } from '../layer/conclude.ts';
import type { Engines } from '../layer/engines.ts';
import { parseEngineLine } from '../layer/events.ts';
import { attemptFiles, type LayerJob } from '../layer/job.ts';
import type { DoneVerdict } from '../layer/judge.ts';
import { createObserver, type Observation } from '../layer/observe.ts';
import { parseTerragruntLine, readUnitReport } from '../layer/terragrunt.ts';
import type { Log } from '../log.ts';
import { learnMade } from '../vault/made.ts';
import type { Redactor } from '../vault/redact.ts';
import { findLayer } from './handover.ts';

/** What became of a layer that was under way when its run stopped. */
export interface SettledLayer {
  readonly name: string;
  readonly verdict: DoneVerdict | 'failed' | 'cancelled' | 'handed-over';
  /** What people must know, one sentence each. */
  readonly words: readonly string[];
  readonly error?: PhoenixError;
}

export interface SettleLayerOptions {
  readonly home: string;
  readonly runId: string;
  readonly journal: Journal;
  readonly engines: Engines;
  readonly vault: string | undefined;
  /** The run was asked to stop, and its engines were; else it died, and they ended by themselves. */
  readonly cancelled: boolean;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Bounds the work. */
  readonly signal: AbortSignal;
  /** Aborted where the clean-up itself is given up: the layer is then still unsettled. */
  readonly stop: AbortSignal;
  /** How long a backend that does not take a state is asked again. */
  readonly withinSeconds: number;
}

/** Judges the layer by what its engine wrote and the state says, releases its own lock, and saves a state that waits. */
export async function settleLayer(
  { layer, number }: { readonly layer: string; readonly number: number },
  options: SettleLayerOptions,
): Promise<SettledLayer> {
  const { vault, journal, engines, log, signal, redactor } = options;
  const kept = await findLayer(vault, layer);
  if (kept === undefined) {
    const words =
      'What it was at is gone with the memory of its run; its state and lock are looked after when it runs again.';
    return { name: layer, verdict: 'failed', words: [words] };
  }
  const run = { id: options.runId, home: options.home, journal, engines };
  const redact = (text: string) => redactor.redact(text);
  const redactCut = (text: string) => redactor.redactCut(text);
  const learn = (outputs: ReadonlyMap<string, unknown>) => learnMade(redactor, layer, outputs);
  const job: LayerJob = { ...kept, run, handsOver: () => false, redact, redactCut, learn };
  try {
    const files = attemptFiles(kept.partition, number);
    const engineDir = await engines.applyFolder(layer);
    const attempt = {
      // Nobody was left to be told how it ended.
      exit: { code: null, signal: null },
      ending: options.cancelled ? ('cancelled' as const) : ('orphaned' as const),
      report: await readUnitReport(files.report),
      seen: await observed(files),
      lossy: false,
      oomKills: undefined,
      engineDir,
    };
    const { verdict } = await conclude(job, attempt, [], signal);
    const care = await careForState(job, engineDir, { log, signal, withinSeconds: options.withinSeconds });
    const words = careWords(care);
    if (typeof verdict === 'string') return { name: layer, verdict, words };
    const half = options.cancelled ? 'cancelled' : 'failed';
    return {
      name: layer,
      verdict: half,
      words: [verdict.what, verdict.why, ...words],
      error: verdict,
    };
  } catch (thrown) {
    options.stop.throwIfAborted();
    if (signal.aborted)
      return { name: layer, verdict: 'failed', words: ['There was no time left to ask its backend.'] };
    const error = toPhoenixError(thrown);
    return { name: layer, verdict: 'failed', words: [error.what, error.why], error };
  }
}

async function observed(files: { readonly stdout: string; readonly stderr: string }): Promise<Observation> {
  const observer = createObserver();
  for (const line of await linesOf(files.stdout)) observer.event(parseEngineLine(line));
  for (const line of await linesOf(files.stderr)) {
    const { level, text } = parseTerragruntLine(line);
    if (level === 'error' || level === 'stderr' || level === 'warn') observer.line(text);
  }
  return observer.seen;
}

/** A layer's output is cut short under a flood, so that all of it fits in memory. */
async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
}
