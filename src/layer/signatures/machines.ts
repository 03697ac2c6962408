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
      `Two ways out. If it should live on, adopt it: \`adopt = { ${keyOf(scene)} = ${scene.match[1]} }\` for the platform of castle/modules (docs/castle.md), elsewhere ${inUnit(scene, `terragrunt import ${quoted(scene.address)} NODE/${scene.match[1]}`)} with its node for NODE. If nobody needs it, let it be deleted: \`phoenix destroy\` with destroy.mode nuke (docs/destroy.md), or by hand in Proxmox. ${again(scene)}`,
  },
  {
    // A postcondition of castle/modules/proxmox-vms; waiting once more would not help.
    id: 'machine-agent',
    code: 'PHX-LAYER-PROXMOX-AGENT',
    patterns: [/\bVM \d+ \([^)]+\) has no guest agent that answers\b/],
    cause: 'The castle file says that the image has a guest agent, and the VM has none that answers.',
    next: (scene) =>
      `Use a Talos image whose schematic has siderolabs/qemu-guest-agent, or set agent = false for the platform. ${again(scene)}`,
  },
  {
    id: 'machine-not-started',
    code: 'PHX-LAYER-PROXMOX-START',
    patterns: [
      /timeout while waiting for VM "?(\d+)"? to enter the status "running"/i,
      /\bqmstart:(\d+):.{0,200}\bstart failed: /i,
      /\bstart failed: QEMU exited with code \d+/i,
    ],
    cause: ({ match: [, vmid], text }) => {
      const vm = vmid === undefined ? 'a VM' : `VM ${vmid}`;
      return /cannot allocate memory/i.test(text)
        ? `The Proxmox node has not enough free memory to start ${vm}.`
        : `Proxmox was asked to start ${vm}, and it does not run.`;
    },
    next: (scene) =>
      `See why: on the node \`qm start ${scene.match[1] ?? 'VMID'}\`, then \`journalctl -u pvedaemon\`; \`free -m\` tells its memory. The VM is made anew. ${again(scene)}`,
  },
  {
    id: 'image-checksum',
    code: 'PHX-LAYER-IMAGE',
    patterns: [/\bchecksum mismatch: got '([^']+)', expect '([^']+)'/i],
    cause: 'What the node downloaded is not the image of the digest that is pinned.',
    next: (scene) =>
      `Download it yourself and compare (\`sha512sum\`): it was changed where it lies, or the digest in source_of_disk is another image's. ${again(scene)}`,
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
      /\b(?:thin pool|data%?|pool) .{0,60}\b(?:is full|out of space|reached threshold)\b/i,
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

/** The key of `ADDRESS["KEY"]`. */
function keyOf({ address }: Pick<Scene, 'address'>): string {
  return /\["([^"]+)"\]$/.exec(address)?.[1] ?? 'KEY';
}
