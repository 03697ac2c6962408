import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, failed, ok } from '../check.ts';

const root = '/sys/fs/cgroup';
const wanted = ['cpu', 'cpuset', 'memory', 'pids'] as const;

export interface CgroupPicture {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  /** Whether a group can be made there. */
  readonly writable: boolean;
}

export async function lookAtCgroups(): Promise<CgroupPicture> {
  const unified = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => undefined);
  const controllers =
    unified === undefined ? await readdir(root).catch(() => []) : unified.trim().split(/\s+/);
  const place = unified === undefined ? join(root, 'memory') : root;
  // A read-only mount answers EROFS even to root.
  const writable = await access(place, constants.W_OK).then(
    () => true,
    () => false,
  );
  return { version: unified === undefined ? 1 : 2, controllers, writable };
}

export function judgeCgroups({ version, controllers, writable }: CgroupPicture): Finding {
  const lacking = wanted.filter((name) => !controllers.includes(name));
  if (lacking.length > 0)
    return failed(
      `below ${root} there is no controller ${lacking.join(', ')}`,
      'Mount the cgroups there (systemd does), and take a `cgroup_disable=` of theirs out of the kernel command line.',
    );
  if (!writable)
    return failed(
      `${root} cannot be written`,
      'Give the container `--privileged --cgroupns=host`, or run Phoenix outside of one.',
    );
  return ok(`version ${version}, with ${wanted.join(', ')}`);
}
