import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** A box that the jobs of a workflow share. */
export interface LastingBox extends AsyncDisposable {
  /** What a job inside has in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The bare repository that the cluster takes its GitOps tree from. */
  readonly repository: string;
}

const root = join(import.meta.dirname, '..', '..');

/** Opens a box for the castle file at `castle`. The first one may install tools. */
export async function openLastingBox(castle: string): Promise<LastingBox> {
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-lasting-'));
  const state = join(dir, 'state');
  const child = spawn(
    process.execPath,
    [join(root, 'dist/index.js'), 'box-open', castle, state, join(dir, 'box.json')],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const said = text(child.stderr);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`the box did not open: ${await said}`);
  const { file } = JSON.parse(String(first[0])) as { file: string };
  return {
    env: { PHOENIX_BOX: file },
    repository: join(state, 'box', 'git', 'castle.git'),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
