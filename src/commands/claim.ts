import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { assertStore, passClaim } from '../rebirth/claim-gate.ts';
import { conduct } from '../rebirth/conduct.ts';
import { readKubeconfig } from '../rebirth/kubeconfig.ts';
import { runClaimGate } from '../rebirth/layers.ts';
import { createProgress } from '../rebirth/progress.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import type { Request } from '../request.ts';
import { beginRun } from './begin.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/** Claims or rotates the machine identity of a cluster that lives, without downtime; see docs/claim.md. Runs no layer. */
export async function claim(request: Request, edge: Edge): Promise<CommandResult> {
  const { ledger, castle } = await beginRun(request, edge);
  assertClaim(castle);
  const progress = createProgress('claimed');
  const all = { ...request, only: [], from: '' };
  await conduct(castle, all, edge, ledger, progress, claimAlone);
  return concludeRun(castle, request, edge, ledger, progress);
}

async function claimAlone(prepared: Prepared): Promise<void> {
  const { run, progress, workspace, plan, secrets, identity } = prepared;
  progress.access = await run.ledger.span('kubeconfig', 'phase', () =>
    readKubeconfig(run, workspace, plan.layers, secrets),
  );
  const outcome = await runClaimGate({ run, progress, passClaim: () => passClaim(prepared) });
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
