import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { newcomer } from '../__tests__/support/newcomer.ts';
import type { Site } from './site.ts';
import type { Timed } from './timed.ts';

/** The planted tree as a repository whose workflow is run by act, as its first push would run it. */
export interface Matrix extends AsyncDisposable {
  /** Throws, with the end of what act said, where the castle was not reborn. */
  run(log: string): Promise<Timed>;
}

const zero = '0'.repeat(40);

export async function openMatrix({ plot, env }: Site): Promise<Matrix> {
  const repository = await newcomer({
    castleFile: 'phoenix.yaml',
    plant(dir) {
      for (const part of ['live', 'modules', 'phoenix.yaml'])
        cpSync(join(plot.root, part), join(dir, part), {
          recursive: true,
          filter: (source) => basename(source) !== '.terragrunt-cache',
        });
    },
  });
  const caller = join(repository.dir, '.github/workflows/push.yml');
  const text = readFileSync(caller, 'utf8')
    .replace('runners: 3', 'runners: 3\n      mode: matrix')
    .replace('      affected: true\n', '');
  writeFileSync(caller, text);
  const after = repository.commit('as a matrix');
  const payload = {
    ref: 'refs/heads/main',
    before: zero,
    after,
    created: true,
    forced: false,
    repository: { default_branch: 'main', full_name: 'newcomer/castle' },
  };
  return {
    async run(log) {
      const started = performance.now();
      const { PATH: _, HOME: __, ...given } = env;
      const { status, output, report } = await repository.act('push', 'push', payload, given);
      const seconds = (performance.now() - started) / 1000;
      await writeFile(log, output);
      if (status === 0 && report?.verdict === 'reborn' && report.mode === 'matrix')
        return { seconds, peakRssBytes: 0, report };
      throw new Error(`act ended with ${status}:\n${output.trimEnd().split('\n').slice(-40).join('\n')}`);
    },
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}
