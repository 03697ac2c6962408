import { again, type Signature } from './signature.ts';

/** The machine that runs the layer. */
export const hostSignatures: readonly Signature[] = [
  {
    id: 'out-of-memory',
    code: 'PHX-LAYER-OOM',
    patterns: [/\bOOMKilled\b/, /\bcannot allocate memory\b/i, /\bout of memory\b/i, /\boom-kill(?:er)?\b/i],
    cause: 'Memory ran out.',
    next: (scene) =>
      `Give the machine (or the pod's limit) more, or run less at once: extra_arguments with -parallelism=2. ${again(scene)}`,
  },
  {
    id: 'killed',
    code: 'PHX-LAYER-KILLED',
    patterns: [/\bsignal: killed\b/, /\bexit (?:status|code):? 137\b/],
    cause:
      'A process of the layer was killed (SIGKILL, 137). On a small machine that is mostly the kernel, because memory ran out: jobs of a runner are its first choice.',
    next: (scene) =>
      `Look: \`journalctl -k -g oom\`, or oom_kill in memory.events of the cgroup. The lock may still be held; the next run says so. ${again(scene)}`,
  },
  {
    id: 'disk-full',
    code: 'PHX-LAYER-DISK',
    patterns: [/\bno space left on device\b/i, /\bENOSPC\b/],
    cause: 'A disk (or the tmpfs of the vault) is full.',
    next: (scene) =>
      `\`df -h\` shows which; old .terragrunt-cache folders are the first to go. A state that could not be written may lie as errored.tfstate. ${again(scene)}`,
  },
  {
    id: 'noexec',
    code: 'PHX-LAYER-PERMISSION',
    patterns: [/\bfork\/exec \S+: permission denied\b/i, /\bexec \S+: permission denied\b/i],
    cause: 'A program may not be run: its file is not executable, or its filesystem is mounted noexec.',
    next: (scene) =>
      `\`findmnt -T FILE\` shows the mount; keep providers and hooks on a disk that may run them. ${again(scene)}`,
  },
  {
    id: 'permission',
    code: 'PHX-LAYER-PERMISSION',
    patterns: [
      /\b(?:open|mkdir|write|rename|remove|unlink|stat|chmod|chown) \S+: permission denied\b/i,
      /\bEACCES\b/,
      /\bread-only file system\b/i,
    ],
    cause: 'A file or folder may not be used by the user that runs the layer.',
    next: (scene) => `See its owner and mode (\`ls -ld\`), and that no run as root left it. ${again(scene)}`,
  },
];
