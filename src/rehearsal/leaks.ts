import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planFaults } from './stand-ins/faults.ts';

/** What leaks are made of: the box's own secrets, and a program to put them into. */
export interface LeakMaterial {
  readonly secret: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Ends with its standard input: a rehearsal that is killed takes it along. */
const waiting = 'process.stdin.resume().on("end", () => process.exit())';

/**
 * The leaks of `--fault leak:…`, which the audit must find: they are its positive controls. They last until disposed of,
 * which must be after the audit.
 */
export async function plantLeaks(
  faults: readonly string[],
  { secret, env }: LeakMaterial,
): Promise<AsyncDisposable> {
  const plan = planFaults('leak', faults);
  await using made = new AsyncDisposableStack();
  if (plan.strikes('environ')) made.defer(endOf(startWaiting([], { LEAKED: secret })));
  if (plan.strikes('argv')) made.defer(endOf(startWaiting([secret], {})));
  // Straight to the stream: the log would take it out.
  if (plan.strikes('log')) process.stderr.write(`a careless line: ${secret}\n`);
  if (plan.strikes('disk')) {
    const dir = await mkdtemp(join(env['TMPDIR'] || tmpdir(), 'phoenix-leak-'));
    made.defer(() => rm(dir, { recursive: true, force: true }));
    await writeFile(join(dir, 'notes.txt'), `base64: ${Buffer.from(`key=${secret}`).toString('base64')}\n`);
  }
  return made.move();
}

/** `leak:state` makes nothing of its own: the states lose their encryption. */
export function leavesStatesInTheClear(faults: readonly string[]): boolean {
  return planFaults('leak', faults).strikes('state');
}

function startWaiting(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, ['-e', waiting, '--', ...args], {
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

function endOf(child: ChildProcess): () => Promise<void> {
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await ended;
  };
}
