import type { Graph } from './graph.ts';

export type Outcome = 'done' | 'failed' | 'cancelled';

/** Where a node stands. A node that was never started is `blocked` by failures, or `skipped` because all stopped. */
export type Standing =
  | { readonly status: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'skipped' }
  | {
      readonly status: 'blocked';
      /** The nodes whose failure or cancellation blocks this one; not those that were blocked themselves. */
      readonly by: readonly string[];
    };

export interface Schedule {
  /** The nodes to start now; they count as running from here on. */
  take(): string[];
  settle(id: string, outcome: Outcome): void;
  /** Nothing more is started; what runs goes on until it is settled. */
  stop(): void;
  readonly running: number;
  /** Every node's standing, in the order of dependencies. */
  standings(): ReadonlyMap<string, Standing>;
}

export interface ScheduleOptions {
  /** Most nodes that run at once; all that can, by default. */
  readonly maxParallel?: number;
  /** Expected time of a node, in any one unit: where not all may run, the start of the longest chain goes first. */
  readonly expected?: (id: string) => number;
}

/**
 * Which node may start when: a state machine without clock or IO. A node is ready the moment its own dependencies are
 * done, whatever its neighbours do; a failure blocks only what depends on it, and every failure is kept.
 */
export function createSchedule(graph: Graph, options: ScheduleOptions = {}): Schedule {
  const { maxParallel = Number.POSITIVE_INFINITY, expected = () => 1 } = options;
  if (!(maxParallel >= 1)) throw new RangeError(`maxParallel is ${maxParallel}: nothing could ever start.`);
  const priority =
    maxParallel < graph.order.length ? lengthsToEnd(graph, expected) : new Map<string, number>();
  const status = new Map<string, 'waiting' | 'running' | Outcome>(graph.order.map((id) => [id, 'waiting']));
  const open = new Map([...graph.dependencies].map(([id, wanted]) => [id, wanted.length]));
  const blockers = new Map<string, Set<string>>();
  const ready: string[] = [];
  let running = 0;
  let stopped = false;

  const enqueue = (id: string) => {
    ready.splice(placeFor(id, ready, priority), 0, id);
  };
  const block = (root: string) => {
    const todo = [root];
    for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
      for (const dependent of graph.dependents.get(id) ?? []) {
        const by = blockers.get(dependent) ?? new Set();
        if (by.has(root)) continue;
        blockers.set(dependent, by.add(root));
        todo.push(dependent);
      }
    }
  };
  for (const [id, count] of open) if (count === 0) enqueue(id);

  return {
    get running() {
      return running;
    },
    take() {
      const started = stopped ? [] : ready.splice(0, maxParallel - running);
      running += started.length;
      for (const id of started) status.set(id, 'running');
      return started;
    },
    settle(id, outcome) {
      if (status.get(id) !== 'running') throw new Error(`\`${id}\` was settled but does not run.`);
      status.set(id, outcome);
      running -= 1;
      if (outcome !== 'done') return block(id);
      for (const dependent of graph.dependents.get(id) ?? []) {
        const left = (open.get(dependent) ?? 0) - 1;
        open.set(dependent, left);
        if (left === 0) enqueue(dependent);
      }
    },
    stop() {
      stopped = true;
    },
    standings: () =>
      new Map(
        [...status].map(([id, now]): [string, Standing] => {
          if (now !== 'waiting') return [id, { status: now }];
          const by = blockers.get(id);
          if (by !== undefined) return [id, { status: 'blocked', by: [...by] }];
          return [id, { status: stopped ? 'skipped' : 'waiting' }];
        }),
      ),
  };
}

/** For each node, the length of the longest chain that begins with it. */
function lengthsToEnd(graph: Graph, expected: (id: string) => number): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const id of graph.order.toReversed()) {
    const after = (graph.dependents.get(id) ?? []).map((dependent) => lengths.get(dependent) ?? 0);
    lengths.set(id, after.reduce((longest, length) => Math.max(longest, length), 0) + expected(id));
  }
  return lengths;
}

/** Where `id` belongs in the queue: before all of lower priority, after its equals. */
function placeFor(id: string, ready: readonly string[], priority: ReadonlyMap<string, number>): number {
  const own = priority.get(id) ?? 0;
  let low = 0;
  let high = ready.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((priority.get(ready[middle] ?? '') ?? 0) >= own) low = middle + 1;
    else high = middle;
  }
  return low;
}
