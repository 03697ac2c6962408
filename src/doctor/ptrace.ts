import { readProc } from '../process/stat.ts';
import { type Check, type Finding, ok, skipped, warning } from './check.ts';

export const ptrace: Check = {
  id: 'machine.ptrace',
  why: 'Another step of the job, or another job of the same user, may read the memory of Phoenix and of the runner: poisoned actions have stolen secrets so.',
  async look() {
    if (readProc('/proc/self/stat') === undefined) return skipped('it cannot be told here: that takes /proc');
    return judgePtrace(readProc('/proc/sys/kernel/yama/ptrace_scope')?.trim());
  },
};

/** `scope` as the kernel's Yama tells it (Documentation/admin-guide/LSM/Yama.rst); undefined where it has none. */
export function judgePtrace(scope: string | undefined): Finding {
  if (scope === undefined)
    return warning(
      'this kernel has no Yama: any process of this user may read the memory of any other',
      'Run nothing beside a rebirth as this user, or take a kernel with Yama and set kernel.yama.ptrace_scope=1.',
    );
  if (scope === '0')
    return warning(
      'kernel.yama.ptrace_scope is 0: any process of this user may read the memory of any other',
      'sysctl -w kernel.yama.ptrace_scope=1, and the same line in a file of /etc/sysctl.d',
    );
  return ok(
    `kernel.yama.ptrace_scope is ${scope}: a process may not read the memory of one it did not start`,
  );
}
