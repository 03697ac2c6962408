import { isAbsolute, join, resolve } from 'node:path';
import { PhoenixError } from '../errors.ts';
import { readSecretFile } from '../vault/files.ts';
import { assertRam, isInRam } from '../vault/ram.ts';
import { trimSecret } from '../vault/trim.ts';
import type { Session } from './session.ts';

export interface FilesSource {
  /** An existing RAM folder with one file a secret, named like the secret or in lower kebab: `GITHUB_TOKEN` or `github-token`. */
  readonly dir: string;
  /** The files of secrets that are not called like them: name → file's name. */
  readonly files?: ReadonlyMap<string, string>;
  /** Where the folder lacks a secret, the variable of its name may name a file that holds it. */
  readonly env?: NodeJS.ProcessEnv;
  readonly onSecret: (value: string) => void;
  readonly warn: (text: string) => void;
}

/**
 * The folder of the original's vault as a source. A single line loses its newline and one pair of quotes; a value of
 * several lines (PEM) is kept byte for byte. Refuses a folder that is not in RAM, or that others may write:
 * PHX-SECRET-FOLDER.
 */
export async function openFiles({ dir, files, env = {}, onSecret, warn }: FilesSource): Promise<Session> {
  const folder = resolve(dir);
  await assertFolder(folder);
  return {
    source: `the files in ${dir}`,
    async fetch(names) {
      const values = new Map<string, string>();
      const missing: string[] = [];
      for (const name of new Set(names)) {
        const kebab = name.toLowerCase().replaceAll('_', '-');
        const own = files?.get(name);
        const content =
          (await firstOf(
            (own === undefined ? [name, kebab] : [own]).map((file) => join(folder, file)),
            warn,
          )) ?? (await pointedAt(name, env, warn));
        if (content === undefined) missing.push(own === undefined ? `${name} (or ${kebab})` : own);
        else {
          const value = trimSecret(content);
          if (value.trim() === '') throw isEmpty(name, dir);
          onSecret(value);
          values.set(name, value);
        }
      }
      if (missing.length > 0) throw isMissing(missing, dir);
      return values;
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function assertFolder(folder: string): Promise<void> {
  try {
    await assertRam(folder);
  } catch (thrown) {
    if (!(thrown instanceof PhoenixError)) throw thrown;
    throw new PhoenixError({
      code: 'PHX-SECRET-FOLDER',
      class: 'identity',
      what: `No secrets are read from ${folder}.`,
      why: thrown.why,
      next: 'Correct `secrets.source.files.dir`: it must be a folder on a tmpfs, which nobody but the user of this run may write.',
      cause: thrown,
    });
  }
}

/** What the environment's variable of that name points to: never its value itself, which others could read there. */
async function pointedAt(
  name: string,
  env: NodeJS.ProcessEnv,
  warn: (text: string) => void,
): Promise<string | undefined> {
  const file = env[name];
  if (file === undefined || !isAbsolute(file)) return undefined;
  const content = await firstOf([file], warn);
  if (content !== undefined && !(await isInRam(file)))
    warn(
      `${name} is read from ${file}, which is on a disk: keep it on a tmpfs, as in secrets.source.files.dir`,
    );
  return content;
}

async function firstOf(files: readonly string[], warn: (text: string) => void): Promise<string | undefined> {
  for (const file of files) {
    const content = await readSecretFile(file, {
      onWide: () => warn(`Others on this machine may read ${file}: chmod 600 ${file}`),
    });
    if (content !== undefined) return content;
  }
  return undefined;
}

function isMissing(missing: readonly string[], dir: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-MISSING',
    class: 'identity',
    what: `${dir} holds no ${missing.join(', ')}.`,
    why: 'There is no file of that name in the folder that the castle file gives as the source of secrets.',
    next: 'Put the file there, or correct `secrets.source.files.dir` in the castle file.',
  });
}

function isEmpty(name: string, dir: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-EMPTY',
    class: 'identity',
    what: `${name} in ${dir} is empty.`,
    why: 'The file is there, but holds nothing or only white space: what it is for would fail much later.',
    next: 'Write its value into the file.',
  });
}
