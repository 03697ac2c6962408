import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { layerEnvironment } from '../layer/environment.ts';
import { makeStarter, type Starter } from '../layer/starter.ts';
import { isAbandoned, ownerFile, ownerText } from '../owner.ts';
import type { InstalledTool, ToolName } from '../toolchain/install.ts';
import type { Run } from './run.ts';

/** In the castle's state folder: one folder a run. */
const runsFolder = 'runs';

/** What the layers of a run are started with. */
export interface Workspace {
  readonly starter: Starter;
  readonly terragrunt: string;
  readonly engine: string;
  /** A layer's environment, with `extra` last. */
  environment(extra: Readonly<Record<string, string>>): Record<string, string>;
}

/**
 * Makes the run's folder of programs, first on the layers' PATH: pinned tools are found before what the host has. Last on it
 * is Phoenix' own node, for a host that has none.
 */
export async function makeWorkspace(
  run: Run,
  tools: ReadonlyMap<ToolName, InstalledTool>,
): Promise<Workspace> {
  const dir = workspaceOf(run);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, ownerFile), await ownerText());
  const bin = join(dir, 'bin');
  await mkdir(bin);
  const engine = fileOf(tools, run.castle.engine);
  for (const [name, { file }] of tools) {
    if (name !== run.castle.engine) await symlink(file, join(bin, name));
  }
  // Modules of a castle may run a script by node, and a runner keeps the one that it starts Phoenix with to itself.
  const spare = join(dir, 'spare');
  await mkdir(spare);
  await symlink(process.execPath, join(spare, 'node'));
  const starter = await makeStarter(bin, engine);
  return {
    starter,
    engine,
    terragrunt: fileOf(tools, 'terragrunt'),
    environment(extra) {
      const path = [bin, run.env['PATH'] ?? '/usr/bin:/bin', spare].join(delimiter);
      const fixed = { PATH: path, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1', TG_NO_TIPS: '1' };
      return layerEnvironment(run.env, run.castle.env, { ...fixed, ...extra });
    },
  };
}

/** The run's folder of programs. */
export function workspaceOf({ stateDir, id }: Pick<Run, 'stateDir' | 'id'>): string {
  return join(stateDir, runsFolder, id);
}

export async function removeRunFolder(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
}

/** Removes the folders of programs that dead runs left, but for the runs in `spared`. */
export async function sweepWorkspaces(stateDir: string, spared: ReadonlySet<string>): Promise<void> {
  const runs = join(stateDir, runsFolder);
  for (const name of await readdir(runs).catch(() => [])) {
    if (spared.has(name)) continue;
    if (await isAbandoned(join(runs, name))) await rm(join(runs, name), { recursive: true, force: true });
  }
}

function fileOf(tools: ReadonlyMap<ToolName, InstalledTool>, name: ToolName): string {
  const tool = tools.get(name);
  if (tool === undefined) throw new Error(`the toolchain was installed without ${name}`);
  return tool.file;
}
