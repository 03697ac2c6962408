import type { Machine } from './entries.ts';
import type { Holder } from './holders.ts';
import { thisMachine } from './journal.ts';
import { type LayerProcessRecord, readProcesses, stillAlive } from './processes.ts';
import { type RunRecord, readRuns } from './record.ts';

/** Commands of the engine that take the state's lock; the others only read. */
const locking = new Set([
  'init',
  'apply',
  'destroy',
  'plan',
  'refresh',
  'import',
  'state',
  'taint',
  'untaint',
]);

/** An engine takes its lock within moments of its start; later than this, the lock is another's. */
const takesLockWithinMs = 120_000;
/** Linux counts start times in these, whatever the kernel's own clock is. */
const ticksPerSecond = 100;

/** Every engine of this castle's runs on this machine that may have taken a lock, the newest run first. */
export async function holdersOf(home: string): Promise<Holder[]> {
  const [runs, here] = await Promise.all([readRuns(home), thisMachine()]);
  return (await Promise.all(runs.map((run) => holdersIn(run, here)))).flat();
}

/** The engines of run `id` that have ended, with the time in which each took its lock. */
export async function endedEngines(
  home: string,
  id: string,
): Promise<Pick<Holder, 'layer' | 'from' | 'to'>[]> {
  const own = (await holdersOf(home)).filter(({ run, alive }) => run === id && !alive);
  return own.map(({ layer, from, to }) => ({ layer, from, to }));
}

async function holdersIn(run: RunRecord, here: Machine): Promise<Holder[]> {
  const records = (await readProcesses(run.dir)).filter(
    ({ role, command }) => role === 'engine' && locking.has(command),
  );
  const alive = new Set(await stillAlive(records));
  const known = records.map((record) => holder(run, record, alive.has(record), here));
  // After a power cut the last lines of a file may be missing; that an attempt had begun is on the disk for certain.
  const bare = [...run.attempts.values()].filter(
    ({ layer }) => !records.some((each) => each.layer === layer),
  );
  return [
    ...run.predecessors.map(endedElsewhere),
    ...known,
    ...bare.map(({ layer, at }) => unrecorded(run, layer, at, here)),
  ];
}

function holder(run: RunRecord, record: LayerProcessRecord, seen: boolean, here: Machine): Holder {
  const { host, user, bootedAt, pidSpace } = run.begin.machine;
  const from = bootedAt + (Number(record.startTime) / ticksPerSecond) * 1000;
  const ended = run.layers.get(record.layer)?.at ?? Number.POSITIVE_INFINITY;
  const to = Math.min(from + takesLockWithinMs, Math.max(ended, from));
  const began = new Date(from).toISOString();
  const who = `engine ${record.pid} of run ${run.begin.run.slice(0, 8)} (\`${record.command}\`, started ${began})`;
  const sameBoot = record.bootId === here.bootId;
  // Its pid says nothing here where it counted in another container's space.
  const untold = sameBoot && pidSpace !== here.pidSpace;
  // A home that several machines share: what lives on the other cannot be seen from here.
  const away = host !== here.host;
  const alive = seen || untold || away;
  const how = away
    ? 'is of another machine'
    : !sameBoot
      ? 'was of another boot'
      : untold
        ? 'is of another container'
        : seen
          ? 'still runs'
          : 'is gone';
  return { run: run.begin.run, layer: record.layer, host, user, from, to, alive, how: `${who} ${how}` };
}

/** An engine of a run on another machine that gave its lease back, which it does only once its engines have ended. */
function endedElsewhere({ run, layer, host, user, from, to, at }: RunRecord['predecessors'][number]): Holder {
  const how = `run ${run.slice(0, 8)} of ${host} has ended; it was told here at ${new Date(at).toISOString()}`;
  return { run, layer, host, user, from, to, alive: false, how };
}

function unrecorded(run: RunRecord, layer: string, at: number, here: Machine): Holder {
  const { host, user, bootId } = run.begin.machine;
  return {
    run: run.begin.run,
    layer,
    host,
    user,
    from: at,
    to: Math.min(at + takesLockWithinMs, run.layers.get(layer)?.at ?? Number.POSITIVE_INFINITY),
    // Which process it would be is not known, so only the end of that boot would prove it dead.
    alive: bootId === here.bootId || host !== here.host,
    how: `an engine of run ${run.begin.run.slice(0, 8)} that was never written down`,
  };
}
