import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The folder of a Go module's published content, which go checks against its checksum database; read only. */
export async function goModule(module: string, version: string): Promise<string> {
  // A go.mod of its own, or go would ask those of the folders above.
  const work = await mkdtemp(join(tmpdir(), 'phoenix-module-'));
  try {
    await writeFile(join(work, 'go.mod'), 'module phoenix.invalid/query\n');
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', `${module}@${version}`], {
      cwd: work,
    });
    return (JSON.parse(stdout) as { Dir: string }).Dir;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
