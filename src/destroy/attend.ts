import { PhoenixError } from '../errors.ts';
import type { LayerJob } from '../layer/job.ts';
import { type LayerOutcome, runLayer } from '../layer/run.ts';
import { inUnit } from '../layer/signatures/signature.ts';
import { listed } from '../layer/words.ts';
import { type Look, lookAtState } from './look.ts';

/** What must be known of a layer before it is destroyed. */
export interface Surroundings {
  /** Layers that stand on it and are left out of this run, as jobs, so that their states can be looked at. */
  leftOut(layer: string): Promise<readonly LayerJob[]>;
  /** Why the API of the cluster that the layer's objects live in does not answer; undefined where it does, or there is none. */
  deadApi(layer: string): string | undefined;
}

/** What a layer fails with whose dependencies are gone: Terragrunt refuses it, or would make their outputs up. */
const withoutOutputs = new Set(['PHX-LAYER-DEPENDENCY', 'PHX-LAYER-MOCKED']);

/** Destroys one layer as `runLayer` does, but for what would only hang, or what cannot be run for want of outputs. */
export function attendTo(surroundings: Surroundings): typeof runLayer {
  return async (job, retry, log, signal) => {
    try {
      for (const other of await surroundings.leftOut(job.name)) {
        const look = await lookAtState(other, signal);
        if (look.is !== 'empty') return ended('failed', stoodOn(job, other.name, look));
      }
      const silence = surroundings.deadApi(job.name);
      if (silence !== undefined) {
        const look = await lookAtState(job, signal);
        // What has no state needs no cluster to be found absent.
        if (look.is !== 'empty') return ended('failed', unreachable(job, silence, look));
      }
      const outcome = await runLayer(job, retry, log, signal);
      // Terragrunt cannot even look at a layer whose dependencies are gone. Of one that has no state that is all there is.
      if (outcome.error === undefined || !withoutOutputs.has(outcome.error.code)) return outcome;
      const from = Date.now();
      const look = await lookAtState(job, signal);
      const phases = [...outcome.phases, { name: 'read-back' as const, from, to: Date.now() }];
      if (look.is !== 'empty') return { ...outcome, phases, error: withState(outcome.error, look) };
      log.from(job.name, 'what it depends on has no outputs, and its own state is empty: it is gone already');
      return { ...ended('absent'), phases };
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      return ended('cancelled');
    }
  };
}

function ended(verdict: LayerOutcome['verdict'], error?: PhoenixError): LayerOutcome {
  return { verdict, retries: 0, phases: [], outputs: new Map(), ...(error === undefined ? {} : { error }) };
}

function stoodOn({ name }: LayerJob, other: string, look: Look): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-STOOD-ON',
    class: 'input',
    what: `Layer ${name} was not begun: ${other} stands on it and is not to be destroyed.`,
    why: stateWords(look),
    next: `Name ${other} in --only too, or leave --only out.`,
  });
}

function unreachable(job: LayerJob, silence: string, look: Look): PhoenixError {
  const addresses =
    look.is === 'standing' ? look.addresses.map((each) => `'${each}'`).slice(0, 8) : ['ADDRESS'];
  const drop = inUnit({ unit: job.dir }, `terragrunt state rm ${addresses.join(' ')}`);
  return new PhoenixError({
    code: 'PHX-DESTROY-API-DEAD',
    class: 'cluster',
    what: `Layer ${job.name} was not begun: the cluster that it stands in does not answer.`,
    why: `${silence}. ${stateWords(look)}`,
    next: `Bring the API server up and run \`destroy\` again. If that cluster is gone for good, what lived in it went with it: see \`terragrunt state list\`, drop that from the state, ${drop}, and run \`destroy\` again. What stands outside the cluster would be forgotten by it, not destroyed.`,
  });
}

function withState(error: PhoenixError, look: Look): PhoenixError {
  const { code, class: kind, what, why, next, at, tail, cause } = error;
  return new PhoenixError({
    ...{ code, class: kind, what, why: `${why} ${stateWords(look)}`, next, tail, cause },
    ...(at === undefined ? {} : { at }),
  });
}

function stateWords(look: Look): string {
  if (look.is === 'standing') return `Its state still holds ${listed(look.addresses)}.`;
  return look.is === 'empty' ? 'Its state is empty.' : `Its state could not be read: ${look.why}.`;
}
