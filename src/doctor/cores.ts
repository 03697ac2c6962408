import { readProc } from '../process/stat.ts';
import { type Check, type Finding, ok, skipped, warning } from './check.ts';

export const cores: Check = {
  id: 'vault.cores',
  why: 'A core dump is the memory of a process on a disk, with the secrets that were in it.',
  async look() {
    const limit = /^Max core file size +(\S+)/m.exec(readProc('/proc/self/limits') ?? '')?.[1];
    const pattern = readProc('/proc/sys/kernel/core_pattern')?.trim();
    if (limit === undefined || pattern === undefined)
      return skipped('it cannot be told here: that takes /proc');
    return judgeCores(limit, pattern);
  },
};

/**
 * What becomes of the memory of a process that crashes here. `limit` is the soft limit in bytes, or `unlimited`. A
 * pattern that pipes to a program is not held to the limit by the kernel (core(5)); of the programs that are common,
 * systemd-coredump alone keeps nothing of a process whose limit is 0, while apport writes a report all the same.
 */
export function judgeCores(limit: string, pattern: string): Finding {
  if (pattern.startsWith('|')) {
    const program = pattern.slice(1).trim().split(/\s+/)[0] ?? '';
    const heeds = program.endsWith('/systemd-coredump');
    if (heeds && limit === '0') return ok(`core dumps are off: their limit is 0, and ${program} heeds it`);
    return warning(
      `core dumps go to ${program}${heeds ? `, their limit is ${limit}` : ', whatever their limit is'}`,
      heeds
        ? 'Run `ulimit -c 0` in the shell that starts Phoenix, or set LimitCORE=0 in the unit of the runner.'
        : "Let the machine write none: sysctl -w kernel.core_pattern='|/bin/false'",
    );
  }
  if (limit === '0') return ok('core dumps are off: their limit is 0');
  return warning(
    `a crash of Phoenix writes its memory to \`${pattern}\`: the limit of core dumps is ${limit}`,
    'Run `ulimit -c 0` in the shell that starts Phoenix, set LimitCORE=0 in the unit of the runner, or give the container `--ulimit core=0`.',
  );
}
