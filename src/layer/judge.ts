import { PhoenixError } from '../errors.ts';
import type { Observation } from './observe.ts';
import { describeExit, type Exit } from './process.ts';
import { contradictions, type LayerState } from './state.ts';
import type { UnitReport } from './terragrunt.ts';

export interface Evidence {
  readonly layer: string;
  readonly exit: Exit;
  readonly report: UnitReport | undefined;
  readonly seen: Observation;
  /** Undefined where the state was not read, because the rest already said that the attempt failed. */
  readonly state: LayerState | undefined;
}

/**
 * Success only if exit code, Terragrunt's report, the engine's closing summary and the state all say so. Any one alone
 * lies: Terragrunt exits 0 after an interrupt, and marks a unit failed that had finished.
 */
export function judge(evidence: Evidence): 'applied' | 'unchanged' | PhoenixError {
  const { layer, exit, report, seen, state } = evidence;
  if (exit.code !== 0 || report?.Result !== 'succeeded' || seen.changes === undefined)
    return failure(evidence);
  const wrong = state === undefined ? ['the state was not read back'] : contradictions(seen.claimed, state);
  if (wrong.length > 0) {
    return new PhoenixError({
      code: 'PHX-LAYER-STATE-DIFFERS',
      class: 'layer',
      what: `Layer ${layer} says it succeeded, but its state says otherwise.`,
      why: wrong.join('; '),
      next: `Look at the state (terragrunt state list in the unit ${layer}), then run again from this layer: --from ${layer}.`,
    });
  }
  const { add, change, remove } = seen.changes;
  return add + change + remove > 0 ? 'applied' : 'unchanged';
}

function failure({ layer, exit, report, seen }: Evidence): PhoenixError {
  const again = `Mend it, then run again from this layer: --from ${layer}. What was applied before it is kept.`;
  const first = seen.errors[0];
  if (first !== undefined && /acquiring the state lock/i.test(first.summary)) {
    return new PhoenixError({
      code: 'PHX-LAYER-LOCKED',
      class: 'layer',
      what: `Layer ${layer} could not lock its state.`,
      why: condense(first.detail),
      next: 'See who holds the lock (Who, Created above). If that run is dead, release it with `terragrunt force-unlock ID` in the unit.',
    });
  }
  if (first !== undefined) {
    const more = seen.errors.length > 1 ? ` (and ${seen.errors.length - 1} more errors)` : '';
    const place = first.range ? ` [${first.range.filename}:${first.range.start.line}]` : '';
    return new PhoenixError({
      code: 'PHX-LAYER-FAILED',
      class: 'layer',
      what: `Layer ${layer} failed: ${first.address === undefined ? '' : `${first.address}: `}${first.summary}${more}`,
      why: `${condense(first.detail) || first.summary}${place}`,
      next: again,
    });
  }
  if (exit.signal !== null) {
    const killed = exit.signal === 'SIGKILL';
    return new PhoenixError({
      code: 'PHX-LAYER-KILLED',
      class: 'layer',
      what: `Layer ${layer} was ended by ${describeExit(exit)}.`,
      why: killed
        ? 'Somebody killed it, or the machine ran out of memory (see dmesg).'
        : 'A signal reached it from outside.',
      next: `Its state may still be locked: check with \`terragrunt state pull\` in the unit. ${again}`,
    });
  }
  const reported = report === undefined ? 'it wrote no report' : `its report says "${report.Result}"`;
  const lastWords = condense(report?.Cause ?? seen.tail.slice(-3).join(' / '));
  return new PhoenixError({
    code: 'PHX-LAYER-FAILED',
    class: 'layer',
    what: `Layer ${layer} failed: Terragrunt ended with ${describeExit(exit)}, ${reported}.`,
    why: lastWords || 'It said nothing.',
    next: again,
  });
}

const longestWhy = 600;

function condense(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > longestWhy ? `${flat.slice(0, longestWhy)} …` : flat;
}
