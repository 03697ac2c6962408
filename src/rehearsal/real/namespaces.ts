import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../../errors.ts';
import type { Program, Supervisor } from '../supervisor.ts';
import { initScript } from './init-script.ts';

/** Namespaces of network, mounts, processes, host name and IPC that live as long as their process 1. */
export interface Namespaces extends AsyncDisposable {
  /** Starts programs in them. */
  readonly inside: Supervisor;
  /** Starts programs in their network alone: with the machine's files, and not ended with them. */
  readonly onNetwork: Supervisor;
}

export interface NamespacesOptions {
  /** RAM folder of the node; visible inside at the same path. */
  readonly dir: string;
  /** Files and folders that are visible inside at the same paths. */
  readonly visible: readonly string[];
  readonly logDir: string;
  readonly supervisor: Supervisor;
  /** Sizes of volumes that differ from the usual, e.g. `castle-0: 8m`. */
  readonly sizes: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const readyWithinMs = 15_000;
const programs = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Makes the namespaces. @throws PhoenixError PHX-BOX-NODE, PHX-BOX-START */
export async function openNamespaces(options: NamespacesOptions): Promise<Namespaces> {
  const { dir, supervisor } = options;
  const [script, ready] = [join(dir, 'node-init.sh'), join(dir, 'node-ready')];
  await rm(ready, { force: true });
  await writeFile(script, initScript(), { mode: 0o600 });
  const sizes = Object.entries(options.sizes).map(([name, size]) => [
    `SIZE_${name.replaceAll('-', '_')}`,
    size,
  ]);
  const program = await supervisor.start({
    name: 'node',
    file: 'unshare',
    args: [
      ...['--net', '--mount', '--pid', '--uts', '--ipc'],
      ...['--fork', '--kill-child', '--mount-proc', '--propagation', 'private'],
      ...['sh', script, ...options.visible],
    ],
    env: { PATH: programs, READY: ready, ...Object.fromEntries(sizes) },
    cwd: dir,
    logFile: join(options.logDir, 'node.log'),
    polite: false,
  });
  try {
    const init = await untilReady(program, ready, options.signal);
    program.declareUp();
    return {
      inside: entering(supervisor, ['--target', `${init}`, '--mount', '--net', '--pid', '--uts', '--ipc']),
      onNetwork: entering(supervisor, ['--target', `${init}`, '--net']),
      [Symbol.asyncDispose]: () => program.end(),
    };
  } catch (error) {
    await program.end();
    throw error;
  }
}

async function untilReady(program: Program, file: string, signal: AbortSignal): Promise<number> {
  const deadline = Date.now() + readyWithinMs;
  let ended: string | undefined;
  void program.ended.then((how) => {
    ended = how;
  });
  while (Date.now() < deadline) {
    if (ended !== undefined) throw notMade(`Its process 1 ended with ${ended}`);
    const said = await readFile(file, 'utf8').catch(() => '');
    if (said.startsWith('ready')) return firstChild(program.pid);
    await sleep(20, undefined, { signal });
  }
  throw notMade(`Its process 1 was not ready within ${readyWithinMs / 1000} s.`);
}

/** `unshare --fork` is the parent of the namespaces' process 1. */
async function firstChild(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const first = Number(children.trim().split(' ')[0]);
  if (first > 0) return first;
  throw notMade('Its process 1 could not be found.');
}

function entering(supervisor: Supervisor, target: readonly string[]): Supervisor {
  return {
    running: supervisor.running,
    died: supervisor.died,
    start: (spec) =>
      supervisor.start({
        ...spec,
        file: 'nsenter',
        args: [...target, '--', spec.file, ...spec.args],
        env: { PATH: programs, ...spec.env },
      }),
  };
}

function notMade(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-NODE',
    class: 'cluster',
    what: 'The namespaces of the node could not be made.',
    why,
    next: 'Run `phoenix doctor --node real` on this machine, read node.log in the logs folder of the rehearsal, and run again.',
  });
}
