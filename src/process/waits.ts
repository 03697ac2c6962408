import { arch } from 'node:process';
import { listProc, readProc } from './stat.ts';

/** What one thread waits in: a call, and the descriptor it waits on where it is of that kind. */
export interface Wait {
  readonly call: string;
  readonly descriptor?: number;
}

/** The calls that a process that does nothing sits in, by number (arch/x86/entry/syscalls, include/uapi/asm-generic). */
const calls: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  x64: new Map([
    [0, 'read'],
    [1, 'write'],
    [7, 'poll'],
    [19, 'readv'],
    [20, 'writev'],
    [23, 'select'],
    [34, 'pause'],
    [35, 'nanosleep'],
    [42, 'connect'],
    [43, 'accept'],
    [44, 'sendto'],
    [45, 'recvfrom'],
    [46, 'sendmsg'],
    [47, 'recvmsg'],
    [61, 'wait4'],
    [72, 'fcntl'],
    [73, 'flock'],
    [74, 'fsync'],
    [128, 'rt_sigtimedwait'],
    [130, 'rt_sigsuspend'],
    [202, 'futex'],
    [230, 'clock_nanosleep'],
    [232, 'epoll_wait'],
    [247, 'waitid'],
    [257, 'openat'],
    [270, 'pselect6'],
    [271, 'ppoll'],
    [281, 'epoll_pwait'],
    [288, 'accept4'],
    [441, 'epoll_pwait2'],
  ]),
  arm64: new Map([
    [22, 'epoll_pwait'],
    [25, 'fcntl'],
    [32, 'flock'],
    [56, 'openat'],
    [63, 'read'],
    [64, 'write'],
    [65, 'readv'],
    [66, 'writev'],
    [72, 'pselect6'],
    [73, 'ppoll'],
    [82, 'fsync'],
    [95, 'waitid'],
    [98, 'futex'],
    [101, 'nanosleep'],
    [115, 'clock_nanosleep'],
    [133, 'rt_sigsuspend'],
    [137, 'rt_sigtimedwait'],
    [202, 'accept'],
    [203, 'connect'],
    [206, 'sendto'],
    [207, 'recvfrom'],
    [211, 'sendmsg'],
    [212, 'recvmsg'],
    [242, 'accept4'],
    [260, 'wait4'],
    [441, 'epoll_pwait2'],
  ]),
};

const onDescriptor =
  /^(read|write|readv|writev|connect|accept|accept4|sendto|recvfrom|sendmsg|recvmsg|fcntl|flock|fsync)$/;

/** `0 0x3 …` → read of descriptor 3. Undefined for a thread that runs. */
export function parseSyscall(text: string, machine: string = arch): Wait | undefined {
  const [number = '', first = ''] = text.trim().split(' ');
  if (!/^\d+$/.test(number)) return undefined;
  const call = calls[machine]?.get(Number(number)) ?? `syscall ${number}`;
  return onDescriptor.test(call) ? { call, descriptor: Number(first) } : { call };
}

/**
 * What the threads of a process wait in, each once. The call comes from /proc/PID/task/TID/syscall, or, where this user
 * may not read that, from the kernel's own name in wchan. A futex is left out where there is anything else: it is where
 * the idle threads of a Go program stand, and tells nothing.
 */
export function waitsOf(pid: number): Wait[] {
  const found = new Map<string, Wait>();
  for (const thread of listProc(`/proc/${pid}/task`)) {
    const task = `/proc/${pid}/task/${thread}`;
    const kernel = readProc(`${task}/wchan`);
    const wait =
      parseSyscall(readProc(`${task}/syscall`) ?? '') ??
      (kernel === undefined || kernel === '0' || kernel === '' ? undefined : { call: kernel });
    if (wait !== undefined) found.set(`${wait.call} ${wait.descriptor ?? ''}`, wait);
  }
  const waits = [...found.values()];
  const telling = waits.filter(({ call }) => !/^futex/.test(call));
  return telling.length > 0 ? telling : waits;
}
