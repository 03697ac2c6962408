import { PhoenixError } from '../errors.ts';
import type { Evidence } from './judge.ts';
import { contradictions } from './state.ts';
import type { UnitReport } from './terragrunt.ts';
import { listed } from './words.ts';

/**
 * The report's cause is the cancellation of the engine's own run and nothing beside it. Terragrunt 1.1 writes it so for
 * an engine that had finished; a hook that was cut off names the hook's command instead of `apply`, and is no success.
 */
export function cancelledItself(report: UnitReport | undefined): boolean {
  if (report?.Result !== 'failed') return false;
  return /^\s*(?:error occurred:\s*)?(?:\* )?Failed to execute "\S+ (?:apply|destroy) -json [^"]*" in \S+\s+context canceled\s*$/.test(
    report.Cause ?? '',
  );
}

/** An attempt that Phoenix cut off: what it made, what it began and did not finish, and how to go on. */
export function explainCut(evidence: Evidence): PhoenixError {
  const { layer, ending, exit, seen, at } = evidence;
  const killed = ' It did not stop in its grace and was killed, so its state may still be locked.';
  const { code, what, why, hint } = told(evidence);
  return new PhoenixError({
    code,
    class: ending === 'cancelled' || ending === 'handed-over' ? 'cancelled' : 'layer',
    what: `Layer ${layer} ${what}. ${progress(evidence)}.`,
    why: [why + (exit.signal === 'SIGKILL' ? killed : ''), ...halfDone(evidence)].join(' '),
    next: `${move(evidence)}${hint}${goOn(evidence)}`,
    tail: seen.tail,
    ...(at === undefined ? {} : { at }),
  });
}

function told({ ending, layer, settings }: Evidence): Record<'code' | 'what' | 'why' | 'hint', string> {
  switch (ending) {
    case 'timed-out':
      return {
        code: 'PHX-LAYER-TIMEOUT',
        what: `was not done after ${settings.timeoutSeconds} s`,
        why: 'Its timeout passed, so its engine was interrupted.',
        hint: `See below what it waited for, or give it more time (layers.${layer}.timeout). `,
      };
    case 'stalled':
      return {
        code: 'PHX-LAYER-STALLED',
        what: `stood still for ${settings.stallSeconds} s`,
        why: 'It said nothing and used no CPU all that time, so its engine was interrupted.',
        hint: `See above what it waited for; to have it tried again: layers.${layer}.retry.on: [stall], to give it more: layers.${layer}.stall. `,
      };
    case 'orphaned':
      return {
        code: 'PHX-LAYER-ORPHANED',
        what: 'was left half-way by a run that died',
        why: 'Nobody was there to see how it ended; its output and its state tell.',
        hint: '',
      };
    default:
      return {
        code: 'PHX-LAYER-CANCELLED',
        what: 'was cancelled half-way',
        why:
          ending === 'handed-over'
            ? 'The run was cancelled; its engine was interrupted and is still stopping.'
            : 'The run was cancelled, so its engine was interrupted.',
        hint: '',
      };
  }
}

function goOn({ layer, operation }: Evidence): string {
  return operation === 'destroy'
    ? 'Run `destroy` again: it goes on with what still stands.'
    : `Run again from this layer: --from ${layer}.`;
}

function progress({ seen }: Evidence): string {
  if (seen.changes !== undefined) return 'Its engine had finished';
  if (seen.toDo === undefined) return 'It had changed nothing yet';
  return `It had made ${seen.finished} of ${seen.toDo} ${seen.toDo === 1 ? 'change' : 'changes'}`;
}

function halfDone({ seen, state, lossy }: Evidence): string[] {
  const made = [...seen.completed].filter((address) => !seen.begun.has(address));
  const begun = [...seen.begun].map(([address, action]) => `${address} (${fate(address, action, state)})`);
  const wrong = state === undefined ? [] : contradictions(seen.claimed, state);
  return [
    ...(made.length > 0 ? [`Done: ${listed(made)}.`] : []),
    ...(begun.length > 0 ? [`Begun and not finished: ${listed(begun)}.`] : []),
    ...(wrong.length > 0 ? [`The state says otherwise: ${listed(wrong)}.`] : []),
    ...(state === undefined && (made.length > 0 || begun.length > 0) ? ['The state was not read.'] : []),
    ...(lossy ? ['Part of its output was lost in a flood, so there may be more.'] : []),
  ];
}

/** What the state says about a change that has a begin and no end. */
function fate(address: string, action: string, state: Evidence['state']): string {
  if (state === undefined) return action;
  const there = state.addresses.has(address);
  if (action === 'delete') return there ? 'delete; still in the state' : 'delete; gone from the state';
  if (state.tainted.has(address)) return `${action}; tainted in the state, the next apply replaces it`;
  return there ? `${action}; in the state` : `${action}; not in the state, but it may exist`;
}

/** What is made and not in the state is what the next apply would make twice. */
function move({ seen, state }: Evidence): string {
  if (state === undefined) return '';
  const lost = [...seen.begun].filter(
    ([address, action]) => action === 'create' && !state.addresses.has(address),
  );
  if (lost.length === 0) return '';
  return `See whether ${listed(lost.map(([address]) => address))} exists; if so, import it or remove it first. `;
}
