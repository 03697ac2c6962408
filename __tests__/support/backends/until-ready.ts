import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until `ready` says yes; what it throws counts as no. Fails after 20 s. */
export async function untilReady(what: string, ready: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      if (await ready()) return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} did not come up`, { cause: error });
    }
    if (Date.now() > deadline) throw new Error(`${what} did not come up`);
    await sleep(50);
  }
}
