import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Captured } from '../command.ts';
import { PhoenixError } from '../errors.ts';
import { collectorPercent, collectRarely } from '../layer/collector.ts';

export interface Terragrunt {
  /** The Terragrunt binary. */
  readonly terragrunt: string;
  /** The engine it is told to use; discovery only asks it for its version. */
  readonly tofu: string;
  /** The environment, already cut down to what layers may see. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const deadlineSeconds = 60;
const common = ['--no-color', '--non-interactive', '--no-tips', '--no-filters-file'];

/**
 * Asks Terragrunt a question about the tree at `dir` and keeps the answer. It runs in a group of its own that an
 * abort or the deadline ends as a whole, for a tree may call any program by `run_cmd`. Throws PHX-PLAN-TERRAGRUNT,
 * PHX-PLAN-DEADLINE, or the abort's reason.
 */
export async function ask(
  { terragrunt, tofu, env, signal }: Terragrunt,
  args: readonly string[],
  dir: string,
): Promise<Captured> {
  signal.throwIfAborted();
  const child = spawn(terragrunt, [...args, ...common, '--working-dir', dir], {
    cwd: dir,
    env: { ...collectRarely(env, collectorPercent.terragrunt), TG_TF_PATH: tofu },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000);
  const either = AbortSignal.any([signal, deadline]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => {
    if (child.pid !== undefined) killGroup(child.pid);
    // A grandchild that left the group may hold the pipes open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
    reject(signal.aborted ? signal.reason : tooLate(args));
  };
  either.addEventListener('abort', end, { once: true });
  const exit = new Promise<number>((resolve, fail) => {
    child.once('error', (cause) => fail(notStarted(terragrunt, cause)));
    child.once('close', (code) => resolve(code ?? 1));
  });
  try {
    const answered = Promise.all([exit, text(child.stdout), text(child.stderr)]);
    const [code, stdout, stderr] = await Promise.race([answered, ended]);
    return { code, stdout, stderr };
  } finally {
    either.removeEventListener('abort', end);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
}

function notStarted(file: string, cause: Error): PhoenixError {
  return new PhoenixError({
    code: 'PHX-PLAN-TERRAGRUNT',
    class: 'toolchain',
    what: 'Terragrunt could not be started.',
    why: `${file}: ${'code' in cause ? String(cause.code) : cause.message}.`,
    next: 'Remove Terragrunt from the tool cache and run again, so that it is installed anew.',
    cause,
  });
}

function tooLate(args: readonly string[]): PhoenixError {
  return new PhoenixError({
    code: 'PHX-PLAN-DEADLINE',
    class: 'plan',
    what: `Terragrunt gave no answer to \`terragrunt ${args.slice(0, 2).join(' ')}\` within ${deadlineSeconds} s.`,
    why: 'Reading a tree takes well under a second unless a unit calls a program that hangs (`run_cmd`).',
    next: 'Run `terragrunt find --json --dependencies --log-level debug` in the live folder and see where it stands.',
  });
}

/** The lines that Terragrunt marks as errors, without their time stamp; a message may run over several lines. */
export function errorLines(stderr: string): string[] {
  const lines: string[] = [];
  let inError = false;
  for (const line of stderr.split('\n')) {
    const head = /^\d\d:\d\d:\d\d\.\d+ +([A-Z]+) +(.*)$/.exec(line);
    if (head !== null) inError = head[1] === 'ERROR';
    if (inError && line.trim() !== '') lines.push(head?.[2] ?? line.trim());
  }
  return [...new Set(lines)];
}
