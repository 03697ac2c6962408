import type { Castle } from '../castle/load.ts';
import type { Probe } from '../castle/probes.ts';
import { PhoenixError } from '../errors.ts';
import { needs } from '../verify/lookers.ts';

/** Every probe of the castle file: those of its milestones and those of `verify`. */
export function probesOf({ milestones, verify }: Pick<Castle, 'milestones' | 'verify'>): readonly Probe[] {
  return [...milestones.flatMap(({ all }) => all), ...verify.probes.map(({ probe }) => probe)];
}

/** Refuses, before anything is changed, what cannot be verified: a check left out is not a pass. */
export function supported(
  probe: Probe,
  { claim, kubeconfig, database }: Pick<Castle, 'claim' | 'kubeconfig' | 'database'>,
): Probe {
  if (probe.kind === 'database' && database === undefined) {
    throw new PhoenixError({
      code: 'PHX-VERIFY-DATABASE',
      class: 'input',
      what: 'The castle file asks for a database check, but names no database.',
      why: 'Nothing tells where it is and what it must hold.',
      next: 'Add `database` to the castle file (docs/database.md).',
    });
  }
  const wanted = needs(probe);
  if (wanted.sha && claim === undefined) {
    throw new PhoenixError({
      code: 'PHX-VERIFY-REVISION',
      class: 'input',
      what: 'The castle file asks for a Kustomization, but the castle claims no token.',
      why: 'Only the claimed token tells which revision the Kustomization must be Ready at.',
      next: 'Add a `claim` to the castle file, or verify an address by `http`.',
    });
  }
  if (wanted.cluster && kubeconfig === undefined) {
    throw new PhoenixError({
      code: 'PHX-VERIFY-CLUSTER',
      class: 'input',
      what: `The castle file asks for a probe of the kind ${probe.kind}, but names no kubeconfig.`,
      why: 'That probe asks the cluster, and nothing tells where it is.',
      next: 'Add `kubeconfig` to the castle file, or verify from outside by `http` and `dns`.',
    });
  }
  return probe;
}
