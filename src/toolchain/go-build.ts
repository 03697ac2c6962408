import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../child.ts';
import { PhoenixError } from '../errors.ts';
import { sumSource } from './cache.ts';
import { wrongDigest } from './digest.ts';
import { diskFull, isDiskFull } from './disk.ts';
import { type GoCommand, lastLines } from './go-command.ts';
import { joinCrds, type Prepared, refuseTampering } from './go-module.ts';
import { contradiction, type LockEntry } from './lock.ts';
import { withProgress } from './progress.ts';
import type { GoRecipe } from './recipe.ts';
import { emptyStage, finishStage, layout } from './stage.ts';
import { type Miss, miss, type Site, type Staged, type Wanted } from './tool.ts';

const fetchMs = 20 * 60_000;
const buildMs = 60 * 60_000;

/** Downloads every module that the build needs: the network works while another tool is compiled. */
export async function fetchDependencies(
  site: Site,
  go: GoCommand,
  { name, version }: Wanted,
  recipe: GoRecipe,
  prepared: Prepared,
): Promise<Miss | undefined> {
  const doing = `${name} ${version}: downloading its Go modules`;
  const answer = await withProgress(site.log, doing, () =>
    runChild('go', ['list', '-mod=mod', '-deps', recipe.package], {
      cwd: prepared.folder,
      env: go.env,
      signal: site.signal,
      timeoutMs: fetchMs,
    }),
  );
  if (answer.code === 0) return undefined;
  await refuseTampering(prepared.module, answer.stderr);
  if (isDiskFull(answer.stderr))
    throw await diskFull(go.env['GOMODCACHE'] ?? '', `the modules of ${name} could not be stored`);
  const said = answer.trouble ?? lastLines(answer.stderr);
  return miss('go', `a module that ${prepared.module} needs cannot be had from ${go.proxy}: ${said}`);
}

/**
 * Builds a prepared module. The same source and the same Go version give the same bytes wherever it is built, so the
 * result is held against the lock; a Go version that the lock does not know gets a new entry. Throws
 * PHX-TOOLCHAIN-BUILD, PHX-TOOLCHAIN-DIGEST, PHX-TOOLCHAIN-DISK.
 */
export async function buildModule(
  site: Site,
  go: GoCommand,
  wanted: Wanted,
  recipe: GoRecipe,
  prepared: Prepared,
): Promise<Staged> {
  const { name, version } = wanted;
  const stage = await emptyStage(site, name);
  const linker = ['-s', '-w', ...recipe.stamp(version).flatMap((setting) => ['-X', setting])].join(' ');
  const flags = ['-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags', linker];
  const run = (args: readonly string[]) =>
    runChild('go', args, { cwd: prepared.folder, env: go.env, signal: site.signal, timeoutMs: buildMs });
  const used = (await run(['env', 'GOVERSION'])).stdout.trim();
  const built = await withProgress(site.log, `${name} ${version}: building from its Go module`, () =>
    run(['build', ...flags, '-o', layout.binary(stage, name), recipe.package]),
  );
  if (built.code !== 0) {
    await refuseTampering(prepared.module, built.stderr);
    if (isDiskFull(built.stderr)) throw await diskFull(site.cache, `${name} could not be built`);
    throw buildFailed(prepared.module, used, built.trouble ?? lastLines(built.stderr));
  }
  if (recipe.crds !== undefined) await joinCrds(join(prepared.source, recipe.crds), layout.crds(stage, name));
  const origin = { source: 'go', from: prepared.module, go: used, sum: prepared.sum } as const;
  const staged = await finishStage(site, wanted, stage, recipe.crds !== undefined, origin);
  const wrong = contradiction(site.lock.entry(name, version, site.platform.key), staged);
  if (wrong !== undefined) {
    await rm(stage, { recursive: true, force: true });
    throw wrongDigest({
      what: `${name} ${version}, built from its Go module with ${used},`,
      expected: wrong.expected,
      expectedBy: 'phoenix.lock',
      found: wrong.found,
      next: 'If phoenix.lock was changed, restore it: git checkout -- phoenix.lock. Else empty the build cache (go clean -cache) and run again.',
    });
  }
  await site.lock.record(name, version, site.platform.key, lockEntry(recipe, prepared, used, staged));
  await rm(prepared.folder, { recursive: true, force: true });
  return staged;
}

function lockEntry(recipe: GoRecipe, { sum }: Prepared, go: string, { sha256, crds }: Staged): LockEntry {
  const build = { sha256, ...(crds === undefined ? {} : { crds }), source: 'computed here' };
  return { go: { module: recipe.module, sum, source: sumSource, builds: { [go]: build } } };
}

function buildFailed(module: string, go: string, said: string): PhoenixError {
  const killed = /signal: killed|SIGKILL/.test(said);
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-BUILD',
    class: 'toolchain',
    what: `${module} could not be built with ${go}.`,
    why: killed ? `A compiler was killed, most likely for want of memory (${said}).` : said,
    next: killed
      ? 'Give the machine 4 GB or more, or run with GOMAXPROCS=1, then run again: what is compiled already is kept.'
      : 'Run again; if it fails the same way, take the version that phoenix.lock was made with, or serve the binary from a mirror (PHOENIX_TOOL_MIRROR).',
  });
}
