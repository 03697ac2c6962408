import { type ParseArgsOptionDescriptor, parseArgs } from 'node:util';
import { listenForCancellation } from './cancellation.ts';
import { runCommand } from './commands/run.ts';
import type { Edge } from './edge.ts';
import { explain, PhoenixError, toPhoenixError, whatAndWhere } from './errors.ts';
import { helpText, terminalFlagNames } from './help.ts';
import { createLog } from './log.ts';
import {
  type CommandName,
  commandNames,
  type OptionKind,
  optionKinds,
  parseRequest,
  type Request,
} from './request.ts';
import { recordPrinted } from './vault/printed.ts';
import { createRedactor } from './vault/redact.ts';

type Process = Pick<Edge, 'env' | 'cwd' | 'home' | 'self'>;

interface Terminal {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly debug: boolean;
}

/** The CLI. Returns the exit code; everything it says to people goes to stderr when stdout is for machines. */
export async function cli(args: readonly string[], world: Process): Promise<number> {
  const redactor = createRedactor();
  const redact = (text: string) => redactor.redact(text);
  using printed = recordPrinted([process.stdout, process.stderr]);
  let terminal: Terminal = { json: false, quiet: false, color: false, debug: args.includes('--debug') };
  try {
    const parsed = parse(args, world.env);
    terminal = parsed.terminal;
    if (parsed.help !== undefined) {
      process.stdout.write(parsed.help);
      return 0;
    }
    const out = terminal.json ? process.stderr : process.stdout;
    const log = createLog({ out, ...terminal, redact });
    using cancellation = listenForCancellation((text) => log.warn(text));
    const edge = {
      ...world,
      log,
      redactor,
      printed,
      signal: cancellation.signal,
      fetch: globalThis.fetch,
      onRun: () => {},
      onCancel: 'drain' as const,
    };
    const result = await runCommand(parsed.request, edge);
    const width = Math.min(120, process.stdout.columns ?? 100);
    if (terminal.json) process.stdout.write(`${JSON.stringify(result.json, null, 2)}\n`);
    else process.stdout.write(`${redact(result.text({ color: terminal.color, width }))}\n`);
    return result.exitCode;
  } catch (thrown) {
    const error = toPhoenixError(thrown);
    process.stderr.write(`${redact(explain(error))}\n`);
    if (terminal.json) {
      const { code, why, next } = error;
      const what = whatAndWhere(error);
      process.stdout.write(`${redact(JSON.stringify({ error: { code, what, why, next } }, null, 2))}\n`);
    }
    if (terminal.debug && error.cause instanceof Error)
      process.stderr.write(`${redact(error.cause.stack ?? '')}\n`);
    return error.exitCode;
  }
}

type Parsed = { readonly terminal: Terminal } & (
  | { readonly help: string }
  | { readonly help?: undefined; readonly request: Request }
);

function parse(args: readonly string[], env: NodeJS.ProcessEnv): Parsed {
  const { values, positionals } = read(args);
  const terminal: Terminal = {
    json: values['json'] === true,
    quiet: values['quiet'] === true,
    color: !values['no-color'] && !env['NO_COLOR'] && !values['json'] && process.stdout.isTTY === true,
    debug: values['debug'] === true,
  };
  const [command, ...rest] = positionals;
  if (values['help'] || (command === undefined && args.length === 0)) {
    const known = commandNames.find((name) => name === command);
    return { terminal, help: helpText(known as CommandName | undefined) };
  }
  if (rest.length > 0) throw usage(`"${rest[0]}" is one word too many: a command takes options only.`);
  const given = [...optionKinds].flatMap(([name, kind]) => {
    const value = values[name];
    if (value === undefined) return [];
    return [[name, kind === 'list' ? split([value].flat()) : value] as const];
  });
  const request = parseRequest({ command, ...Object.fromEntries(given) }, (option) =>
    option === 'command' ? 'the first word' : `--${option}`,
  );
  return { terminal, request };
}

/** How parseArgs takes an option of each kind. */
const written = {
  flag: { type: 'boolean' },
  list: { type: 'string', multiple: true },
  text: { type: 'string' },
} as const satisfies Record<OptionKind, ParseArgsOptionDescriptor>;

function read(args: readonly string[]) {
  const options = new Map<string, ParseArgsOptionDescriptor>([
    ...[...optionKinds].map(([name, kind]) => [name, written[kind]] as const),
    ...terminalFlagNames.map((name) => [name, written.flag] as const),
    ['help', { ...written.flag, short: 'h' }],
  ]);
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: Object.fromEntries(options) });
  } catch (cause) {
    throw usage(
      cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : 'The options cannot be read.',
    );
  }
}

function split(entries: readonly (string | boolean)[]): string[] {
  return entries
    .flatMap((entry) => String(entry).split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function usage(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-INPUT-USAGE',
    class: 'input',
    what: 'The command line cannot be read.',
    why,
    next: 'Run `phoenix --help` for the commands and their options.',
  });
}
