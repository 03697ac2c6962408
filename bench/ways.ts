import { access, copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reportSchema } from '../src/report/schema.ts';
import { openMatrix } from './matrix.ts';
import type { Site } from './site.ts';
import { type Program, type Timed, timed } from './timed.ts';
import { longestPath, stages, type Tree } from './trees.ts';

export const wayNames = ['limit', 'bash', 'seq', 'tg', 'job', 'affected', 'matrix'] as const;
export type WayName = (typeof wayNames)[number];

export interface Way {
  readonly name: WayName;
  readonly says: string;
  /** Whether it brings up the whole tree; the limit only walks the path that nobody can beat. */
  readonly whole: boolean;
  /** Once for a site, not timed. */
  prepare?(site: Site): Promise<void>;
  run(site: Site, log: string): Promise<Timed>;
  /** Why it cannot be measured here, if it cannot. */
  missing?(asked: { readonly phoenix: string; readonly noChange: boolean }): Promise<string | undefined>;
}

const turbo = join(import.meta.dirname, 'turbo.sh');

export const ways: readonly Way[] = [
  {
    name: 'limit',
    says: 'bare tofu apply, initialised, along the critical path',
    whole: false,
    async prepare({ tree, plot, tools, env }) {
      for (const { name } of longestPath(tree)) {
        const cwd = join(plot.root, 'limit', name);
        await mkdir(cwd, { recursive: true });
        await copyFile(join(plot.root, 'modules', 'work', 'main.tf'), join(cwd, 'main.tf'));
        // Only where a provider is to be installed.
        await cp(join(plot.live, name), cwd, {
          recursive: true,
          filter: (path) => !/terragrunt/.test(basename(path)),
        });
        const args = ['init', '-input=false', '-no-color'];
        await timed({ file: tools.tofu, args, cwd, env }, join(plot.root, 'init.log'));
      }
    },
    async run({ tree, plot, tools, env }, log) {
      let seconds = 0;
      for (const { name, seconds: work } of longestPath(tree)) {
        const args = ['apply', '-auto-approve', '-input=false', `-var=name=${name}`, `-var=seconds=${work}`];
        seconds += (await timed({ file: tools.tofu, args, cwd: join(plot.root, 'limit', name), env }, log))
          .seconds;
      }
      return { seconds, peakRssBytes: 0 };
    },
  },
  {
    name: 'bash',
    says: "the document's turbo script: stages with a barrier after each",
    whole: true,
    run: (site, log) => timed(script(site, stages(site.tree)), log),
  },
  {
    name: 'seq',
    says: 'one layer after the other, as V1',
    whole: true,
    run: (site, log) =>
      timed(
        script(
          site,
          stages(site.tree).flatMap((stage) => stage.map((layer) => [layer])),
        ),
        log,
      ),
  },
  {
    name: 'tg',
    says: 'terragrunt run --all apply',
    whole: true,
    run: ({ plot, tools, env }, log) =>
      timed({ file: tools.terragrunt, args: ['run', '--all', 'apply'], cwd: plot.live, env }, log),
  },
  {
    name: 'job',
    says: 'phoenix rebirth',
    whole: true,
    missing: ({ phoenix }) => unbuilt(phoenix),
    run: (site, log) => timedRebirth(site, log),
  },
  {
    name: 'affected',
    says: 'phoenix rebirth --affected after a push that touches no layer: it runs none, and asks no provider',
    whole: true,
    missing: async ({ phoenix, noChange }) =>
      noChange ? unbuilt(phoenix) : 'where everything is to be applied every layer is affected',
    prepare: async (site) => {
      await timedRebirth(site, join(site.plot.root, 'prepare.log'));
    },
    async run(site, log) {
      await commit(site, log);
      return timedRebirth(site, log, '--affected', '--base', 'HEAD');
    },
  },
  {
    name: 'matrix',
    says: 'the workflow rebirth in matrix mode under act, with checkouts and jobs',
    whole: true,
    missing: ({ phoenix }) => unbuilt(phoenix),
    async run(site, log) {
      await using matrix = await openMatrix(site);
      return await matrix.run(log);
    },
  },
];

async function timedRebirth({ plot, phoenix, env }: Site, log: string, ...more: string[]): Promise<Timed> {
  const args = [phoenix, 'rebirth', '--castle', plot.castle, '--report', plot.report, '--no-color', ...more];
  const result = await timed({ file: process.execPath, args, cwd: plot.root, env }, log);
  return { ...result, report: reportSchema.parse(JSON.parse(await readFile(plot.report, 'utf8'))) };
}

/** The tree as a clone has it. */
async function commit({ plot, env }: Site, log: string): Promise<void> {
  await writeFile(join(plot.root, '.gitignore'), '.*/\nphoenix-report.json\nstate/\n');
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@phoenix.invalid'];
  for (const args of [
    ['init', '--quiet'],
    ['add', '--all'],
    [...identity, 'commit', '--quiet', '--allow-empty', '--message=The tree'],
  ])
    await timed({ file: 'git', args, cwd: plot.root, env }, log);
}

function unbuilt(phoenix: string): Promise<string | undefined> {
  return access(phoenix).then(
    () => undefined,
    () => 'not built: run `npm run build`',
  );
}

function script({ plot, env }: Site, order: readonly Tree[]): Program {
  const words = order.map((stage) => stage.map(({ name }) => name).join(','));
  return { file: turbo, args: [plot.live, ...words], cwd: plot.root, env };
}
