import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = '/sys/fs/cgroup';
const endsWithinMs = 5_000;

/** The cgroup of a box' node, by the box' id: two boxes at once do not share one. */
export const cgroupOf = (box: string) => `phoenix-${box.slice(0, 8)}`;

/** Makes the node's cgroup in every hierarchy (version 1), or with every controller passed on (version 2). */
export async function makeCgroup(name: string): Promise<void> {
  const unified = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => undefined);
  if (unified === undefined) {
    for (const hierarchy of await hierarchies())
      await mkdir(join(root, hierarchy, name), { recursive: true });
    return;
  }
  await mkdir(join(root, name), { recursive: true });
  const all = unified
    .trim()
    .split(' ')
    .map((controller) => `+${controller}`);
  for (const folder of [root, join(root, name)])
    await writeFile(join(folder, 'cgroup.subtree_control'), all.join(' ')).catch(() => {});
}

/** Takes the node's cgroup away with all below it. What is left after some seconds is another's to see. */
export async function removeCgroup(name: string): Promise<void> {
  const places = [root, ...(await hierarchies()).map((hierarchy) => join(root, hierarchy))];
  const deadline = Date.now() + endsWithinMs;
  for (const place of places) {
    while (!(await gone(join(place, name))) && Date.now() < deadline) await sleep(50);
  }
}

/** Symbolic links, e.g. `cpu` to `cpu,cpuacct`, lead to hierarchies that are listed themselves. */
async function hierarchies(): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const unified = entries.some(({ name }) => name === 'cgroup.controllers');
  return unified ? [] : entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** A cgroup's files go with it: only folders are removed, the deepest first. */
async function gone(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  for (const entry of entries) if (entry.isDirectory()) await gone(join(folder, entry.name));
  return rmdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}
