import { PhoenixError } from '../../errors.ts';
import type { Finding } from '../check.ts';
import { judgeCgroups, lookAtCgroups } from './cgroups.ts';
import { judgeKernel, lookAtKernel } from './kernel.ts';
import { judgePrograms, lookAtPrograms } from './programs.ts';
import { judgeRoom, lookAtRoom } from './room.ts';
import { judgeUser, lookAtUser } from './user.ts';

/**
 * Refuses a machine that cannot hold a real node, before anything is started: everything that is missing, with what to
 * do. Throws PHX-BOX-NODE-HOST, or the signal's reason.
 */
export async function assertNodeHost({
  env,
  signal,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<void> {
  const user = judgeUser(lookAtUser());
  // Without root every other look would fail for that reason alone.
  const error = user.status === 'failed' ? hostRefusal([user]) : hostRefusal(await lookAtRest(env, signal));
  if (error !== undefined) throw error;
}

async function lookAtRest(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Finding[]> {
  return Promise.all([
    lookAtPrograms().then(judgePrograms),
    lookAtKernel(signal).then(judgeKernel),
    lookAtCgroups().then(judgeCgroups),
    lookAtRoom(env).then(judgeRoom),
  ]);
}

/** The error of findings that a node cannot stand on; undefined where it can. What could not be looked at counts as missing. */
export function hostRefusal(findings: readonly Finding[]): PhoenixError | undefined {
  const wrong = findings.filter(({ status }) => status === 'failed' || status === 'skipped');
  if (wrong.length === 0) return undefined;
  const moves = wrong.flatMap(({ next }) => (next === undefined ? [] : [next.replace(/\.$/, '')]));
  return new PhoenixError({
    code: 'PHX-BOX-NODE-HOST',
    class: 'toolchain',
    what: 'This machine cannot hold a real node; nothing was started.',
    why: `${wrong.map(({ saw }) => saw).join('; ')}.`,
    next: `${moves.join('; ')}. \`phoenix doctor --only node\` looks again.`,
  });
}
