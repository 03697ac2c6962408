import { readProc } from '../process/stat.ts';
import { type Check, ok, skipped, warning } from './check.ts';
import { firstLine } from './first-line.ts';

/** Tries on a process of its own, as a layer's start does, and tells what it has then. */
const lower = 'echo 0 2> /dev/null > /proc/$$/oom_score_adj; read -r now < /proc/$$/oom_score_adj; echo $now';

export const oom: Check = {
  id: 'layers.oom',
  why: 'When memory runs out the kernel kills those first whose oom_score_adj is high: an engine in the middle of an apply, with its state unsaved.',
  async look({ signal }) {
    const mine = readProc('/proc/self/oom_score_adj')?.trim();
    if (mine === undefined) return skipped('it cannot be told here: that takes /proc');
    if (Number(mine) <= 0) return ok(`oom_score_adj is ${mine}`);
    const layers = await firstLine('/bin/sh', ['-c', lower], { env: {}, signal });
    if (layers === '0') return ok(`oom_score_adj is ${mine} here; layers are set back to 0`);
    return warning(
      `oom_score_adj is ${mine}, and this user may not set the layers back to 0`,
      'Set OOMScoreAdjust=0 in the unit of the runner, or start Phoenix from a shell where it is 0.',
    );
  },
};
