import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Where distributions and upstream put CNI plugins. */
export const pluginFolders = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'] as const;

/** Where runc may be: a service's PATH often lacks the folders of the administrator. */
const runtimeFolders = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
] as const;

/** The folder that has the plugins the node needs; that of upstream where none has. */
export async function pluginFolder(): Promise<string> {
  return (await firstWith(pluginFolders, 'bridge')) ?? pluginFolders[0];
}

/** The file of runc; its name alone where it is in no usual place, for the PATH to find. */
export async function runtimeFile(): Promise<string> {
  const folder = await firstWith(runtimeFolders, 'runc');
  return folder === undefined ? 'runc' : join(folder, 'runc');
}

async function firstWith(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const there = await access(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (there) return folder;
  }
  return undefined;
}
