import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A secret as the Phoenix Protocol resolves it: the vault's file first, else the file that the environment variable
 * `name` points at. Undefined where there is neither.
 */
export async function resolveSecret(
  name: string,
  folder: string,
  env: NodeJS.ProcessEnv,
  fileName: string = name,
): Promise<string | undefined> {
  const stored = await readFile(join(folder, fileName), 'utf8').catch(() => undefined);
  if (stored !== undefined) return trimSecret(stored);
  const pointed = env[name];
  if (pointed === undefined || pointed === '') return undefined;
  const content = await readFile(pointed, 'utf8').catch(() => undefined);
  return content === undefined ? undefined : trimSecret(content);
}

/**
 * Takes off the closing newline and one pair of quotes around a single-line value. A value of several lines is kept
 * byte for byte: the original's `tr -d` over everything joined the lines of PEM keys and broke them.
 */
export function trimSecret(text: string): string {
  const line = text.replace(/\r?\n$/, '');
  if (line.includes('\n')) return text;
  const quoted = /^(["'])(.*)\1$/s.exec(line);
  return quoted?.[2] ?? line;
}
