import { join } from 'node:path';
import { PhoenixError } from '../../errors.ts';
import type { Supervisor } from '../supervisor.ts';
import { containerdSocket } from './place.ts';

/**
 * Imports image archives into the node's containerd, as it starts, one after another (they share layers). Returns how
 * many. @throws PhoenixError PHX-BOX-NODE
 */
export async function importImages(
  images: readonly { readonly reference: string; readonly file: string }[],
  of: {
    readonly supervisor: Supervisor;
    readonly dir: string;
    readonly logDir: string;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const files = images.map(({ file }) => file);
  const program = await of.supervisor.start({
    name: 'image import',
    file: 'sh',
    args: ['-c', script, 'import', ...files],
    env: { SOCKET: containerdSocket },
    cwd: of.dir,
    logFile: join(of.logDir, 'image-import.log'),
    polite: false,
  });
  const stop = () => void program.end();
  of.signal.addEventListener('abort', stop, { once: true });
  const how = await program.ended;
  of.signal.removeEventListener('abort', stop);
  of.signal.throwIfAborted();
  if (!/^exit code 0\b/.test(how)) throw notImported(how);
  return images.length;
}

const script = `set -eu
n=0
until ctr --address "$SOCKET" version >/dev/null 2>&1; do
  n=$((n + 1))
  [ "$n" -lt 300 ] || { echo 'containerd did not answer within 30 s'; exit 1; }
  sleep 0.1
done
for file in "$@"; do ctr --address "$SOCKET" --namespace k8s.io images import "$file"; done
`;

function notImported(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-NODE',
    class: 'cluster',
    what: 'The images could not be imported into the node.',
    why: `The import ended with ${why}.`,
    next: 'Read image-import.log and containerd.log in the logs folder of the rehearsal; remove the image cache and run again.',
  });
}
