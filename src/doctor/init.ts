import { orphansAreReaped, runsAsBareInit } from '../process/init.ts';
import { readStat } from '../process/stat.ts';
import { type Check, failed, ok, skipped } from './check.ts';

const give =
  'Give it an init: `docker run --init` or `podman run --init`, `options: --init` for a `container:` job, or a systemd unit.';

export const pidOne: Check = {
  id: 'init.pid-1',
  why: 'The kernel gives orphans of the layers to PID 1 and drops the signals that it does not handle: without an init zombies stay, and a cancel may not arrive.',
  async look() {
    if (runsAsBareInit()) return failed('Phoenix itself is PID 1, without an init', give);
    const name = readStat(1)?.name;
    return ok(name === undefined ? 'Phoenix is not PID 1' : `PID 1 is ${name}`);
  },
};

export const reaper: Check = {
  id: 'init.reaper',
  why: 'What a layer leaves behind stays as a zombie until the container ends, and each takes a pid.',
  async look() {
    if (runsAsBareInit()) return skipped('Phoenix itself is PID 1, see init.pid-1');
    const reaped = await orphansAreReaped();
    if (reaped === undefined) return skipped('it cannot be told here: that takes /proc and /bin/sh');
    if (reaped) return ok('an orphan that was made to try it was reaped');
    return failed(`an orphan stayed a zombie: PID 1 (${readStat(1)?.name ?? '?'}) reaps none`, give);
  },
};
