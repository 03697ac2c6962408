import { clusterSignatures } from './cluster.ts';
import { engineSignatures } from './engine.ts';
import { hostSignatures } from './host.ts';
import { machineSignatures } from './machines.ts';
import { networkSignatures } from './network.ts';
import { serviceSignatures } from './services.ts';
import type { Signature } from './signature.ts';
import { stateSignatures } from './state.ts';
import { terragruntSignatures } from './terragrunt.ts';

/** Every known failure, the most specific first: the first that matches a text is its diagnosis. */
export const signatures: readonly Signature[] = [
  ...stateSignatures,
  ...terragruntSignatures,
  ...machineSignatures,
  ...clusterSignatures,
  ...serviceSignatures,
  ...engineSignatures,
  ...hostSignatures,
  ...networkSignatures,
];
