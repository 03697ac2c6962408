import type { Castle } from '../../castle/load.ts';
import { connectProxmox, type ProxmoxApi } from '../../proxmox/client.ts';
import { type Check, type Finding, failed, ofCastle, type Subject, skipped } from '../check.ts';

/** The variable that the Proxmox provider itself reads: `USER@REALM!NAME=SECRET`. */
export const tokenVariable = 'PROXMOX_VE_API_TOKEN';

/** The doctor has a deadline of its own, and a node that is down is a finding. */
const budgetMs = 20_000;

/**
 * The API of the castle's Proxmox, where the environment has a token for it: the doctor itself needs no secret, and has
 * none of the castle's. A finding says why there is none.
 */
export function hypervisorOf(
  { proxmox }: Pick<Castle, 'proxmox'>,
  { edge, signal }: Pick<Subject, 'edge' | 'signal'>,
): ProxmoxApi | Finding {
  if (proxmox === undefined) return skipped('the castle file has no `proxmox`');
  const token = edge.env[tokenVariable]?.trim() ?? '';
  if (token === '')
    return {
      ...skipped(`there is no token for ${proxmox.endpoint}`),
      next: `Set ${tokenVariable} (USER@REALM!NAME=SECRET; a token that may only read is enough) for this command.`,
    };
  const [, id = '', secret = ''] = /^([^=\s]+)=(\S+)$/.exec(token) ?? [];
  if (secret === '')
    return failed(
      `${tokenVariable} is not USER@REALM!NAME=SECRET`,
      'Set it to what Proxmox showed when the token was made.',
    );
  edge.redactor.addUnnamed('proxmox token', secret);
  return connectProxmox({ ...proxmox, tokenId: id }, secret, {
    ...{ env: edge.env, fetch: edge.fetch, signal, budgetMs },
  });
}

/** A look at what the castle's Proxmox says. */
export function ofHypervisor(
  look: (api: ProxmoxApi, castle: Castle, subject: Subject) => Promise<Finding>,
): Check['look'] {
  return ofCastle(async (castle, _, subject) => {
    const api = hypervisorOf(castle, subject);
    return 'status' in api ? api : look(api, castle, subject);
  });
}
