import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import { storeBeside } from '../lease/beside.ts';
import { dirStore } from '../lease/dir.ts';
import type { Store } from '../lease/store.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { endsWithRun } from '../rehearsal/lasting.ts';
import { type Keepsake, keepsakeError, keepsakeForm } from './record.ts';

/** What is kept of one castle. Its calls throw PHX-KEEPSAKE-STORE. */
export interface KeepsakeStore {
  readonly place: string;
  /** Whether runs on other machines find it too. */
  readonly shared: boolean;
  read(): Promise<Keepsake>;
  /** Writes what `change` makes of what is there; only the castle's holder may, so nobody writes in between. */
  write(change: (kept: Keepsake) => Keepsake): Promise<void>;
}

const triesAtMost = 5;

/**
 * Beside the castle's states, as its lease; on this machine where they have no place for it. What is kept of a box that
 * ends with its run lies in that run's own folder: the next run's box has never lived before.
 */
export function openKeepsake({
  run,
  states,
  edge,
}: Pick<Prepared, 'states'> & {
  readonly run: {
    readonly castle: Pick<Castle, 'name' | 'box'>;
    readonly home: string;
    readonly journal: Pick<Journal, 'dir'>;
  };
  readonly edge: Pick<Edge, 'fetch' | 'env'>;
}): KeepsakeStore {
  const { castle } = run;
  const home = endsWithRun(castle, edge.env) ? run.journal.dir : run.home;
  const beside =
    typeof states === 'string'
      ? states
      : storeBeside(states.state, `phoenix-keepsake-${castle.name}`, keepsakeForm, {
          castle: castle.name,
          env: states.env,
          fetch: edge.fetch,
        });
  const shared = typeof beside !== 'string';
  const store = shared ? beside : dirStore(join(home, 'keepsake'), keepsakeForm);
  return { place: store.place, shared, ...callsOf(store, castle.name) };
}

function callsOf(store: Store<Keepsake>, castle: string): Pick<KeepsakeStore, 'read' | 'write'> {
  const found = () => store.read().catch((error: unknown) => Promise.reject(told(store, error)));
  return {
    async read() {
      const kept = (await found())?.record ?? { format: 1, castle };
      if (kept.castle === castle) return kept;
      throw keepsakeError(store.place, `It is of the castle ${kept.castle}, and this one is ${castle}.`);
    },
    async write(change) {
      for (let tries = 1; tries <= triesAtMost; tries += 1) {
        const before = await found();
        const next = change(before?.record ?? { format: 1, castle });
        try {
          if ((await store.write(next, before?.version)) !== undefined) return;
        } catch (error) {
          throw told(store, error);
        }
      }
      throw keepsakeError(store.place, 'It changes under our hands.');
    },
  };
}

/** The stores speak of leases. */
function told({ place }: Store<Keepsake>, error: unknown): PhoenixError {
  if (error instanceof PhoenixError)
    return error.code === 'PHX-KEEPSAKE-STORE' ? error : keepsakeError(place, error.why, error);
  return keepsakeError(place, messageOf(error), error);
}
