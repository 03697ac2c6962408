import { expect, test } from 'vitest';
import { oomKills } from '../../src/layer/memory.ts';
import { temporaryFolder } from '../support/folder.ts';

const vmstat = { 'proc/vmstat': 'nr_free_pages 4\noom_kill 7\n' };
const events = 'low 0\nhigh 0\nmax 2\noom 1\noom_kill 3\noom_group_kill 0\n';

test.each<[string, Record<string, string>, number | undefined]>([
  [
    'the own cgroup, before the machine',
    {
      ...vmstat,
      'proc/self/cgroup': '0::/runner.slice\n',
      'sys/fs/cgroup/runner.slice/memory.events': events,
    },
    3,
  ],
  ['the machine, where the cgroup does not count', { ...vmstat, 'proc/self/cgroup': '0::/\n' }, 7],
  ['the machine, where cgroups are of the old kind', { ...vmstat, 'proc/self/cgroup': '4:memory:/x\n' }, 7],
  ['nobody, where there is no such file', {}, undefined],
])('kills for want of memory are counted by %s', async (_, files, expected) => {
  await using folder = await temporaryFolder(files);
  expect(await oomKills(folder.dir)).toBe(expected);
});

test.runIf(process.platform === 'linux')('on this machine they are counted', async () => {
  expect(await oomKills()).toBeGreaterThanOrEqual(0);
});
