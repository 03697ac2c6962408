import { layerSettings } from '../castle/layers.ts';
import { toPhoenixError } from '../errors.ts';
import type { Answer } from '../layer/answers.ts';
import { type Engines, enginesOf } from '../layer/engines.ts';
import type { Operation } from '../layer/job.ts';
import { type LayerOutcome, runLayer } from '../layer/run.ts';
import type { Layer } from '../plan/discover.ts';
import { runGraph } from '../plan/execute.ts';
import type { GraphNode } from '../plan/graph.ts';
import type { Outcome } from '../plan/schedule.ts';
import { leaveLayer } from '../settle/handover.ts';
import { fullError } from '../vault/room.ts';
import { cautionOfStates } from './cautions.ts';
import { claimGate, shownName } from './graph.ts';
import { takeKubeconfig } from './kubeconfig.ts';
import { layerJob, traced } from './layer-job.ts';
import { cancelledNote, noteUnstarted } from './layer-notes.ts';
import { noteFailure, type Progress } from './progress.ts';
import { fetchProviders } from './providers.ts';
import type { Run } from './run.ts';
import type { RunSecrets } from './secrets.ts';
import type { Workspace } from './workspace.ts';

export interface LayersContext {
  readonly run: Run;
  readonly progress: Progress;
  readonly workspace: Workspace;
  readonly secrets: RunSecrets;
  /** Passes the claim; called at most once, after the layer it stands behind. */
  readonly passClaim: () => Promise<void>;
  /** What is done to the layers: `apply` where left out. */
  readonly operation?: Operation;
  /** How one layer is run, for a run that has more to it than `runLayer` knows. */
  readonly perform?: typeof runLayer;
}

/** Runs layers and gates by their graph. Failures are noted in `progress`; this never throws for a layer's sake. */
export async function runLayers(
  nodes: readonly GraphNode[],
  layers: ReadonlyMap<string, Layer>,
  context: LayersContext,
): Promise<void> {
  const { run, progress, operation = 'apply' } = context;
  const engines = enginesOf(run.journal);
  const answers = new Map<string, Answer>();
  const applied = nodes.flatMap(({ id }) => layers.get(id) ?? []);
  await using _ahead = fetchProviders(operation === 'apply' ? applied : [], context);
  const { standings } = await runGraph(
    nodes,
    (id) => {
      const layer = layers.get(id);
      return layer === undefined
        ? runClaimGate(context)
        : runOne(layer, nodes, { engines, answers }, context);
    },
    { signal: run.signal },
  );
  for (const { id, dependencies } of nodes) {
    const standing = standings.get(id);
    if (standing !== undefined) noteUnstarted(id, dependencies, standing, context);
  }
  const ran = [...progress.layers.values()].filter((layer) => layer.ran !== undefined);
  const caution = await cautionOfStates(
    run.castle,
    ran.map(({ name }) => name),
    engines,
  ).catch(() => undefined);
  if (caution !== undefined) {
    run.log.warn(caution);
    progress.cautions.push(caution);
  }
  if (run.signal.aborted) noteFailure(progress, 'run', toPhoenixError(run.signal.reason));
}

async function runOne(
  layer: Layer,
  nodes: readonly GraphNode[],
  { engines, answers }: { readonly engines: Engines; readonly answers: Map<string, Answer> },
  context: LayersContext,
): Promise<Outcome> {
  const { run, progress, operation = 'apply', perform = runLayer } = context;
  const { name } = layer;
  const span = run.ledger.open(name, 'layer');
  const from = Date.now();
  run.log.from(name, 'started');
  let outcome: LayerOutcome;
  try {
    const known = operation === 'apply' ? layer.dependencies.map((on) => answers.get(on)) : [];
    const own = await traced(await layerJob(layer, engines, context), run, span);
    const job = { ...own, answers: known.filter((answer) => answer !== undefined) };
    await leaveLayer(run.vault, job);
    const prepared = { name: 'prepare' as const, from, to: Date.now() };
    const done = await perform(job, layerSettings(run.castle, name).retry, run.log, run.signal);
    outcome = { ...done, phases: [prepared, ...done.phases] };
    // What a layer says that could not write is not the cause: whether there was room is asked at once.
    const full = outcome.verdict === 'failed' ? await fullError(run.vault.dir) : undefined;
    if (full !== undefined) outcome = { ...outcome, error: full };
    for (const phase of outcome.phases) run.ledger.record(phase.name, 'step', phase.from, phase.to, span);
    if (operation === 'apply' && succeeded(outcome) && outcome.printed !== undefined)
      answers.set(name, { dir: layer.dir, printed: outcome.printed });
    if (operation === 'apply' && succeeded(outcome) && name === run.castle.kubeconfig?.layer) {
      progress.access = await takeKubeconfig(run, outcome.outputs);
    }
  } catch (thrown) {
    outcome = {
      verdict: 'failed',
      retries: 0,
      phases: [],
      outputs: new Map(),
      error: toPhoenixError(thrown),
    };
  }
  const to = Date.now();
  progress.attempts.set(name, (progress.attempts.get(name) ?? 0) + outcome.retries + 1);
  run.journal.write({ type: 'layer', layer: name, verdict: outcome.verdict });
  const verdict = outcome.verdict === 'handed-over' ? 'cancelled' : outcome.verdict;
  span.close(spanVerdict(verdict));
  const dependencies = nodes.find(({ id }) => id === name)?.dependencies.map(shownName) ?? [];
  progress.layers.set(name, {
    name,
    dependencies,
    ran: { from, to },
    verdict,
    retries: outcome.retries,
    phases: outcome.phases,
    slowest: outcome.slowest ?? [],
    ...(verdict === 'cancelled'
      ? { note: cancelledNote(name, outcome, context) }
      : outcome.note === undefined
        ? {}
        : { note: outcome.note }),
  });
  // What stopped the run is told once, not again by each layer that it stopped.
  if (outcome.error !== undefined && verdict !== 'cancelled') noteFailure(progress, name, outcome.error);
  if (verdict === 'cancelled') run.log.from(name, cancelledNote(name, outcome, context));
  run.log.from(name, `${outcome.verdict} after ${((to - from) / 1000).toFixed(1)} s`);
  return succeeded(outcome) ? 'done' : verdict === 'cancelled' ? 'cancelled' : 'failed';
}

/** The claim, noted as a gate. Never throws. */
export async function runClaimGate({
  run,
  progress,
  passClaim,
}: Pick<LayersContext, 'run' | 'progress' | 'passClaim'>): Promise<Outcome> {
  const name = shownName(claimGate);
  const after = run.castle.claim?.after ?? '';
  const from = Date.now();
  const note = (verdict: 'passed' | 'failed' | 'cancelled') =>
    progress.gates.set(name, { name, after, ran: { from, to: Date.now() }, verdict });
  try {
    await run.ledger.span(name, 'gate', passClaim);
    note('passed');
    return 'done';
  } catch (thrown) {
    const error = toPhoenixError(thrown);
    const cancelled = run.signal.aborted;
    note(cancelled ? 'cancelled' : 'failed');
    noteFailure(progress, name, cancelled ? toPhoenixError(run.signal.reason) : error);
    return cancelled ? 'cancelled' : 'failed';
  }
}

function succeeded({ verdict }: LayerOutcome): boolean {
  return verdict !== 'failed' && verdict !== 'cancelled' && verdict !== 'handed-over';
}

function spanVerdict(
  verdict: Exclude<LayerOutcome['verdict'], 'handed-over'>,
): 'ok' | 'failed' | 'cancelled' {
  return verdict === 'failed' || verdict === 'cancelled' ? verdict : 'ok';
}
