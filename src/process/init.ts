import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from './stat.ts';

/**
 * Whether this process is PID 1 of its pid namespace. Node reaps the children that it started and no others, so orphans
 * of the layers, which the kernel gives to PID 1, would stay as zombies until the container ends.
 */
export function runsAsBareInit(): boolean {
  return process.pid === 1;
}

/**
 * Whether an orphan is reaped here: makes one and looks. Also a container whose PID 1 is `tail -f /dev/null`, as the
 * runner starts it for `container:` jobs, reaps nothing. Undefined where that cannot be told (no /proc, no shell).
 */
export async function orphansAreReaped(withinMs = 5_000): Promise<boolean | undefined> {
  // The inner shell is orphaned when the outer one ends, and ends itself once its stdin is closed.
  const shell = spawn('/bin/sh', ['-c', '(read -r line) <&3 & echo $!'], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  const closed = once(shell, 'exit').catch(() => undefined);
  const said = await Promise.race([once(shell.stdout as NodeJS.ReadableStream, 'data'), closed]).catch(
    () => undefined,
  );
  await closed;
  const orphan = readStat(Number.parseInt(String(said?.[0] ?? ''), 10));
  shell.stdio[3]?.destroy();
  shell.stdout?.destroy();
  if (orphan === undefined) return undefined;
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (readStat(orphan.pid)?.startTime !== orphan.startTime) return true;
    if (Date.now() >= deadline) return false;
    await sleep(20);
  }
}
