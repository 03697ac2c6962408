import { layerSettings } from '../castle/layers.ts';
import { warmClient } from '../cluster/load.ts';
import type { Engines } from '../layer/engines.ts';
import type { LayerJob } from '../layer/job.ts';
import { traceOf, traceparent } from '../otel/trace.ts';
import type { Layer } from '../plan/discover.ts';
import type { OpenSpan } from '../report/ledger.ts';
import { learnMade } from '../vault/made.ts';
import type { LayersContext } from './layers.ts';
import type { Run } from './run.ts';

/** How long an interrupted engine may take to reach a safe point. The runner leaves main and post 285 s in all. */
const graceSeconds = 240;

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
export async function traced(job: LayerJob, run: Run, { id }: OpenSpan): Promise<LayerJob> {
  const tracing = await run.tracing;
  if (tracing === undefined) return job;
  const trace = traceOf(run.env, run.id);
  return { ...job, env: { ...job.env, ...tracing, TRACEPARENT: traceparent(trace, trace.spanId(id)) } };
}
