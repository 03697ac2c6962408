import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTimeIn } from '../process-identity.ts';

/**
 * What Terragrunt is told is the engine: a script that writes down its pid and folder and then *becomes* the engine
 * (exec keeps the pid). So the process that holds the state lock, and the only one that may be interrupted, is known
 * before it can act. The script stands on disk, since a RAM filesystem may be mounted noexec; it holds no secret.
 */
export interface Launcher {
  /** For TG_TF_PATH. */
  readonly file: string;
}

/** A line of a leaf file: `PID<TAB>START<TAB>FOLDER<TAB>FIRST-ARGUMENT`. */
export interface Leaf {
  readonly pid: number;
  /** As in ProcessIdentity, so that a pid used anew is not taken for the engine; '' where the system tells none. */
  readonly startTime: string;
  readonly dir: string;
  readonly command: string;
}

/** The variable that tells the launcher where to write; each layer has a file of its own. */
export const leafFileVariable = 'PHOENIX_LEAVES';

export async function makeLauncher(folder: string, engine: string): Promise<Launcher> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, engine.endsWith('terraform') ? 'terraform' : 'tofu');
  const script = [
    '#!/bin/sh',
    'stat=',
    '[ -r "/proc/$$/stat" ] && read -r stat < "/proc/$$/stat"',
    `[ -z "$${leafFileVariable}" ] || printf '%s\\t%s\\t%s\\t%s\\n' "$$" "$stat" "$PWD" "$1" >> "$${leafFileVariable}"`,
    `exec ${quote(engine)} "$@"`,
    '',
  ].join('\n');
  await writeFile(file, script, { mode: 0o755 });
  await chmod(file, 0o755);
  return { file };
}

export function parseLeaves(text: string): Leaf[] {
  return text.split('\n').flatMap((line) => {
    const [pid, stat, dir, command] = line.split('\t');
    return pid !== undefined && stat !== undefined && dir !== undefined && /^\d+$/.test(pid)
      ? [{ pid: Number(pid), startTime: startTimeIn(stat) ?? '', dir, command: command ?? '' }]
      : [];
  });
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
