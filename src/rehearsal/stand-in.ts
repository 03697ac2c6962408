import { join } from 'node:path';
import { messageOf, PhoenixError } from '../errors.ts';
import { type HostConfig, type StandInLine, standInLine } from './host-protocol.ts';
import type { Program, Supervisor } from './supervisor.ts';

const listensWithinMs = 15_000;

type Listening = StandInLine & { readonly name: string };

/**
 * Starts a box's stand-ins, side by side but for those whose configuration names another: in it, the address
 * `http://NAME.box.invalid` stands for stand-in NAME, whose port is known only once it listens (Infisical must fetch
 * the keys of the OIDC issuer).
 */
export async function startStandIns(
  box: HostConfig,
  supervisor: Supervisor,
  started: (program: Program) => void,
): Promise<Listening[]> {
  const listening = new Map<string, Promise<Listening>>();
  for (const { name, config } of box.standIns) {
    const text = JSON.stringify(config);
    const needed = [...listening].filter(([other]) => text.includes(placeholder(other)));
    const start = async () => {
      const known = await Promise.all(needed.map(([, promise]) => promise));
      const resolved = known.reduce((so, other) => so.replaceAll(placeholder(other.name), other.url), text);
      return await startStandIn({ name, config: resolved, box, supervisor, started });
    };
    listening.set(name, start());
  }
  return Promise.all(listening.values());
}

const placeholder = (name: string) => `http://${name}.box.invalid`;

/** Starts a stand-in as a process of Phoenix itself, and resolves when it says where it listens. */
async function startStandIn(options: {
  readonly name: string;
  /** JSON, on one line. */
  readonly config: string;
  readonly box: HostConfig;
  readonly supervisor: Supervisor;
  readonly started: (program: Program) => void;
}): Promise<Listening> {
  const { name, box } = options;
  const [file = '', ...prefix] = box.self;
  const said = Promise.withResolvers<string>();
  const program = await options.supervisor.start({
    name,
    file,
    args: [...prefix, 'stand-in', name],
    env: standInEnvironment(box),
    cwd: box.dir,
    // In RAM: what a stand-in is asked and says may hold the rehearsal's secrets.
    logFile: join(box.dir, `${name}.log`),
    firstLine: options.config,
    onLine: said.resolve,
  });
  options.started(program);
  const deadline = setTimeout(
    () => said.reject(new Error('it did not say where it listens')),
    listensWithinMs,
  );
  void program.ended.then((how) => said.reject(new Error(`it ended with ${how}`)));
  try {
    const addresses = standInLine.parse(JSON.parse(await said.promise));
    program.declareUp();
    return { name, ...addresses };
  } catch (cause) {
    await program.end();
    throw new PhoenixError({
      code: 'PHX-BOX-STAND-IN',
      class: 'internal',
      what: `The stand-in ${name} did not come up.`,
      why: messageOf(cause),
      next: 'Run again with --debug; if it stays, report it with the output.',
      cause,
    });
  } finally {
    clearTimeout(deadline);
  }
}

/** PATH for `git`; nothing of the user's own settings. */
function standInEnvironment(box: HostConfig): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: box.dir,
    TMPDIR: box.dir,
    GIT_CONFIG_NOSYSTEM: '1',
  };
}
