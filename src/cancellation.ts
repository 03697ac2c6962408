import { PhoenixError } from './errors.ts';

export interface Cancellation extends Disposable {
  /** Aborted, with a PhoenixError as its reason, at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** A terminal that is closed sends SIGHUP. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

/** Calls back once, also where the signal was aborted before. */
export function whenAborted(signal: AbortSignal, call: () => void): void {
  if (signal.aborted) call();
  else signal.addEventListener('abort', call, { once: true });
}

/**
 * Aborted `ms` after `signal` is: for a request that must not be cut off, because what it gives must be given back. A
 * login whose answer is never read leaves a token that lives and that nobody knows.
 */
export function graceAfter(signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController();
  whenAborted(signal, () => setTimeout(() => late.abort(signal.reason), ms).unref());
  return late.signal;
}

function cancelled(name: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-CANCELLED',
    class: 'cancelled',
    what: 'The run was cancelled.',
    why: `It received ${name}.`,
    next: 'Run it again: what is done is found done, and the rest goes on from there.',
  });
}
