import type { Rule } from '../model.ts';
import { apiNotServed } from './api-not-served.ts';
import { fluxSecretUsername } from './flux-secret-username.ts';
import { imageDead } from './image-dead.ts';
import { imageUnpinned } from './image-unpinned.ts';
import { initNoDeadline } from './init-no-deadline.ts';
import { initWithoutRbac } from './init-without-rbac.ts';
import { loadBalancerWithoutPool } from './load-balancer-without-pool.ts';
import { rbacTooMuch } from './rbac-too-much.ts';
import { restoreTrap } from './restore-trap.ts';
import { retryIntervalMissing } from './retry-interval-missing.ts';
import { secretInClear } from './secret-in-clear.ts';
import { storageReplicas } from './storage-replicas.ts';
import { timeoutMissing } from './timeout-missing.ts';

/** The rules about single objects that the tree applies. In the order of docs/gitops-lint.md. */
export const objectRules: readonly Rule[] = [
  apiNotServed,
  imageUnpinned,
  imageDead,
  initWithoutRbac,
  rbacTooMuch,
  initNoDeadline,
  loadBalancerWithoutPool,
  secretInClear,
  fluxSecretUsername,
  retryIntervalMissing,
  timeoutMissing,
  restoreTrap,
  storageReplicas,
];
