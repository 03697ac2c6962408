import { versionAnswer } from './answers.ts';
import type { ProxmoxApi } from './client.ts';

/** The version of Proxmox VE, such as `8.4.1`: the first that is asked, for it needs a token and no privilege. */
export async function proxmoxVersion(api: ProxmoxApi): Promise<string> {
  const { version } = await api.read({ route: '/version', to: 'tell its version' }, versionAnswer);
  return version;
}
