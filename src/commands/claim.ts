import { resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { assertStore, passClaimGate } from '../rebirth/claim-gate.ts';
import { conduct, type Prepared } from '../rebirth/conduct.ts';
import { readKubeconfig } from '../rebirth/kubeconfig.ts';
import { runClaimGate } from '../rebirth/layers.ts';
import { createProgress } from '../rebirth/progress.ts';
import { createLedger, epochClock } from '../report/ledger.ts';
import type { Request } from '../request.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/** Claims or rotates the machine identity of a cluster that lives, without downtime; see docs/claim.md. Runs no layer. */
export async function claim(request: Request, edge: Edge): Promise<CommandResult> {
  const ledger = createLedger(epochClock, new Date(performance.timeOrigin), performance.timeOrigin);
  ledger.record('start-up', 'phase', performance.timeOrigin, epochClock());
  const castle = await ledger.span('castle', 'phase', () =>
    loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml')),
  );
  await refuseForeignJobs(edge.env, castle);
  assertClaim(castle);
  const progress = createProgress('claimed');
  const all = { ...request, only: [], from: '' };
  await conduct(castle, all, edge, ledger, progress, claimAlone);
  return concludeRun(castle, request, edge, ledger, progress);
}

async function claimAlone(prepared: Prepared): Promise<void> {
  const { run, edge, progress, workspace, plan, secrets, store, identity } = prepared;
  const access = await run.ledger.span('kubeconfig', 'phase', () =>
    readKubeconfig(run, workspace, plan.layers, secrets),
  );
  progress.access = access;
  const outcome = await runClaimGate({
    run,
    progress,
    async passClaim() {
      progress.claimed = await passClaimGate(run, access, identity, store, edge.fetch);
    },
  });
  if (outcome !== 'done') return;
  await run.ledger.span('older secrets', 'phase', async () => identity?.retireOlder());
}

function assertClaim(castle: Castle): void {
  const at = { file: castle.file };
  if (castle.claim === undefined) {
    throw new PhoenixError({
      code: 'PHX-CLAIM-NONE',
      class: 'input',
      what: 'The castle claims no identity.',
      why: 'Its castle file has no `claim`.',
      next: 'Give it one (docs/claim.md), or name another castle file by --castle.',
      at,
    });
  }
  if (castle.box) {
    throw new PhoenixError({
      code: 'PHX-CLAIM-BOX',
      class: 'input',
      what: 'A castle of the box has no cluster to claim an identity in.',
      why: 'Its cluster lives as long as the rehearsal that made it, and no longer.',
      next: 'Use `phoenix rehearse`, whose gate claims; or give the castle file of a real castle by --castle.',
      at,
    });
  }
  assertStore(castle);
}
