import { PhoenixError } from '../errors.ts';
import type { Ending } from './attempt.ts';
import { cancelledItself, explainCut } from './cut.ts';
import { diagnose, explainDiagnosis, otherWords } from './diagnose.ts';
import type { Diagnostic } from './events.ts';
import type { Operation } from './job.ts';
import type { Observation } from './observe.ts';
import { describeExit, type Exit } from './process.ts';
import { again } from './signatures/signature.ts';
import { contradictions, type LayerState } from './state.ts';
import type { UnitReport } from './terragrunt.ts';
import { condense, listed } from './words.ts';

export interface Evidence {
  readonly layer: string;
  /** `apply` where left out. */
  readonly operation?: Operation;
  /** The unit's folder, and the one the engine ran in; undefined where it never started. */
  readonly unit: string;
  readonly engineDir: string | undefined;
  readonly engine?: string;
  readonly ending: Ending;
  readonly exit: Exit;
  readonly report: UnitReport | undefined;
  readonly seen: Observation;
  /** Part of the output was lost in a flood: what is missing in `seen` may have been said. */
  readonly lossy: boolean;
  /** Undefined where the state was not read, or could not be. */
  readonly state: LayerState | undefined;
  readonly settings: { readonly timeoutSeconds: number; readonly stallSeconds: number };
  /** Where the deciding error stands in the user's own files; see source.ts. */
  readonly at?: PhoenixError['at'];
  /** Processes that the kernel killed for want of memory during the attempt; undefined where nobody could count. */
  readonly oomKills?: number | undefined;
}

export type Verdict = DoneVerdict | PhoenixError;

/** `unchanged` and `absent`: there was nothing to do. */
export type DoneVerdict = 'applied' | 'unchanged' | 'destroyed' | 'absent';

/**
 * Success only if exit code, Terragrunt's report, the engine's closing summary and the state all say so. Any one alone
 * lies: Terragrunt exits 0 after an interrupt, and marks a unit failed that had finished. So an interrupted layer whose
 * engine had finished is done if the state agrees, and an engine that finished although its wrapper was killed is not.
 */
export function judge(evidence: Evidence): Verdict {
  if (!claimsSuccess(evidence)) return failure(evidence);
  const { layer, seen, state, at } = evidence;
  const wrong = state === undefined ? ['the state was not read back'] : wrongIn(evidence, state);
  if (wrong.length > 0) {
    return new PhoenixError({
      code: 'PHX-LAYER-STATE-DIFFERS',
      class: 'layer',
      what: `Layer ${layer} says it succeeded, but its state says otherwise.`,
      why: listed(wrong),
      next: `Look at the state (terragrunt state list in the unit ${layer}). ${again(placed(evidence))}`,
      tail: seen.tail,
      ...(at === undefined ? {} : { at }),
    });
  }
  const { add, change, remove } = seen.changes ?? { add: 1, change: 0, remove: 0 };
  const worked = add + change + remove > 0;
  // Where there was nothing to destroy, nothing was done with what was made up.
  if (seen.mocked.length > 0 && (worked || !destroys(evidence))) return mocked(evidence);
  if (destroys(evidence)) return worked ? 'destroyed' : 'absent';
  return worked ? 'applied' : 'unchanged';
}

function destroys({ operation }: Evidence): boolean {
  return operation === 'destroy';
}

function placed({ layer, operation = 'apply' }: Evidence): { layer: string; operation: Operation } {
  return { layer, operation };
}

/** What the state says against the engine's word; after a destroy it must say nothing at all. */
function wrongIn(evidence: Evidence, state: LayerState): string[] {
  const { claimed } = evidence.seen;
  const wrong = contradictions(claimed, state);
  if (!destroys(evidence)) return wrong;
  const left = [...state.addresses].filter((address) => claimed.get(address) !== 'absent');
  return [...wrong, ...left.map((address) => `${address} is still in the state`)];
}

/** Everything but the state says that the layer is done. */
function claimsSuccess({ exit, report, seen, lossy, ending }: Evidence): boolean {
  const clean = exit.code === 0 && report?.Result === 'succeeded';
  if (clean) return seen.changes !== undefined || lossy;
  // With nobody there to be told an exit code, Terragrunt's report says what it would have been.
  if (exit.code === null && exit.signal === null && report?.Result === 'succeeded')
    return seen.changes !== undefined;
  return ending !== 'exited' && exit.signal === null && seen.changes !== undefined && cancelledItself(report);
}

/** A remark about a success that rests on less than all four witnesses; undefined where it does not. */
export function remark({
  layer,
  lossy,
  seen,
}: Pick<Evidence, 'layer' | 'lossy' | 'seen'>): string | undefined {
  if (!lossy || seen.changes !== undefined) return undefined;
  return `${layer}: its output was a flood and the engine's summary is lost in it; exit code, report and state agree, so it counts as done.`;
}

/** The error that a failure is told by: the first with a signature, else the first. */
export function decidingError({ seen, report }: Pick<Evidence, 'seen' | 'report'>): Diagnostic | undefined {
  return diagnose(seen.errors, otherWords(seen, report))?.error ?? seen.errors[0];
}

