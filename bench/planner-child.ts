import { buildGraph, type GraphNode } from '../src/plan/graph.ts';
import { createSchedule } from '../src/plan/schedule.ts';
import { stagingOf } from '../src/plan/staging.ts';

/**
 * Plans a castle of so many layers and runs its schedule to the end, without a layer being applied: `planner-child.ts N`.
 * Prints the seconds, and the memory that the process had before and at most.
 */
const count = Number(process.argv[2]);

/** A tree as castles have them, only larger: each layer stands on up to three of the fifty before it. */
function castleOf(layers: number): GraphNode[] {
  let state = 1;
  const below = (most: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % most;
  };
  return Array.from({ length: layers }, (_, index) => {
    const most = Math.min(index, 50);
    const dependencies = most === 0 ? [] : [1, 2, 3].map(() => `layer-${index - 1 - below(most)}`);
    return { id: `layer-${index}`, dependencies: [...new Set(dependencies)] };
  });
}

const nodes = castleOf(count);
const timed = new Map(nodes.map(({ id }, index) => [id, 1 + (index % 60)]));
const before = process.memoryUsage.rss();
const started = performance.now();
const staging = stagingOf(nodes, { mode: 'auto', runners: 8, timed, cores: 4 });
const planned = performance.now();
const schedule = createSchedule(buildGraph(nodes), { maxParallel: 32, expected: staging.expected.seconds });
let done = 0;
for (let turn = schedule.take(); turn.length > 0; turn = schedule.take()) {
  for (const id of turn) schedule.settle(id, 'done');
  done += turn.length;
}
if (done !== count) throw new Error(`of ${count} layers ${done} were run`);
process.stdout.write(
  JSON.stringify({
    planSeconds: (planned - started) / 1000,
    scheduleSeconds: (performance.now() - planned) / 1000,
    beforeBytes: before,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
