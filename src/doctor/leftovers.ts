import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readProcesses } from '../journal/processes.ts';
import { readRuns, whereItDied } from '../journal/record.ts';
import { enginesOf } from '../layer/engines.ts';
import { erroredState } from '../layer/rescue.ts';
import { sweptRoots } from '../vault/root.ts';
import { abandonedVaults } from '../vault/sweep.ts';
import { type Check, listed, ofCastle, ok, warning } from './check.ts';
import { deadRuns, shownRun } from './dead-runs.ts';

export const runs: Check = {
  id: 'leftovers.runs',
  why: 'A run that died may have left engines at work, locks, states, logins and secrets in RAM.',
  look: ofCastle(async (_, home) => {
    const dead = await deadRuns(home);
    if (dead.length === 0)
      return ok('every run of this castle on this machine ended in order or was cleaned up after');
    const shown = dead.map((record) => `${shownRun(record)} died ${whereItDied(record)}`);
    return warning(listed(shown), 'Nothing: a rebirth cleans this up first.');
  }),
};

export const engines: Check = {
  id: 'leftovers.engines',
  why: 'An engine that outlived its run holds the lock of its state, and still changes things.',
  look: ofCastle(async (_, home) => {
    const shown: string[] = [];
    const waiting: number[] = [];
    for (const record of await deadRuns(home)) {
      const asked = new Set(record.interrupted.map(({ pid, startTime }) => `${pid}/${startTime}`));
      for (const engine of await enginesOf({ dir: record.dir, write() {} }).alive()) {
        const stopping = asked.has(`${engine.pid}/${engine.startTime}`);
        shown.push(`${engine.layer} (process ${engine.pid}, ${stopping ? 'asked to stop' : engine.command})`);
        if (!stopping) waiting.push(engine.pid);
      }
    }
    if (shown.length === 0) return ok('no engine of a dead run is at work');
    // Twice would make it drop its state; see layer/engines.ts.
    const stop =
      waiting.length === 0 ? '' : ` To stop it now, once and never twice: kill -INT ${waiting.join(' ')}`;
    return warning(`still at work: ${listed(shown)}`, `Let it end; a rebirth waits for it first.${stop}`);
  }),
};

export const vaults: Check = {
  id: 'leftovers.vaults',
  why: 'It may hold the secrets of a run that died, in RAM until the machine is booted anew.',
  async look({ edge }) {
    const roots = await sweptRoots(edge.env);
    const left = await abandonedVaults(roots);
    if (left.length === 0) return ok(`no vault of a dead run below ${roots.join(', ')}`);
    return warning(listed(left), 'Nothing: a rebirth cleans this up first.');
  },
};

export const states: Check = {
  id: 'leftovers.states',
  why: 'It is the only record of what a layer has made; without it the layer would make it again.',
  look: ofCastle(async (_, home) => {
    const left = [...(await rescued(home)), ...(await unsaved(home))];
    if (left.length === 0) return ok('no state waits for its backend');
    return warning(
      `waiting for their backend: ${listed(left.map(({ layer, file }) => `${file} (${layer})`))}`,
      `Keep it. A rebirth brings it to its backend before the layer runs; by hand, in the folder of the unit: terragrunt state push ${left[0]?.file}`,
    );
  }),
};

interface Waiting {
  readonly layer: string;
  readonly file: string;
}

/** Kept in the castle's home, see layer/rescue.ts: a folder a layer, `/` in its name written `__`. */
async function rescued(home: string): Promise<Waiting[]> {
  const folder = join(home, 'rescued');
  const names = await readdir(folder).catch(() => [] as string[]);
  const each = names.map(async (name) => {
    const files = await readdir(join(folder, name)).catch(() => [] as string[]);
    return files.map((file) => ({ layer: name.replaceAll('__', '/'), file: join(folder, name, file) }));
  });
  return (await Promise.all(each)).flat();
}

/** Where engines ran, in this checkout or one before. */
async function unsaved(home: string): Promise<Waiting[]> {
  const records = (await Promise.all((await readRuns(home)).map(({ dir }) => readProcesses(dir)))).flat();
  const byFile = new Map(
    records
      .filter(({ role }) => role === 'engine')
      .map(({ layer, dir }) => [join(dir, erroredState), layer] as const),
  );
  return [...byFile].filter(([file]) => existsSync(file)).map(([file, layer]) => ({ layer, file }));
}
