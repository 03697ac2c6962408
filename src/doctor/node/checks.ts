import type { Check } from '../check.ts';
import { judgeCgroups, lookAtCgroups } from './cgroups.ts';
import { judgeKernel, lookAtKernel } from './kernel.ts';
import { judgePrograms, lookAtPrograms } from './programs.ts';
import { judgeRoom, lookAtRoom } from './room.ts';
import { judgeUser, lookAtUser } from './user.ts';

/** What `--node real` takes of the machine; no castle and no other kind of node needs it. */
export const nodeChecks: readonly Check[] = [
  {
    id: 'node.user',
    why: 'A node of its own is made of namespaces, mounts and limits that the kernel gives to root alone.',
    look: async () => judgeUser(lookAtUser()),
  },
  {
    id: 'node.programs',
    why: "The kubelet starts its pods through the machine's own containerd, runc and CNI plugins, and images are made of Debian packages.",
    look: async () => judgePrograms(await lookAtPrograms()),
  },
  {
    id: 'node.kernel',
    why: 'Pods stand on overlayfs, their network on veth, bridge and netfilter: a kernel without one fails minutes later.',
    look: async ({ signal }) => judgeKernel(await lookAtKernel(signal)),
  },
  {
    id: 'node.cgroups',
    why: 'The kubelet holds pods to their limits by cgroups, and does not start where one of its controllers is missing.',
    look: async () => judgeCgroups(await lookAtCgroups()),
  },
  {
    id: 'node.room',
    why: 'A control plane, a kubelet and the pods stand in memory at once, and their images on the disk.',
    look: async ({ edge }) => judgeRoom(await lookAtRoom(edge.env)),
  },
];
