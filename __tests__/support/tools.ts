import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '../../src/log.ts';
import { installToolchain, pins, type ToolName } from '../../src/toolchain/install.ts';

/**
 * The file of a real tool: from the folder PHOENIX_TEST_TOOLS where that is set and has it, else at its pinned version
 * from the toolchain, which installs it on first use.
 */
export async function tool(name: ToolName): Promise<string> {
  const folder = process.env['PHOENIX_TEST_TOOLS'];
  if (folder) {
    const file = join(folder, name);
    const usable = await access(file).then(
      () => true,
      () => false,
    );
    if (usable) return file;
  }
  const installed = await installToolchain([{ name, version: pins[name] }], {
    lockFile: join(import.meta.dirname, '../../phoenix.lock'),
    env: process.env,
    log: silentLog,
    signal: AbortSignal.timeout(15 * 60 * 1000),
  });
  const file = installed.get(name)?.file;
  if (file === undefined) throw new Error(`the toolchain gave no ${name}`);
  return file;
}
