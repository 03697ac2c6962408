import type { Castle } from '../castle/load.ts';
import { messageOf, type PhoenixError, toPhoenixError } from '../errors.ts';
import type { LayerJob } from '../layer/job.ts';
import { planLayer, validateLayer } from '../layer/plan.ts';
import type { Layer } from '../plan/discover.ts';
import { runGraph } from '../plan/execute.ts';
import { ancestors } from '../plan/graph.ts';
import type { Outcome } from '../plan/schedule.ts';
import { changeText, type LayerChange, wouldChange } from '../report/changes.ts';
import { whyNotPlanned } from './not-planned.ts';
import { kubeconfigOf, planJobs } from './plan-jobs.ts';
import { noteFailure } from './progress.ts';
import type { Prepared } from './protocol.ts';
import { workspaceOf } from './workspace.ts';

/** What `validate` found: a mistake, none, or nothing that could be told. */
type Checked = 'valid' | PhoenixError | undefined;

export interface PlanChangesOptions {
  /** The castle as its file says, also where this run was given less of it. */
  readonly castle: Castle;
  /** The run has no secrets and no identity: a pull request. */
  readonly withoutSecrets: boolean;
}

/**
 * Asks for each layer what a rebirth would change, in the order of the graph, and notes in `progress` what cannot be
 * planned for a mistake's sake. Takes no lock, applies nothing, and goes on past a layer that fails: what the others
 * would change is still worth knowing.
 */
export async function planChanges(
  prepared: Prepared,
  { castle, withoutSecrets }: PlanChangesOptions,
): Promise<LayerChange[]> {
  const { run, progress, plan } = prepared;
  const done = new Map<string, LayerChange>();
  const neverApplied = new Set<string>();
  const kubeconfig = withoutSecrets ? {} : await kubeconfigOf(prepared, castle);
  const jobOf = planJobs(prepared, castle, kubeconfig);
  const validated = async (job: LayerJob): Promise<Checked> => {
    // Folders of its own: those of the layer would be left without their backend.
    const env = { ...job.env, TG_DOWNLOAD_DIR: `${workspaceOf(run)}/validate` };
    return validateLayer({ ...job, env }, run.log, run.signal).catch((thrown: unknown) => {
      run.log.warn(`${job.name}: its configuration could not be checked: ${messageOf(thrown)}`);
      return undefined;
    });
  };

  const planOne = async (layer: Layer): Promise<LayerChange | 'cancelled'> => {
    const { name } = layer;
    run.log.from(name, 'started');
    const job = await jobOf(layer);
    const missing = withoutSecrets ? secretsOf(castle, name) : [];
    const notPlanned = (why: string, check: Checked): LayerChange =>
      typeof check === 'object'
        ? { ...failed(name, check), valid: false }
        : { ...blank(name), verdict: 'not-planned', valid: check === 'valid' ? true : null, why };
    const failed = (of: string, error: PhoenixError): LayerChange => {
      noteFailure(progress, of, error);
      return { ...blank(of), verdict: 'failed', why: shortOf(error) };
    };
    if (missing.length > 0) return notPlanned(`needs ${missing.join(', ')}`, await validated(job));
    const outcome = await planLayer(job, run.log, run.signal);
    if (outcome.kind === 'cancelled') return 'cancelled';
    if (outcome.kind === 'planned') {
      const { add, change, remove, import: imports, move, changes, outputs } = outcome.proposal;
      if (!outcome.applied) neverApplied.add(name);
      const counts = { add, change, destroy: remove, import: imports, move };
      const found = { ...blank(name), ...counts, resources: [...changes], outputs: [...outputs] };
      if (outcome.mocked.length > 0) {
        const made = outcome.mocked.map((file) => layerNamed(file, plan.layers));
        return { ...found, verdict: 'mocked', why: `outputs of ${made.join(', ')} are made up` };
      }
      const changed = { ...found, verdict: 'changes' as const };
      return wouldChange(changed) ? changed : { ...found, verdict: 'no-change' };
    }
    const below = [...ancestors(plan.graph, [name])];
    const reason = whyNotPlanned(outcome, {
      withoutSecrets,
      neverApplied: below.filter((other) => neverApplied.has(other)),
      unplanned: below.filter((other) => ['failed', 'not-planned'].includes(done.get(other)?.verdict ?? '')),
      nameOf: (file) => layerNamed(file, plan.layers),
    });
    if (reason === undefined) return failed(name, outcome.error);
    const check = reason.check === 'no' ? undefined : await validated(job);
    if (run.signal.aborted) return 'cancelled';
    const unclear = reason.check === 'must' && check === undefined;
    return unclear ? failed(name, outcome.error) : notPlanned(reason.why, check);
  };

  await runGraph(
    plan.nodes,
    async (id): Promise<Outcome> => {
      const layer = plan.layers.get(id);
      if (layer === undefined) return 'done';
      const found = await planOne(layer).catch((thrown: unknown) => {
        if (run.signal.aborted) return 'cancelled' as const;
        const error = toPhoenixError(thrown);
        noteFailure(progress, id, error);
        return { ...blank(id), verdict: 'failed' as const, why: shortOf(error) };
      });
      const verdict = found === 'cancelled' ? found : found.verdict === 'failed' ? 'failed' : 'unchanged';
      run.journal.write({ type: 'layer', layer: id, verdict });
      if (found === 'cancelled') return found;
      done.set(
        id,
        redacted(found, (text) => run.redactor.redact(text)),
      );
      run.log.from(id, changeText(done.get(id) ?? found));
      // A layer that fails blocks none: the others are still asked.
      return 'done';
    },
    { signal: run.signal },
  );
  if (run.signal.aborted) noteFailure(progress, 'run', toPhoenixError(run.signal.reason));
  const changing = new Set([...done.values()].filter(wouldChange).map(({ layer }) => layer));
  return plan.nodes.flatMap(({ id }) => {
    const found = done.get(id);
    if (found === undefined) return [];
    const below = ancestors(plan.graph, [id]);
    return [
      { ...found, changesWith: plan.graph.order.filter((other) => below.has(other) && changing.has(other)) },
    ];
  });
}

/** Names of what the layer cannot be planned without: its secrets, and the key of the states. */
function secretsOf({ secrets, state }: Castle, layer: string): string[] {
  const own = secrets.list.filter(({ layers }) => layers.includes(layer)).map(({ name }) => name);
  return [...new Set([...own, ...(state.encryption === undefined ? [] : [state.encryption.key])])];
}

/** The layer of a unit's file; the file itself where it is of none. */
function layerNamed(file: string, layers: ReadonlyMap<string, Layer>): string {
  const dir = file.replace(/\/[^/]*\.hcl$/, '');
  return [...layers.values()].find((layer) => layer.dir === dir)?.name ?? file;
}

function shortOf({ what, why }: PhoenixError): string {
  return `${what.replace(/\.$/, '')}. ${why}`;
}

function blank(layer: string) {
  const none = { add: 0, change: 0, destroy: 0, import: 0, move: 0 };
  return { layer, ...none, resources: [], outputs: [], changesWith: [], valid: null, why: '' };
}

/** Keys of `for_each` stand in addresses, and may be anything. */
function redacted(change: LayerChange, redact: (text: string) => string): LayerChange {
  return {
    ...change,
    resources: change.resources.map(({ address, action }) => ({ address: redact(address), action })),
    outputs: change.outputs.map(redact),
    why: redact(change.why),
  };
}
