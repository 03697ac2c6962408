import { setFailed } from '@actions/core';
import { messageOf } from './errors.ts';
import type { Log } from './log.ts';
import { savedVault } from './state.ts';
import { sweepVaults, vaultRoot, wipe } from './vault/vault.ts';

/** The clean-up after main, however main ended. Each step runs whatever the others did; any failure shows. */
export async function post(env: NodeJS.ProcessEnv, log: Log): Promise<void> {
  const steps: readonly [name: string, run: () => Promise<void>][] = [
    [
      "wipe this run's vault",
      async () => {
        const vault = savedVault();
        if (vault !== undefined) await wipe(vault);
      },
    ],
    [
      'sweep vaults of dead runs',
      async () => {
        for (const dir of await sweepVaults(vaultRoot(env)))
          log.warn(`wiped the vault ${dir} of a run that died`);
      },
    ],
  ];
  for (const [name, run] of steps) {
    try {
      await run();
    } catch (thrown) {
      setFailed(`post: could not ${name}: ${messageOf(thrown)}`);
    }
  }
}
