import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explain, PhoenixError, toPhoenixError } from './errors.ts';
import { hiddenCommands } from './rehearsal/hidden.ts';
import { isPost } from './state.ts';

const leastNode = 24;

/**
 * The one entry of the bundle. With arguments it is the CLI (or one of the processes that the box is made of); without,
 * as the runner starts it, the Action's main or post step.
 */
async function start(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < leastNode) {
    throw new PhoenixError({
      code: 'PHX-INPUT-NODE',
      class: 'input',
      what: `Phoenix needs Node ${leastNode}; this is Node ${process.versions.node}.`,
      why: 'It was started by the Node of this machine, and not by the one that its own packages bring.',
      next: 'Run `npm ci` once, then start Phoenix by `npm run rebirth` or `npx node dist/index.js`.',
    });
  }
  const file = fileURLToPath(import.meta.url);
  const world = {
    env: process.env,
    cwd: process.cwd(),
    home: dirname(dirname(file)),
    self: [process.execPath, file],
  };
  const [first, ...rest] = process.argv.slice(2);
  const hidden = hiddenCommands.get(first ?? '');
  if (hidden !== undefined) await hidden(rest);
  else if (first !== undefined || process.env['GITHUB_ACTIONS'] !== 'true') {
    const { cli } = await import(/* webpackMode: "eager" */ './cli.ts');
    process.exitCode = await cli(process.argv.slice(2), world);
  } else if (isPost()) {
    const { post } = await import(/* webpackMode: "eager" */ './post.ts');
    await post(world);
  } else {
    const { main } = await import(/* webpackMode: "eager" */ './main.ts');
    await main(world);
  }
}

function crash(thrown: unknown): void {
  const error = toPhoenixError(thrown);
  process.stderr.write(`${explain(error)}\n`);
  process.exit(error.exitCode);
}

// Whoever read the output may be gone (a closed terminal, a killed runner); the work is not over for that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
start().catch(crash);
