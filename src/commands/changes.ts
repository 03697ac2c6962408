import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { explain, type PhoenixError } from '../errors.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { ownPullRequest } from '../identity/pull-request.ts';
import { planChanges } from '../rebirth/changes.ts';
import { conduct } from '../rebirth/conduct.ts';
import { createProgress } from '../rebirth/progress.ts';
import { runUrl } from '../rebirth/run-url.ts';
import { type LayerChange, renderChanges, wouldChange } from '../report/changes.ts';
import { createLedger, epochClock } from '../report/ledger.ts';
import { renderPlanComments } from '../report/plan-comment.ts';
import { planExtras } from '../report/plan-extras.ts';
import type { Request } from '../request.ts';
import { commentPlan } from './comment.ts';
import type { CommandResult } from './result.ts';

interface Step {
  readonly name: string;
  readonly kind: string;
  readonly dependents: readonly string[];
}

/** The plan with what its layers would change, and as a comment on its pull request, as far as that is asked for. */
export async function addChanges<Json extends Readonly<Record<string, unknown>>>(
  planned: CommandResult & { readonly json: Json },
  steps: readonly Step[],
  castle: Castle,
  request: Request,
  edge: Edge,
): Promise<CommandResult> {
  const layers = steps.filter(({ kind }) => kind === 'layer');
  const names = layers.map(({ name }) => name);
  const asked = request.changes ? await askChanges(castle, names, request, edge) : undefined;
  const shown = {
    castle: castle.name,
    steps: layers,
    withoutSecrets: asked?.withoutSecrets ?? false,
    errors: (asked?.errors ?? []).map(({ code, what }) => edge.redactor.redact(`${code}: ${what}`)),
    ...(asked === undefined ? {} : { changes: asked.changes }),
    ...planExtras.parse(planned.json),
    url: runUrl(edge.env),
  };
  const warnings = request.comment && !edge.signal.aborted ? await commentPlan(shown, edge) : [];
  const cautions = [...(planned.cautions ?? []), ...warnings];
  if (asked === undefined) return { ...planned, cautions };
  const { changes, errors } = asked;
  const [error] = errors;
  const drift = changes.some(wouldChange);
  return {
    ...planned,
    exitCode: error?.exitCode ?? 0,
    json: { ...planned.json, changes, drift, ...(error === undefined ? {} : { error: told(error, edge) }) },
    text: (options) =>
      [planned.text(options), '', renderChanges(changes), ...errors.map((each) => `\n${explain(each)}`)].join(
        '\n',
      ),
    summary: [...renderPlanComments(shown), planned.summary ?? ''].join('\n'),
    // A plan that is not whole says nothing about drift, except that there is some.
    outputs: { ...planned.outputs, ...(drift || error === undefined ? { drift: String(drift) } : {}) },
    ...(error === undefined ? {} : { error, errors }),
    cautions,
  };
}

function told({ code, what, why, next }: PhoenixError, { redactor }: Edge) {
  const [said, because, move] = [what, why, next].map((text) => redactor.redact(text));
  return { code, what: said, why: because, next: move };
}

export interface Changes {
  readonly changes: readonly LayerChange[];
  /** The run had no secrets, since it is for a pull request. */
  readonly withoutSecrets: boolean;
  /** Every error, in the order they came; none where all layers could be planned or told why not. */
  readonly errors: readonly PhoenixError[];
}

/**
 * Asks what a rebirth would change in `layers`: with the castle's secrets where this job may have them, without any for
 * a pull request. Writes no report.
 */
export async function askChanges(
  castle: Castle,
  layers: readonly string[],
  request: Request,
  edge: Edge,
): Promise<Changes> {
  const withoutSecrets = await isPublic(castle, edge);
  if (layers.length === 0) return { changes: [], withoutSecrets, errors: [] };
  const progress = createProgress('verified');
  let changes: readonly LayerChange[] = [];
  const ledger = createLedger(epochClock, new Date(performance.timeOrigin), performance.timeOrigin);
  await conduct(
    withoutSecrets ? publicPart(castle) : readOnly(castle),
    { ...request, only: [...layers], from: '', affected: false, base: '', report: '' },
    edge,
    ledger,
    progress,
    async (prepared) => {
      // In a rehearsal the box has changed the castle: its secrets come from its own Infisical.
      changes = await planChanges(prepared, { castle, withoutSecrets });
    },
  );
  return { changes, withoutSecrets, errors: progress.failures.map(({ error }) => error) };
}

/** Whether the job must do without secrets; it throws where it may not even plan, as `refuseForeignJobs` does. */
async function isPublic(castle: Castle, { env }: Edge): Promise<boolean> {
  const pull = await ownPullRequest(env);
  return refuseForeignJobs(env, castle).then(
    () => false,
    (refusal: unknown) => {
      if (pull === undefined) throw refusal;
      return true;
    },
  );
}

/**
 * What a plan needs of a castle: nothing is claimed or destroyed, and who only looks takes no lease beside the states.
 */
function readOnly({ claim: _, kubeconfig: __, destroy: ___, proxmox: ____, ...castle }: Castle): Castle {
  return { ...castle, lease: { ...castle.lease, place: 'machine' } };
}

/** Plans of several pull requests on one machine take turns. */
const othersWithinSeconds = 600;

/** The same without any secret, under a name of its own: a pull request must not hold the lease of a rebirth. */
function publicPart(castle: Castle): Castle {
  const { encryption: _, ...state } = castle.state;
  const { lease, ...rest } = readOnly(castle);
  return {
    ...rest,
    lease: { ...lease, waitSeconds: Math.max(lease.waitSeconds, othersWithinSeconds) },
    name: `${castle.name}.pull-request`,
    secrets: { ...castle.secrets, source: undefined, list: [] },
    state,
  };
}
