import { statfs } from 'node:fs/promises';
import { PhoenixError } from '../errors.ts';

/** Whether an error, or what a child process printed, says that the disk is full. */
export function isDiskFull(thrown: unknown): boolean {
  if (typeof thrown === 'string') return /no space left on device|disk quota exceeded/i.test(thrown);
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export async function diskFull(folder: string, doing: string): Promise<PhoenixError> {
  const free = await statfs(folder).then(
    ({ bavail, bsize }) => ` (${Math.round((bavail * bsize) / 2 ** 20)} MiB free)`,
    () => '',
  );
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-DISK',
    class: 'toolchain',
    what: `The disk is full: ${doing}.`,
    why: `${folder}${free} could not take it. Building every tool from Go modules needs about 15 GB, downloads about 1 GB.`,
    next: 'Free space there, or set RUNNER_TOOL_CACHE (for Go also GOCACHE and GOMODCACHE) to a larger disk; what was half written is removed.',
  });
}
