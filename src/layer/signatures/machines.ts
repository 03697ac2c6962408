import { again, inUnit, quoted, type Scene, type Signature } from './signature.ts';

/** Proxmox and Talos. Words of the bpg and Telmate providers, of Proxmox VE's API and of Talos' machine API. */
export const machineSignatures: readonly Signature[] = [
  {
    id: 'proxmox-lock',
    code: 'PHX-LAYER-PROXMOX-LOCK',
    retry: 'proxmox-lock',
    patterns: [
      /can't lock file '?[^']{0,200}'? ?- got timeout/i,
      /\bVM is locked\b/i,
      /\bvm locked, could not obtain config/i,
      /timeout while waiting for VM "?\d+"? configuration to become unlocked/i,
      /'storage-[^']+'-locked command timed out/i,
    ],
    cause: 'Proxmox clones or changes VMs one after the other, and this one did not get its turn in time.',
    next: (scene) =>
      `Let it be tried again (layers.${scene.layer}.retry.on: [proxmox-lock]), or make fewer at once: extra_arguments with -parallelism=1. ${again(scene)}`,
  },
  {
    id: 'vm-exists',
    code: 'PHX-LAYER-EXISTS',
    patterns: [
      /\bVM (\d+) already exists\b/i,
      /unable to create VM (\d+)\b.{0,80}\balready exists/i,
      /\bvmid: VM (\d+) already exists/i,
    ],
    cause: ({ match }) =>
      `VM ${match[1]} is there, but not in the state: the state was lost, or an earlier run was cut off.`,
    next: (scene) =>
      `If it is this castle's: ${inUnit(scene, `terragrunt import ${quoted(scene.address)} NODE/${scene.match[1]}`)}, with the name of its node for NODE. If nobody needs it, remove it in Proxmox. ${again(scene)}`,
  },
  {
    id: 'proxmox-agent',
    code: 'PHX-LAYER-PROXMOX-AGENT',
    retry: 'http-5xx',
    patterns: [
      /QEMU guest agent is not running/i,
      /timeout while waiting for the QEMU agent/i,
      /error waiting for agent\b/i,
    ],
    cause: 'The VM has no guest agent that answers, and the provider waits for one.',
    next: (scene) =>
      `Use a Talos image whose schematic has siderolabs/qemu-guest-agent, or set agent.enabled = false. ${again(scene)}`,
  },
  {
    id: 'storage-full',
    code: 'PHX-LAYER-QUOTA',
    patterns: [
      /insufficient free space \(\d+ extents?\)/i,
      /\bclone failed\b.{0,200}\b(?:out of space|not enough (?:free )?space|no space left)/i,
      /\b(?:thin pool|data%?|pool) .{0,60}\b(?:is full|out of space)\b/i,
      /cannot create '[^']+': out of space/i,
      /disk quota exceeded/i,
    ],
    cause: 'The storage has no room left for what the layer makes.',
    next: (scene) =>
      `Free room there (\`pvesm status\` on the node shows each storage), or name another. ${again(scene)}`,
  },
  {
    id: 'quota',
    code: 'PHX-LAYER-QUOTA',
    patterns: [/exceeded quota: /i, /\bQuotaExceeded\b/i, /quota .{0,40}\bexceeded\b/i],
    cause: 'A quota does not allow what the layer makes.',
    next: (scene) => `Raise the quota that is named, or ask for less. ${again(scene)}`,
  },
  {
    id: 'talos-bootstrapped',
    code: 'PHX-LAYER-TALOS-BOOTSTRAPPED',
    patterns: [/etcd data directory is not empty/i],
    cause:
      'etcd of this node was bootstrapped before, and the state does not know it. Talos allows that once; the provider asks again for ten minutes, in vain.',
    next: (scene) =>
      `Tell the state: ${inUnit(scene, `terragrunt import ${quoted(scene.address)} this`)}. If the node should be empty, reset it instead (\`talosctl reset\`). ${again(scene)}`,
  },
  {
    id: 'talos-not-ready',
    code: 'PHX-LAYER-TALOS-NOT-READY',
    retry: 'network',
    patterns: [/\btime is not in sync\b/i, /bootstrap is not available yet/i],
    cause: 'The node has only just started; it does not know the time yet, or cannot be bootstrapped yet.',
    next: (scene) =>
      `Wait a few seconds; if it stays, see that the node reaches its NTP servers. ${again(scene)}`,
  },
  {
    id: 'proxmox-proxy',
    code: 'PHX-LAYER-PROXMOX-API',
    retry: 'http-5xx',
    patterns: [
      /\b(?:HTTP )?59[569]\b.{0,30}\b(?:Too many redirections|No route to host|Broken pipe|Connection (?:timed out|refused)|errors during)/i,
      /\bHTTP 59[569] response\b/i,
      /\b59[569]\b.{0,40}\bproxmox\b/i,
    ],
    cause: 'One Proxmox node could not pass the request on to another.',
    next: (scene: Scene) =>
      `See that the node is up (\`pvecm status\`); a passing fault is worth another try: layers.${scene.layer}.retry.on: [http-5xx]. ${again(scene)}`,
  },
];
