/** What one change of one resource took. */
export interface TimedResource {
  readonly address: string;
  /** As the engine calls it: create, update, delete, read … */
  readonly action: string;
  readonly seconds: number;
}

/** So many are kept of a layer, however many it has. */
const kept = 10;

export interface Slowest {
  /** The longest first. */
  readonly list: readonly TimedResource[];
  start(address: string, at: number): void;
  /** Times are the engine's own (epoch ms); where no start was seen, its word for the whole seconds holds. */
  end(hook: Ended, at: number): void;
}

interface Ended {
  readonly resource: { readonly addr: string };
  readonly action?: string | undefined;
  readonly elapsed_seconds?: number | undefined;
}

/** Keeps what took longest, in bounded memory: what has begun and not ended, and the ten longest. */
export function createSlowest(): Slowest {
  const list: TimedResource[] = [];
  const started = new Map<string, number>();
  return {
    list,
    start(address, at) {
      started.set(address, at);
    },
    end({ resource: { addr }, action = 'read', elapsed_seconds: told }, at) {
      const from = started.get(addr);
      started.delete(addr);
      const seconds = from === undefined || !(at >= from) ? told : (at - from) / 1000;
      if (seconds === undefined) return;
      const place = list.findIndex((each) => each.seconds < seconds);
      list.splice(place < 0 ? list.length : place, 0, { address: addr, action, seconds });
      list.length = Math.min(list.length, kept);
    },
  };
}

/** Those of several attempts or layers as one list. */
export function slowestOf<T extends TimedResource>(lists: readonly (readonly T[])[]): T[] {
  return lists
    .flat()
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, kept);
}
