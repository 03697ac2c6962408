import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cli } from './cli.ts';
import { toPhoenixError } from './errors.ts';
import { actionLog, main } from './main.ts';
import { post } from './post.ts';
import { hiddenCommands } from './rehearsal/hidden.ts';
import { isPost } from './state.ts';

/**
 * The one entry of the bundle. With arguments it is the CLI (or one of the processes that the box is made of); without,
 * as the runner starts it, the Action's main or post step.
 */
async function start(): Promise<void> {
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
    process.exitCode = await cli(process.argv.slice(2), world);
  } else if (isPost())
    await post(
      process.env,
      actionLog(process.env, (text) => text),
    );
  else await main(world);
}

function crash(thrown: unknown): void {
  const error = toPhoenixError(thrown);
  process.stderr.write(`${error.code}: ${error.what} ${error.why}\n`);
  process.exit(error.exitCode);
}

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
start().catch(crash);
