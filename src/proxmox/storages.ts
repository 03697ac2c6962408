import { contentAnswer, storagesAnswer } from './answers.ts';
import type { ProxmoxApi } from './client.ts';

export interface Storage {
  readonly name: string;
  readonly node: string;
  /** What it may hold: `images`, `iso`, `import` … */
  readonly content: readonly string[];
  readonly active: boolean;
  readonly shared: boolean;
  /** Bytes; 0 where it is not active. */
  readonly total: number;
  readonly used: number;
}

/** The storages of a node that are enabled and that the token may see. */
export async function listStorages(api: ProxmoxApi, node: string): Promise<Storage[]> {
  const route = `/nodes/${encodeURIComponent(node)}/storage`;
  const all = await api.read(
    { route, to: `list the storages of ${node}`, parameters: { enabled: 1 } },
    storagesAnswer,
  );
  return all.map(({ storage, content, ...rest }) => ({
    name: storage,
    node,
    content: content.split(',').filter((kind) => kind !== ''),
    ...rest,
  }));
}

/** The volumes of a storage that are of a VM, by its id. */
export async function volumesOfMachines(
  api: ProxmoxApi,
  { node, name }: Pick<Storage, 'node' | 'name'>,
): Promise<{ readonly volid: string; readonly vmid: number }[]> {
  const route = `/nodes/${encodeURIComponent(node)}/storage/${encodeURIComponent(name)}/content`;
  const all = await api.read({ route, to: `list the volumes of ${name}` }, contentAnswer);
  return all.flatMap(({ volid, vmid }) => (vmid === undefined ? [] : [{ volid, vmid }]));
}
