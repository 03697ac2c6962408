import { parseArgs } from 'node:util';
import { listenForCancellation } from './cancellation.ts';
import { runCommand } from './commands/run.ts';
import type { Edge } from './edge.ts';
import { explain, PhoenixError, toPhoenixError, whatAndWhere } from './errors.ts';
import { helpText } from './help.ts';
import { createLog } from './log.ts';
import { type CommandName, commandNames, parseRequest, type Request } from './request.ts';
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
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    color: !values['no-color'] && !env['NO_COLOR'] && !values.json && process.stdout.isTTY === true,
    debug: values.debug ?? false,
  };
  const [command, ...rest] = positionals;
  if (values.help || (command === undefined && args.length === 0)) {
    const known = commandNames.find((name) => name === command);
    return { terminal, help: helpText(known as CommandName | undefined) };
  }
  if (rest.length > 0) throw usage(`"${rest[0]}" is one word too many: a command takes options only.`);
  const {
    castle,
    report,
    trust,
    from,
    confirm,
    mode,
    runners,
    reports,
    history,
    affected,
    base,
    changes,
    comment,
    seed,
  } = values;
  const given = Object.entries({
    castle,
    report,
    trust,
    from,
    confirm,
    mode,
    runners,
    reports,
    history,
    affected,
    base,
    changes,
    comment,
    seed,
  }).filter(([, value]) => value !== undefined);
  const lists = { only: split(values.only), fault: split(values.fault), results: split(values.results) };
  const request = parseRequest({ command, ...Object.fromEntries(given), ...lists }, (option) =>
    option === 'command' ? 'the first word' : `--${option}`,
  );
  return { terminal, request };
}

function read(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        castle: text,
        report: text,
        from: text,
        mode: text,
        runners: text,
        confirm: text,
        reports: text,
        history: flag,
        results: list,
        affected: flag,
        base: text,
        seed: text,
        only: list,
        trust: flag,
        changes: flag,
        comment: flag,
        fault: list,
        json: flag,
        quiet: flag,
        'no-color': flag,
        debug: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (cause) {
    throw usage(
      cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : 'The options cannot be read.',
    );
  }
}

function split(entries: readonly string[] | undefined): string[] {
  return (entries ?? [])
    .flatMap((entry) => entry.split(','))
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
