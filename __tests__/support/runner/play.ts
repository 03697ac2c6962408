import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Running } from '../cli.ts';
import type { World } from '../world.ts';
import { parseCommandFile } from './command-files.ts';

/** Plays the GitHub runner for one step: inputs as INPUT_*, the command files, and main's state as STATE_* for post. */
export interface Runner {
  main(inputs: Readonly<Record<string, string>>, more?: Readonly<Record<string, string>>): Promise<Running>;
  /** As the runner does it, whatever became of main. */
  post(more?: Readonly<Record<string, string>>): Promise<Running>;
  /** What was written to GITHUB_OUTPUT, GITHUB_STATE: name → value. */
  written(file: 'OUTPUT' | 'STATE'): Promise<Map<string, string>>;
  summary(): Promise<string>;
}

export async function playRunner(world: World): Promise<Runner> {
  const folder = join(world.dir, 'home', '_runner_file_commands');
  await mkdir(folder, { recursive: true });
  const names = ['OUTPUT', 'STATE', 'ENV', 'PATH', 'STEP_SUMMARY'];
  const files = Object.fromEntries(names.map((name) => [`GITHUB_${name}`, join(folder, name)]));
  for (const file of Object.values(files)) await writeFile(file, '');
  const written = async (name: string) =>
    parseCommandFile(await readFile(files[`GITHUB_${name}`] ?? '', 'utf8'));
  const event = join(world.dir, 'home', 'event.json');
  await writeFile(event, '{}');
  const env = {
    ...files,
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_EVENT_PATH: event,
    GITHUB_REF: 'refs/heads/main',
    RUNNER_TEMP: join(world.dir, 'home'),
  };
  return {
    written,
    summary: () => readFile(files['GITHUB_STEP_SUMMARY'] ?? '', 'utf8'),
    main: (inputs, more = {}) =>
      world.start([], {
        ...env,
        ...more,
        ...Object.fromEntries(
          Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
        ),
      }),
    async post(more = {}) {
      const state = [...(await written('STATE'))].map(([name, value]) => [`STATE_${name}`, value]);
      // As src/action-post.ts says it.
      return world.start([], { ...env, ...more, ...Object.fromEntries(state), STATE_phase: 'post' });
    },
  };
}

/** Names below the vault's root that look like a run's vault. */
export async function vaultsOf(world: World): Promise<string[]> {
  return (await readdir(world.vault)).filter((name) => name.startsWith('phoenix-vault-'));
}
