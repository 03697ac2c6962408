import { mkdir, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { layerEnvironment } from '../layer/environment.ts';
import { type Launcher, makeLauncher } from '../layer/launcher.ts';
import type { InstalledTool, ToolName } from '../toolchain/install.ts';
import type { Run } from './run.ts';

/** What the layers of a run are started with. */
export interface Workspace {
  readonly launcher: Launcher;
  readonly terragrunt: string;
  readonly engine: string;
  /** A layer's environment, with `extra` last. */
  environment(extra: Readonly<Record<string, string>>): Record<string, string>;
}

/** Makes the run's folder of programs, first on the layers' PATH: pinned tools are found before what the host has. */
export async function makeWorkspace(
  run: Run,
  tools: ReadonlyMap<ToolName, InstalledTool>,
): Promise<Workspace> {
  const bin = join(run.stateDir, 'runs', run.id, 'bin');
  await mkdir(bin, { recursive: true });
  const engine = fileOf(tools, run.castle.engine);
  for (const [name, { file }] of tools) {
    if (name !== run.castle.engine) await symlink(file, join(bin, name));
  }
  const launcher = await makeLauncher(bin, engine);
  return {
    launcher,
    engine,
    terragrunt: fileOf(tools, 'terragrunt'),
    environment(extra) {
      const path = [bin, run.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter);
      const fixed = { PATH: path, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1', TG_NO_TIPS: '1' };
      return layerEnvironment(run.env, run.castle.env, { ...fixed, ...extra });
    },
  };
}

export async function removeWorkspace(run: Run): Promise<void> {
  await rm(join(run.stateDir, 'runs', run.id), { recursive: true, force: true });
}

function fileOf(tools: ReadonlyMap<ToolName, InstalledTool>, name: ToolName): string {
  const tool = tools.get(name);
  if (tool === undefined) throw new Error(`the toolchain was installed without ${name}`);
  return tool.file;
}
