import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { endAll } from '../__tests__/support/processes.ts';

/** Where one run of the campaign lives, so that whatever it leaves, anywhere, is found by its mark. */
export interface Place extends AsyncDisposable {
  /** In every path that the run's processes are given. */
  readonly mark: string;
  readonly dir: string;
  /** The repository: castle file, live folder, module. */
  readonly repository: string;
  /** What stands for the cloud: a file an object. */
  readonly cloud: string;
  /** States and locks of a castle that keeps them in a folder. */
  readonly states: string;
  readonly home: string;
  readonly temp: string;
  /** The runner's own folder. */
  readonly runner: string;
  /** PHOENIX_VAULT. */
  readonly vaultRoot: string;
  /** The folder in RAM that the secret lies in. */
  readonly secrets: string;
  /** Aborted when the place is cleared: nothing may be started in it any more. */
  readonly closed: AbortSignal;
  /** The state server's folder. It does not bear the mark: a power cut of the run's machine leaves the server. */
  readonly served: string;
}

const open = new Set<Place>();
let interrupted = false;

/** A program that is interrupted first ends all that runs in its places, and removes them. */
export function clearOnInterrupt(): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, async () => {
      interrupted = true;
      await Promise.allSettled([...open].map((place) => place[Symbol.asyncDispose]()));
      process.exit(130);
    });
  }
}

export async function makePlace(name: string): Promise<Place> {
  if (interrupted) throw new Error('interrupted');
  const closing = new AbortController();
  const dir = await mkdtemp(join(tmpdir(), `phoenix-${name}-`));
  const mark = basename(dir);
  const served = await mkdtemp(join(tmpdir(), 'phoenix-states-'));
  const below = (folder: string) => join(dir, folder);
  const place = {
    mark,
    dir,
    repository: below('repository'),
    cloud: below('cloud'),
    states: below('states'),
    home: below('home'),
    temp: below('tmp'),
    runner: below('runner'),
    vaultRoot: join('/dev/shm', mark),
    secrets: join('/dev/shm', `${mark}-secrets`),
    served,
  };
  const { repository, cloud, states, home, temp, runner, vaultRoot, secrets } = place;
  for (const folder of [repository, cloud, states, home, temp, runner, vaultRoot, secrets])
    await mkdir(folder, { mode: 0o700 });
  const made: Place = {
    ...place,
    closed: closing.signal,
    async [Symbol.asyncDispose]() {
      open.delete(made);
      closing.abort(new Error('the place is cleared'));
      await endAll(mark);
      for (const folder of [dir, served, vaultRoot, secrets])
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  open.add(made);
  return made;
}
