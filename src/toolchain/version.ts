import { setTimeout as sleep } from 'node:timers/promises';
import { clean, compareBuild, major, minor, parse, rcompare } from 'semver';
import { runChild } from '../child.ts';
import { PhoenixError } from '../errors.ts';
import type { ToolName } from './tool.ts';
import { tools } from './tools.ts';

const queryMs = 20_000;

/** A version as every source writes it: `1.2.3`. Throws PHX-TOOLCHAIN-VERSION for a range or a word. */
export function exactVersion(name: ToolName, version: string): string {
  const exact = clean(version);
  if (exact !== null) return exact;
  throw new PhoenixError({
    code: 'PHX-TOOLCHAIN-VERSION',
    class: 'toolchain',
    what: `\`${version}\` is not a version of ${name}.`,
    why: 'A tool is pinned to one exact version, so that its digest can be locked.',
    next: `Write it in full, e.g. ${tools[name].pin}.`,
  });
}

/**
 * What a binary says its version is; undefined for a tool that cannot say. Only PATH is passed on: a TF_CLI_CONFIG_FILE
 * that names a missing file puts a warning before the answer. Throws an Error that says why it does not run.
 */
export async function saidVersion(
  name: ToolName,
  file: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  const query = tools[name].version;
  if (query === undefined) return undefined;
  for (let attempt = 0; ; attempt += 1) {
    const options = { env: { PATH: env['PATH'] ?? '' }, signal, timeoutMs: queryMs };
    const { code, stdout, stderr, trouble } = await runChild(file, query.args, options);
    // Another thread of this process forked while the binary was still open for writing: gone in a moment.
    if (trouble === 'ETXTBSY' && attempt < 5) {
      await sleep(100);
      continue;
    }
    const version = query.pattern.exec(stdout)?.[1];
    if (version !== undefined) return clean(version) ?? version;
    if (trouble === 'ENOENT' || trouble === 'ENOEXEC')
      throw new Error('it is built for another platform or C library');
    throw new Error(trouble ?? `it exited ${code}: ${(stderr || stdout).trim().split('\n')[0] ?? ''}`);
  }
}

/** Up to three versions nearest to `wanted`, newest first: same minor before same major before the rest. */
export function nearVersions(wanted: string, published: Iterable<string>): string[] {
  const all = [...new Set([...published].map((text) => clean(text)).filter((text) => text !== null))];
  const stable = all.filter((version) => parse(version)?.prerelease.length === 0 && version !== wanted);
  const distance = (version: string) =>
    major(version) !== major(wanted) ? 2 : minor(version) !== minor(wanted) ? 1 : 0;
  const near = stable.sort(
    (a, b) =>
      distance(a) - distance(b) ||
      Math.abs(rank(a) - rank(wanted)) - Math.abs(rank(b) - rank(wanted)) ||
      compareBuild(b, a),
  );
  return near.slice(0, 3).sort(rcompare);
}

function rank(version: string): number {
  const { major: first, minor: second, patch } = parse(version) ?? { major: 0, minor: 0, patch: 0 };
  return (first * 1000 + second) * 1000 + patch;
}
