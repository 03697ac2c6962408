import { readdir, readFile } from 'node:fs/promises';
import { killQuietly } from '../processes.ts';

export const trackingVariable = 'RUNNER_TRACKING_ID';

export interface Swept {
  readonly pid: number;
  readonly command: string;
}

/**
 * What the runner does at "Complete job" (JobExtension.cs:880-928): every process whose environment has the job's
 * tracking id is killed. One look only, so what is started in that moment is missed; that is so in the real one too.
 */
export async function sweepOrphans(trackingId: string): Promise<Swept[]> {
  const swept: Swept[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const environ = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    if (!environ.split('\0').includes(`${trackingVariable}=${trackingId}`)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (killQuietly(Number(name)))
      swept.push({ pid: Number(name), command: command.replaceAll('\0', ' ').trim() });
  }
  return swept;
}
