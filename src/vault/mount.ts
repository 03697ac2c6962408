import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChildResult, runChild } from '../child.ts';
import { readProc } from '../process/stat.ts';

/** A mount as this process sees it. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** `kept`: the kernel never swaps it out; `swappable`: it may; a refusal says why in the command's words. */
export type Mounted = 'kept' | 'swappable' | { readonly refused: string };

const commandMs = 10_000;
const busyMs = 1_500;
const lookAgainMs = 50;
/** Root runs nothing that the job's own PATH could put in the place of mount. */
const path = '/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';

/**
 * Mounts a tmpfs of `bytes` at most on `dir`, without swap where the kernel can (Linux 6.4, and not in a user namespace
 * of a container, which is refused that). noexec is no harm: nothing that a run starts lies in its vault.
 */
export async function mountRam(dir: string, bytes: number): Promise<Mounted> {
  const options = `nosuid,nodev,noexec,mode=0700,size=${bytes}`;
  const mount = (more: string) =>
    run('mount', ['-t', 'tmpfs', '-o', `${more}${options}`, 'phoenix-vault', dir]);
  if ((await mount('noswap,')).code === 0) return 'kept';
  // Which of the options the kernel did not take is told by nobody: EINVAL is all there is.
  const plain = await mount('');
  if (plain.code === 0) return 'swappable';
  return { refused: plain.trouble ?? (plain.stderr.trim().split('\n')[0] || `exit code ${plain.code}`) };
}

/**
 * Takes off whatever is mounted on `dir`. `lazy`: a process still has a file open there, so the filesystem is out of
 * sight, and its memory is given back when that process ends. Throws where it stays mounted.
 */
export async function unmount(dir: string): Promise<'gone' | 'lazy'> {
  const until = performance.now() + busyMs;
  let how: 'gone' | 'lazy' = 'gone';
  let said = '';
  while (isMounted(dir)) {
    const late = performance.now() > until;
    const { code, stderr, trouble } = await run('umount', [...(late ? ['-l'] : []), dir]);
    said = trouble ?? stderr.trim();
    if (code === 0 && late) how = 'lazy';
    else if (code !== 0 && late && isMounted(dir)) throw new Error(`${dir} stays mounted: ${said}`);
    else if (code !== 0) await sleep(lookAgainMs);
  }
  return how;
}

function run(command: string, args: readonly string[]): Promise<ChildResult> {
  return runChild(command, args, {
    env: { PATH: path, LC_ALL: 'C' },
    signal: new AbortController().signal,
    timeoutMs: commandMs,
  });
}

/** The mounts of this process' namespace, in their order. `text` is that of /proc/self/mountinfo, see proc(5). */
export function mounts(text = readProc('/proc/self/mountinfo') ?? ''): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    const [type, , superOptions = ''] = after.split(' ');
    if (point === undefined || type === undefined) return [];
    return [{ point: unescaped(point), type, options: superOptions.split(',') }];
  });
}

/** Space, tab, newline and backslash are written in octal. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

export function isMounted(dir: string): boolean {
  const real = realOf(dir);
  return mounts().some(({ point }) => point === real);
}

/** Mounts below `dir`, without its own, the deepest first. */
export function mountsBelow(dir: string): string[] {
  const real = realOf(dir);
  return mounts()
    .map(({ point }) => point)
    .filter((point) => point.startsWith(`${real}/`))
    .reverse();
}

/** Whether the kernel keeps the filesystem that `dir` lies on from swap, whoever mounted it. */
export function isKeptFromSwap(dir: string): boolean {
  const real = realOf(dir);
  const on = mounts().filter(({ point }) => `${real}/`.startsWith(point === '/' ? '/' : `${point}/`));
  const longest = Math.max(...on.map(({ point }) => point.length));
  // Of several on one point, the last hides the others. ramfs has no swap at all.
  const last = on.findLast(({ point }) => point.length === longest);
  return last !== undefined && (last.type === 'ramfs' || last.options.includes('noswap'));
}

function realOf(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
}
