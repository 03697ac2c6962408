import { runChild } from '../child.ts';
import { type Check, type Finding, ok, warning } from './check.ts';

export const sudo: Check = {
  id: 'machine.sudo',
  why: 'Root reads the memory of every process: what can become root on the runner can take every secret of a rebirth.',
  async look({ edge, signal }) {
    if (process.getuid?.() === 0)
      return warning(
        'Phoenix runs as root, and so may all else in this job',
        'Let the job do nothing but the rebirth, and pin each of its actions to a commit.',
      );
    const env = { PATH: edge.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
    // Lists and runs nothing; without a terminal it never asks.
    const { code, stdout } = await runChild('sudo', ['-n', '-l'], { env, signal, timeoutMs: 10_000 });
    return judgeSudo(code, stdout);
  },
};

/** What `sudo -n -l` says: exit code null where there is no sudo, 1 where a password is asked for. */
export function judgeSudo(code: number | null, listing: string): Finding {
  if (code === null) return ok('there is no sudo');
  if (code !== 0) return ok('this user may not become root without a password');
  if (!/\bNOPASSWD:|!authenticate/.test(listing)) return ok('sudo asks this user for a password');
  return warning(
    'this user may become root without a password',
    'Take the NOPASSWD line of the user of the runner out of /etc/sudoers.d; a rebirth needs no sudo.',
  );
}
