import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { conduct } from '../rebirth/conduct.ts';
import type { Progress } from '../rebirth/progress.ts';
import type { Ledger } from '../report/ledger.ts';
import type { Request } from '../request.ts';
import { unconfirmed } from './confirm.ts';
import { criteriaWords, type NukeSettings } from './criteria.ts';
import { prepareNuke } from './nuke.ts';

interface Shown {
  readonly castle: Castle;
  readonly request: Request;
  readonly edge: Edge;
  readonly ledger: Ledger;
  readonly progress: Progress;
}

/**
 * Says which VMs a nuke would delete that nobody confirmed, and refuses it. To see them it must log in, as a run does; it
 * reads, and changes nothing. Where it cannot look, the refusal says why, and by what the VMs would be told.
 */
export async function showNuke(
  settings: NukeSettings,
  { castle, request, edge, ledger, progress }: Shown,
): Promise<void> {
  let seen: string | undefined;
  // Also before a rebirth nothing but the destroy is looked at: no machine identity is made for what may not be meant.
  const looking: Request = { ...request, command: 'destroy', only: [], from: '' };
  // A run that ends without a failure would be told as a castle that is destroyed.
  await conduct(castle, looking, edge, ledger, progress, async (prepared) => {
    const { machines } = await prepareNuke(prepared, settings);
    seen = machines
      .map(({ vmid, name, node, status }) => `${vmid} ${name} (node ${node}, ${status})`)
      .join(', ');
    throw await unconfirmed(castle, request, edge, [`It would delete these VMs: ${seen || 'none'}.`]);
  });
  if (seen !== undefined || edge.signal.aborted) return;
  const trouble = progress.failures[0]?.error;
  const error = await unconfirmed(castle, request, edge, [
    `It would delete the VMs with ${criteriaWords(settings)}; they could not be listed: ${trouble === undefined ? 'no reason is known.' : `${trouble.what} ${trouble.why}`}`,
  ]);
  progress.failures.unshift({ name: 'confirm', error });
}
