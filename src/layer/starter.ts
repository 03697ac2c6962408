import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectorPercent } from './collector.ts';

/** How Terragrunt 1.1 begins to say that it made the outputs of a dependency up; in its log of either form. */
const mockWords = 'that has no outputs, but mock outputs provided and returning';

/** The variables by which a layer's processes know whose they are, and by which they are found again. */
export const marks = {
  /** Every process of the run has it, wherever it went: grandchildren inherit it too. */
  run: 'PHOENIX_RUN',
  /** `RUN/LAYER`, for those of one layer. */
  layer: 'PHOENIX_LAYER',
  attempt: 'PHOENIX_ATTEMPT',
  /** The run's folder, with the file of processes. */
  folder: 'PHOENIX_RUN_FOLDER',
  /** The attempt's stop file: once it is there, none of its programs starts any more. */
  stop: 'PHOENIX_STOP',
  /** The file that takes what the attempt's `apply`, `destroy` or `plan` says; unset beside the attempts. */
  stdout: 'PHOENIX_STDOUT',
  /** Where Terragrunt's own words of a `destroy` go; unset elsewhere. */
  words: 'PHOENIX_WORDS',
  /** The outputs of the layer's dependencies, as answers.ts writes them; unset where none are known. */
  outputs: 'PHOENIX_OUTPUTS',
  /** Set where GOGC is Phoenix' own, and so not for an engine at work. */
  collector: 'PHOENIX_COLLECTOR',
} as const;

/** Whose attempt it is, for the programs that are started for it. */
export interface AttemptMarks {
  readonly run: string;
  readonly runDir: string;
  readonly layer: string;
  readonly number: number;
}

export function markedEnvironment({ run, runDir, layer, number }: AttemptMarks): Record<string, string> {
  return {
    [marks.run]: run,
    [marks.layer]: `${run}/${layer}`,
    [marks.attempt]: String(number),
    [marks.folder]: runDir,
    [marks.stop]: stopFileOf({ runDir, layer, number }),
  };
}

export function stopFileOf({ runDir, layer, number }: Omit<AttemptMarks, 'run'>): string {
  return join(runDir, `stop-${layer.replaceAll('/', '__')}-${number}`);
}

/** What starts a layer's processes. */
export interface Starter {
  /** Runs the program given as its arguments, as the layer's `terragrunt`. */
  readonly wrapper: string;
  /** Is the engine, as Terragrunt is told (TG_TF_PATH); named after it, since Terragrunt goes by the name. */
  readonly engine: string;
}

/**
 * Writes the scripts that start a layer's programs. Each writes its pid, start, boot and folder into the run's file of
 * processes and then *becomes* the program (exec keeps the pid): so the process that will hold the state's lock, the
 * only one that may be interrupted, is on record before it can act. Where the attempt has been stopped, an engine is not
 * started any more: it looks only after it is on record, so whoever stops it either sees the record or is seen.
 * No core dump may hold a secret, files are the user's own, and the kernel takes no layer first when memory runs out
 * (the runner raises `oom_score_adj` of all that it starts). The scripts stand on disk, since a RAM filesystem may be
 * mounted noexec; they hold no secret.
 *
 * Terragrunt asks the engine for its version each time before anything else; the engine is pinned, so it is asked once a
 * run and answers from a file of the run's folder after that. Away from the unit: in a folder with providers it would
 * list those too. It asks for the outputs of dependencies next, each by an engine of its own, which it first initialises
 * with their backend in a folder made for that: those that this run has read back are answered from the vault.
 */
export async function makeStarter(folder: string, engine: string): Promise<Starter> {
  await mkdir(folder, { recursive: true });
  const name = engine.endsWith('terraform') ? 'terraform' : 'tofu';
  const refuse = `[ ! -e "$${marks.stop}" ] || { echo "stopped by Phoenix before it began" >&2; exit 130; }`;
  const version = quote(join(folder, `${name}-version`));
  return {
    wrapper: await script(join(folder, 'layer-start'), [
      record('terragrunt', `"\${1##*/}"`),
      refuse,
      `[ -n "$GOGC" ] || export GOGC=${collectorPercent.terragrunt} ${marks.collector}=1`,
      'exec "$@"',
    ]),
    engine: await script(join(folder, name), [
      'if [ "$#" -eq 1 ] && [ "$1" = -version ]; then',
      `  [ -s ${version} ] && exec cat ${version}`,
      `  (cd / && exec ${quote(engine)} -version) > ${version}.$$ || { rm -f ${version}.$$; exec ${quote(engine)} -version; }`,
      `  mv ${version}.$$ ${version} && exec cat ${version}`,
      'fi',
      answer,
      `if [ -n "$${marks.folder}" ]; then`,
      record('engine', '"$1"'),
      refuse,
      `if [ -n "$${marks.collector}" ]; then`,
      `  unset ${marks.collector}`,
      `  case "$1" in init | output) GOGC=${collectorPercent.shortEngine} ;; *) unset GOGC ;; esac`,
      'fi',
      // Terragrunt says so before it starts the engine, and destroys by them all the same.
      `if [ "$1" = destroy ] && grep -qs ${quote(mockWords)} "$${marks.words}"; then`,
      '  echo "not destroyed by outputs that are made up" >&2; exit 1',
      'fi',
      // Past Terragrunt, whose pipe would break with it: an engine that writes to a broken pipe dies with its state.
      `case "$1" in apply | destroy | plan) [ -z "$${marks.stdout}" ] || exec ${quote(engine)} "$@" >> "$${marks.stdout}" ;; esac`,
      'fi',
      `exec ${quote(engine)} "$@"`,
    ]),
  };
}

/**
 * Only for the very calls by which Terragrunt 1.1 fetches outputs. Its folder for that is named by digits alone, and is
 * the only one in which `init` is left out: others may be used again.
 */
const answer = [
  `if [ -n "$${marks.outputs}" ]; then`,
  '  case "$*" in "output -json" | "init -get=false")',
  "    while IFS='\t' read -r dir file; do",
  '      case "$PWD" in "$dir" | "$dir"/.terragrunt-cache/*) ;; *) continue ;; esac',
  '      [ "$1" = output ] && exec cat "$file"',
  `      case "$\{PWD#"$dir"/.terragrunt-cache/}" in *[!0-9]*) ;; *) exit 0 ;; esac`,
  `    done < "$${marks.outputs}"`,
  '  esac',
  'fi',
].join('\n');

/** One write, short enough to be atomic: lines of layers that start at the same time do not mix. */
function record(role: string, command: string): string {
  const fields = `"$\{${marks.layer}#*/}" "$${marks.attempt}" ${role} "$$" "$stat" "$boot" "$PWD" ${command}`;
  return [
    'stat= boot=',
    '[ -r "/proc/$$/stat" ] && read -r stat < "/proc/$$/stat"',
    '[ -r /proc/sys/kernel/random/boot_id ] && read -r boot < /proc/sys/kernel/random/boot_id',
    `printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' ${fields} >> "$${marks.folder}/processes" || exit 125`,
    'umask 077',
    'ulimit -c 0',
    '{ echo 0 > "/proc/$$/oom_score_adj"; } 2> /dev/null',
  ].join('\n');
}

async function script(file: string, lines: readonly string[]): Promise<string> {
  await writeFile(file, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  await chmod(file, 0o755);
  return file;
}

/** A word for a shell script. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
