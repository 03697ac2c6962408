import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { Pin } from '../castle/schema.ts';
import type { NodeKind } from '../rehearsal/node-kind.ts';
import { pins, type ToolName, type ToolRequest } from '../toolchain/install.ts';

/** What a box takes for nodes of a kind: minutes of building that no other run needs. */
const nodeTools: Readonly<Record<NodeKind, readonly ToolName[]>> = {
  none: [],
  kwok: ['kube-controller-manager', 'kube-scheduler', 'kwok'],
  real: ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'coredns'],
};
/** What a castle with a real node may have besides. */
const besideRealNode: readonly ToolName[] = ['versitygw', 'metallb-controller'];
const onlyWithNodes = new Set([...Object.values(nodeTools).flat(), ...besideRealNode]);

/** The tools a castle needs: its engine and Terragrunt, and whatever else it pins; `node` is what its box is run with. */
export function toolRequests(
  { engine, toolchain, box }: Pick<Castle, 'engine' | 'toolchain' | 'box'>,
  node: NodeKind = 'none',
): ToolRequest[] {
  const own = box === false ? [] : nodeTools[node];
  const wanted = new Set([...own, ...(own.length > 0 && node === 'real' ? besideRealNode : [])]);
  const requests = new Map<ToolName, ToolRequest>();
  for (const name of [engine, 'terragrunt', ...own] as const)
    requests.set(name, { name, version: pins[name] });
  for (const pin of toolchain) {
    const name = nameOf(pin.tool);
    // The engine that is not used is pinned for another castle's sake.
    if ((name === 'tofu' || name === 'terraform') && name !== engine) continue;
    if (onlyWithNodes.has(name) && !wanted.has(name)) continue;
    requests.set(name, { name, version: pin.version, ...(pin.path === undefined ? {} : { path: pin.path }) });
  }
  return [...requests.values()];
}

/** The lock that the tools are held against: the castle's own where there is one beside its file, else Phoenix'. */
export function lockFileOf({ dir }: Pick<Castle, 'dir'>, home: string): string {
  const own = join(dir, 'phoenix.lock');
  return existsSync(own) ? own : join(home, 'phoenix.lock');
}

/** The castle file calls OpenTofu by its name, the toolchain by its program's. */
function nameOf(tool: Pin['tool']): ToolName {
  return tool === 'opentofu' ? 'tofu' : tool;
}
