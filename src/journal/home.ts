import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';

/**
 * Where this machine keeps what it knows of a castle's runs: journals, the lease, rescued states. Outside the
 * repository, since a checkout of the next job cleans that, and outside RUNNER_TEMP, which the runner empties: the
 * next run must find what a dead one wrote. `PHOENIX_STATE`, else `$XDG_STATE_HOME/phoenix`, else
 * `~/.local/state/phoenix`; below it a folder a castle.
 */
export function castleHome(
  { name, box, file }: Pick<Castle, 'name' | 'box' | 'file'>,
  env: NodeJS.ProcessEnv,
): string {
  // A real castle is one, from whichever checkout it is rebuilt; a box is made of its own checkout and no other.
  const own = box ? `${name}-${createHash('sha256').update(file).digest('hex').slice(0, 8)}` : name;
  return join(stateRoot(env), own);
}

function stateRoot(env: NodeJS.ProcessEnv): string {
  if (env['PHOENIX_STATE']) return env['PHOENIX_STATE'];
  const base = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state');
  return join(base, 'phoenix');
}
