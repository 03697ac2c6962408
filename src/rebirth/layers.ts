import { layerSettings } from '../castle/layers.ts';
import { warmClient } from '../cluster/load.ts';
import { toPhoenixError } from '../errors.ts';
import type { Answer } from '../layer/answers.ts';
import { type Engines, enginesOf } from '../layer/engines.ts';
import type { LayerJob, Operation } from '../layer/job.ts';
import { type LayerOutcome, runLayer } from '../layer/run.ts';
import { traceOf, traceparent } from '../otel/trace.ts';
import type { Layer } from '../plan/discover.ts';
import { runGraph } from '../plan/execute.ts';
import type { GraphNode } from '../plan/graph.ts';
import type { Outcome, Standing } from '../plan/schedule.ts';
import type { OpenSpan } from '../report/ledger.ts';
import { goOnWith } from '../settle/go-on.ts';
import { leaveLayer } from '../settle/handover.ts';
import { learnMade } from '../vault/made.ts';
import { fullError } from '../vault/room.ts';
import { cautionOfStates } from './cautions.ts';
import { claimGate, shownName } from './graph.ts';
import { takeKubeconfig } from './kubeconfig.ts';
import { noteFailure, type Progress } from './progress.ts';
import type { Run } from './run.ts';
import type { RunSecrets } from './secrets.ts';
import type { Workspace } from './workspace.ts';

/** How long an interrupted engine may take to reach a safe point. The runner leaves main and post 285 s in all. */
const graceSeconds = 240;

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
  const { run, progress } = context;
  const engines = enginesOf(run.journal);
  const answers = new Map<string, Answer>();
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
    outcome = await perform(job, layerSettings(run.castle, name).retry, run.log, run.signal);
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

/** The layer as this run knows it: its folders, its secrets as files, its limits. */
export async function layerJob(
  { name, dir }: Layer,
  engines: Engines,
  { run, progress, workspace, secrets, operation = 'apply' }: Omit<LayersContext, 'passClaim'>,
): Promise<LayerJob> {
  const { timeoutSeconds, stallSeconds } = layerSettings(run.castle, name);
  const access = progress.access === undefined ? {} : { KUBECONFIG: progress.access.file };
  const warms = operation === 'apply' && name === run.castle.kubeconfig?.layer;
  return {
    name,
    operation,
    dir,
    partition: await run.vault.partition(name),
    varFiles: secrets.varFiles(name),
    env: workspace.environment({ ...access, ...secrets.environment(name) }),
    terragrunt: workspace.terragrunt,
    engine: workspace.engine,
    starter: workspace.starter,
    run: { id: run.id, home: run.home, journal: run.journal, engines },
    attemptsBefore: progress.attempts.get(name) ?? 0,
    timeoutSeconds,
    stallSeconds,
    graceSeconds,
    handsOver: run.handsOver,
    redact: (text: string) => run.redactor.redact(text),
    redactCut: (text: string) => run.redactor.redactCut(text),
    learn: (outputs: ReadonlyMap<string, unknown>) => learnMade(run.redactor, name, outputs),
    ...(warms ? { onRunning: warmClient } : {}),
  };
}

/** Its Terragrunt's spans hang below the layer's own. */
async function traced(job: LayerJob, run: Run, { id }: OpenSpan): Promise<LayerJob> {
  const tracing = await run.tracing;
  if (tracing === undefined) return job;
  const trace = traceOf(run.env, run.id);
  return { ...job, env: { ...job.env, ...tracing, TRACEPARENT: traceparent(trace, trace.spanId(id)) } };
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

/** What never started is in the report too, as skipped. */
function noteUnstarted(
  id: string,
  dependencies: readonly string[],
  standing: Standing,
  { run, progress, operation }: LayersContext,
): void {
  if (standing.status !== 'blocked' && standing.status !== 'skipped') return;
  const name = shownName(id);
  if (standing.status === 'blocked') {
    const how = run.signal.aborted ? 'was stopped' : 'failed';
    run.log.from(name, `skipped: ${standing.by.map(shownName).join(', ')} ${how}`);
  }
  if (id === claimGate) {
    progress.gates.set(name, {
      name,
      after: run.castle.claim?.after ?? '',
      ran: undefined,
      verdict: 'skipped',
    });
    return;
  }
  const waited = dependencies.map(shownName);
  progress.layers.set(name, {
    name,
    dependencies: waited,
    ran: undefined,
    verdict: 'skipped',
    retries: 0,
    phases: [],
    ...(operation === 'destroy' ? { note: standsNote(standing) } : {}),
  });
}

/** What a layer that was stopped left, and how to go on from it. */
function cancelledNote(
  name: string,
  { verdict, error }: LayerOutcome,
  { run, progress, operation }: LayersContext,
): string {
  if (verdict === 'handed-over')
    return 'Its engine was asked to stop and is finishing what it is at; the step after this one waits for it.';
  const left = error === undefined ? '' : `${error.what} ${error.why} `;
  const command = operation === 'destroy' ? 'destroy' : undefined;
  const fromNothing = progress.fromNothing === undefined ? undefined : run.castle.name;
  return `${left}${goOnWith(name, command, fromNothing)}`;
}

function standsNote(standing: Standing): string {
  if (standing.status !== 'blocked') return 'It was not begun, so what it made still stands.';
  const by = standing.by.map(shownName).join(', ');
  return `What it made still stands, for ${by} ${standing.by.length === 1 ? 'stands' : 'stand'} on it and could not be destroyed.`;
}

function succeeded({ verdict }: LayerOutcome): boolean {
  return verdict !== 'failed' && verdict !== 'cancelled' && verdict !== 'handed-over';
}

function spanVerdict(
  verdict: Exclude<LayerOutcome['verdict'], 'handed-over'>,
): 'ok' | 'failed' | 'cancelled' {
  return verdict === 'failed' || verdict === 'cancelled' ? verdict : 'ok';
}