function failure(evidence: Evidence): PhoenixError {
  const { layer, ending, exit, report, seen, at } = evidence;
  // Its engine refused: see starter.ts.
  if (destroys(evidence) && ending === 'exited' && seen.mocked.length > 0 && seen.changes === undefined)
    return mocked(evidence);
  const diagnosis = diagnose(seen.errors, otherWords(seen, report));
  const rest = { class: 'layer' as const, tail: seen.tail, ...(at === undefined ? {} : { at }) };
  // An interrupt makes errors of its own; only a state that was not saved is worse than being half-way.
  if (ending !== 'exited' && diagnosis?.signature.id !== 'state-unsaved') return explainCut(evidence);
  if (exit.signal !== null) return killed(evidence);
  const known = diagnosis && explainDiagnosis(diagnosis, evidence);
  const first = diagnosis?.error ?? seen.errors[0];
  const retry = destroys(evidence)
    ? 'Mend it, then run `destroy` again: it goes on with what still stands.'
    : `Mend it, then run again from this layer: --from ${layer}. What was applied before it is kept.`;
  const memory = (evidence.oomKills ?? 0) > 0 && diagnosis?.signature.id === 'killed';
  const code = memory ? 'PHX-LAYER-OOM' : (diagnosis?.signature.code ?? 'PHX-LAYER-FAILED');
  const cause = memory
    ? `Memory ran out: the kernel killed ${evidence.oomKills} of its processes.`
    : known?.cause;
  if (first !== undefined) {
    const others = seen.errors.length - 1;
    const more = others === 0 ? '' : ` (and ${others} more ${others === 1 ? 'error' : 'errors'})`;
    const file =
      first.range && at === undefined ? ` [${first.range.filename}:${first.range.start.line}]` : '';
    const said = condense(first.detail) || first.summary;
    return new PhoenixError({
      ...rest,
      code,
      what: `Layer ${layer} failed: ${first.address === undefined ? '' : `${first.address}: `}${first.summary}${more}`,
      why: `${joined(cause, diagnosis?.error === undefined && known ? `${said} … ${known.said}` : said)}${file}`,
      next: known?.next ?? retry,
    });
  }
  const reported = report === undefined ? 'it wrote no report' : `its report says "${report.Result}"`;
  const lastWords = condense(report?.Cause ?? seen.tail.slice(-3).join(' / '));
  return new PhoenixError({
    ...rest,
    code,
    what: `Layer ${layer} failed: Terragrunt ended with ${describeExit(exit)}, ${reported}.`,
    why: known === undefined ? lastWords || 'It said nothing.' : joined(cause, known.said),
    next: known?.next ?? retry,
  });
}

/** The cause, then the tool's own words. */
function joined(cause: string | undefined, said: string): string {
  return cause === undefined ? said : `${cause} It said: ${said}`;
}

/** Somebody ended the wrapper. Its engine may have gone on by itself, and even finished. */
function killed(evidence: Evidence): PhoenixError {
  const { layer, exit, seen, state, oomKills } = evidence;
  const finished = seen.changes !== undefined;
  const agrees = state !== undefined && wrongIn(evidence, state).length === 0;
  const memory = (oomKills ?? 0) > 0;
  const by =
    exit.signal !== 'SIGKILL'
      ? 'A signal reached it from outside.'
      : memory
        ? `Memory ran out: the kernel killed ${oomKills} of its processes.`
        : 'Somebody killed it, or the machine ran out of memory (`journalctl -k -g oom`).';
  const engine = !finished
    ? ' Its engine did not say that it finished.'
    : agrees
      ? ' Its engine had finished, and the state agrees.'
      : ' Its engine had finished, but the state does not say so.';
  return new PhoenixError({
    code: memory ? 'PHX-LAYER-OOM' : 'PHX-LAYER-KILLED',
    class: 'layer',
    what: `Layer ${layer} was ended by ${describeExit(exit)}.`,
    why: `${by}${engine}`,
    next:
      finished && agrees
        ? destroys(evidence)
          ? 'Run `destroy` again; this layer will be found absent.'
          : `Run again from this layer: --from ${layer}; it will be found unchanged.`
        : `Its state may still be locked: check with \`terragrunt state pull\` in the unit. ${again(placed(evidence))}`,
    tail: seen.tail,
  });
}

function mocked(evidence: Evidence): PhoenixError {
  const { layer, seen } = evidence;
  const allowed = 'mock_outputs_allowed_terraform_commands = ["validate", "plan"]';
  const rest = {
    code: 'PHX-LAYER-MOCKED',
    class: 'layer' as const,
    why: `Terragrunt used mock_outputs, since these have no outputs: ${listed(seen.mocked)}.`,
    tail: seen.tail,
  };
  if (!destroys(evidence)) {
    return new PhoenixError({
      ...rest,
      what: `Layer ${layer} was applied with outputs that are made up.`,
      next: `Set ${allowed} in that dependency block, apply the other layer, then run again from this one: --from ${layer}.`,
    });
  }
  return seen.changes === undefined
    ? new PhoenixError({
        ...rest,
        what: `Layer ${layer} was not destroyed, for the outputs that it depends on would be made up.`,
        next: `If what this layer made is gone already, drop its state (\`terragrunt state rm\`); if it still stands, apply what it depends on first. ${again(placed(evidence))}`,
      })
    : new PhoenixError({
        ...rest,
        what: `Layer ${layer} was destroyed with outputs that are made up.`,
        next: `See whether what it made is really gone, for its providers may have looked in the wrong place. Set ${allowed} in that dependency block.`,
      });
}
