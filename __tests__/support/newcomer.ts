import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Report, reportSchema } from '../../src/report/schema.ts';
import { actBinary } from './act.ts';
import { artifactServer } from './artifact-server.ts';

const root = join(import.meta.dirname, '..', '..');
/** What the copies of the examples call, and act finds in a folder. */
const released = 'phoenix-box/phoenix';

/** What a repository holds beside its callers. */
export interface Content {
  readonly castleFile: string;
  plant(dir: string): void;
}

const boxCastle: Content = {
  castleFile: 'castle/live/box/phoenix.yaml',
  plant(dir) {
    for (const part of ['castle/modules', 'castle/gitops', 'castle/live/box'])
      cpSync(join(root, part), join(dir, part), { recursive: true });
  },
};

/** The token of every job, for the stand-ins of GitHub's API. */
export const jobToken = 'ghs_of-a-newcomers-job';

export interface ActRun {
  readonly status: number | null;
  readonly output: string;
  /** The report of the whole run, as its last job wrote it. */
  readonly report: Report | undefined;
}

/** A repository as a newcomer has it: a castle (that of the box, if no other), and the examples of callers with their own names filled in. */
export interface Newcomer extends AsyncDisposable {
  readonly dir: string;
  /** Commits what the working tree has by now; returns the commit. */
  commit(message: string): string;
  git(...args: string[]): string;
  /** Runs the workflow `example` under act as GitHub would for `event`. */
  act(
    example: string,
    event: string,
    payload: object,
    env: Readonly<Record<string, string>>,
  ): Promise<ActRun>;
}

export async function newcomer(content: Content = boxCastle): Promise<Newcomer> {
  const home = await mkdtemp(join(tmpdir(), 'phoenix-newcomer-'));
  const dir = join(home, 'castle');
  const phoenix = join(home, 'phoenix');
  const kept = join(home, 'kept');
  const artifacts = await artifactServer();
  mkdirSync(kept);
  mkdirSync(dir);
  content.plant(dir);
  plantCallers(join(dir, '.github/workflows'), content.castleFile);
  plantPhoenix(phoenix, kept);
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-C', dir, '-c', 'user.name=Newcomer', '-c', 'user.email=newcomer@phoenix.invalid', ...args],
      { encoding: 'utf8' },
    ).trim();
  const commit = (message: string) => {
    git('add', '--all', '--force');
    git('commit', '--quiet', '--allow-empty', '--message', message);
    return git('rev-parse', 'HEAD');
  };
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', dir]);
  git('remote', 'add', 'origin', 'https://github.com/newcomer/castle');
  commit('the castle');
  let runs = 0;
  return {
    dir,
    git,
    commit,
    async act(example, event, payload, env) {
      runs += 1;
      const eventFile = join(home, 'event.json');
      writeFileSync(eventFile, JSON.stringify(payload));
      const report = join(kept, 'phoenix-report.json');
      await rm(report, { force: true });
      const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'phoenix', 'tools');
      const given = {
        RUNNER_TOOL_CACHE: cache,
        GITHUB_RUN_ID: `${process.pid}${runs}`,
        PHOENIX_STATE: join(home, 'state'),
        ...artifacts.env,
        ...env,
      };
      artifacts.clear();
      const child = spawn(
        actBinary(),
        [
          event,
          ...['--workflows', join(dir, '.github/workflows', `${example}.yml`), '--eventpath', eventFile],
          ...['self-hosted', 'proxmox'].flatMap((label) => ['--platform', `${label}=-self-hosted`]),
          ...['--local-repository', `${released}@v1=${phoenix}`],
          ...['--secret', `GITHUB_TOKEN=${jobToken}`],
          ...Object.entries(given).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
        ],
        {
          cwd: dir,
          stdio: ['ignore', 'pipe', 'pipe'],
          // The runner brings Node 24 along; act takes what is first on PATH.
          env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
        },
      );
      const [stdout, stderr, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ]);
      return { status: status as number | null, output: `${stdout}${stderr}`, report: reportIn(report) };
    },
    async [Symbol.asyncDispose]() {
      await artifacts[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function reportIn(file: string): Report | undefined {
  try {
    return reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The examples as a newcomer copies them: the owner, the commit and the path of the castle file filled in. */
function plantCallers(folder: string, castleFile: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yml'))) {
    const example = readFileSync(join(root, 'examples', file), 'utf8');
    const own = asActTakes(example)
      .replaceAll(/OWNER\/phoenix(\S+)@0{40}.*$/gm, `${released}$1@v1`)
      .replaceAll(/castle: (?:twin\/)?phoenix\.yaml/g, `castle: ${castleFile}`)
      .replaceAll('confirm: twin', 'confirm: box');
    writeFileSync(join(folder, file), own);
  }
}

/**
 * Phoenix as a release of it is checked out. What writes the report of the whole keeps a copy for the test, since act
 * removes a job's folder.
 */
function plantPhoenix(folder: string, kept: string): void {
  for (const part of ['action.yml', 'phoenix.lock', 'dist', '.github/workflows'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  const workflows = join(folder, '.github/workflows');
  for (const file of readdirSync(workflows)) {
    const text = asActTakes(readFileSync(join(workflows, file), 'utf8'));
    writeFileSync(join(workflows, file), keepingReport(text, kept));
  }
}

/** act 0.2.89 knows neither a queue of more than one nor `$/`. */
function asActTakes(workflow: string): string {
  return workflow
    .replaceAll(/^ +queue: max\n/gm, '')
    .replaceAll(/uses: \$\/$/gm, `uses: ${released}@v1`)
    .replaceAll(/uses: \$\/(\S+)$/gm, `uses: ${released}/$1@v1`);
}

function keepingReport(workflow: string, kept: string): string {
  const step = `      - if: always()\n        run: cp phoenix-report.json ${kept}/ || true\n`;
  const jobs = workflow.split(/(?=^ {2}[\w-]+:\n)/m);
  return jobs
    .map((job) => (/command: (?:report|rebirth|destroy)$/m.test(job) ? `${job.trimEnd()}\n${step}` : job))
    .join('');
}
