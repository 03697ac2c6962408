import { PhoenixError } from './errors.ts';

export interface Cancellation extends Disposable {
  /** Aborted, with a PhoenixError as its reason, at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Turns signals into one AbortSignal. A second one explains what is going on instead of breaking it. */
export function listenForCancellation(tell: (text: string) => void): Cancellation {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      tell(
        'Still stopping: the layers in flight are finishing their current resource, so that no lock or state is lost.',
      );
      return;
    }
    tell(`${name}: stopping. No new layer starts; the ones in flight are asked to stop at a safe point.`);
    controller.abort(cancelled(name));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

function cancelled(name: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-CANCELLED',
    class: 'cancelled',
    what: 'The run was cancelled.',
    why: `It received ${name}.`,
    next: 'Run it again: layers that are done are found unchanged, and the rest goes on from there.',
  });
}
