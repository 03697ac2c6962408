import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { runChild } from '../child.ts';
import { parseJson } from '../json.ts';
import { wrongDigest } from './digest.ts';
import { diskFull, isDiskFull } from './disk.ts';
import { type GoCommand, lastLines } from './go-command.ts';
import type { GoRecipe } from './recipe.ts';
import { type Miss, miss, type Site, type Wanted } from './tool.ts';
import { nearVersions } from './version.ts';

/** A module's source, checked against the checksum database and the lock, made ready to be built. */
export interface Prepared {
  readonly kind: 'prepared';
  /** Where to build. */
  readonly folder: string;
  /** The module as downloaded; read only. */
  readonly source: string;
  readonly sum: string;
  readonly module: string;
}

const downloadMs = 10 * 60_000;
const queryMs = 60_000;

const downloadSchema = z.object({
  Dir: z.string().optional(),
  Sum: z.string().optional(),
  Error: z.string().optional(),
});
const goModSchema = z.object({
  Go: z.string().optional(),
  Replace: z
    .array(
      z.object({
        Old: z.object({ Path: z.string(), Version: z.string().optional() }),
        New: z.object({ Path: z.string() }),
      }),
    )
    .nullish(),
});

/** Downloads a tool's module and lays out the folder to build it in. Throws PHX-TOOLCHAIN-DIGEST. */
export async function prepareModule(
  site: Site,
  go: GoCommand,
  { name, version }: Wanted,
  recipe: GoRecipe,
): Promise<Prepared | Miss> {
  const folder = join(site.work, 'go', name);
  await mkdir(folder, { recursive: true });
  // A go.mod of its own, or go would ask those of the folders above for replacements.
  await writeFile(join(folder, 'go.mod'), 'module phoenix.invalid/query\n');
  const module = `${recipe.module}@v${version}`;
  const run = (args: readonly string[], timeoutMs = queryMs) =>
    runChild('go', args, { cwd: folder, env: go.env, signal: site.signal, timeoutMs });
  const answer = await run(['mod', 'download', '-json', module], downloadMs);
  const { Dir, Sum, Error: trouble } = downloadSchema.parse(parseJson(answer.stdout) ?? {});
  if (Dir === undefined || Sum === undefined) {
    const said = trouble ?? answer.trouble ?? answer.stderr;
    await refuseTampering(module, said);
    if (isDiskFull(said)) throw await diskFull(go.env['GOMODCACHE'] ?? '', `${module} could not be stored`);
    if (!/unknown revision|not found|404|410|no matching versions/i.test(said))
      return miss('go', `${module} cannot be had from ${go.proxy}: ${lastLines(said)}`);
    const listed = await run(['list', '-m', '-versions', recipe.module]);
    return miss(
      'go',
      `there is no ${module}`,
      nearVersions(version, listed.stdout.trim().split(/\s+/).slice(1)),
    );
  }
  const locked = site.lock.entry(name, version, site.platform.key)?.go;
  if (locked !== undefined && locked.sum !== Sum)
    throw wrongDigest({
      what: `The source ${module}`,
      expected: locked.sum,
      expectedBy: 'phoenix.lock',
      found: Sum,
      next: 'Clear it with `go clean -modcache` and run again; if it differs still, the proxy serves something else than was locked.',
    });
  if (recipe.build === 'kubernetes') await writeWrapper(folder, Dir, version, recipe);
  else await copyModule(folder, Dir, recipe, run);
  return { kind: 'prepared', folder, source: Dir, sum: Sum, module };
}

/** `SECURITY ERROR` and `checksum mismatch` are go's own refusals of a module that is not the published one. */
export async function refuseTampering(module: string, said: string): Promise<void> {
  if (!/SECURITY ERROR|checksum mismatch/.test(said)) return;
  const [, found] = /downloaded:\s*(\S+)/.exec(said) ?? [];
  const [, expected] = /(?:sum\.\S+|go\.sum|database):\s*(h1:\S+)/.exec(said) ?? [];
  throw wrongDigest({
    what: `A module for ${module}`,
    expected: expected ?? 'another sum',
    expectedBy: 'Go checksum database',
    found: found ?? lastLines(said),
    next: 'Clear it with `go clean -modcache` and run again; if it differs still, do not use that proxy.',
  });
}

type Run = (args: readonly string[]) => Promise<{ code: number | null; stdout: string; stderr: string }>;

async function copyModule(folder: string, source: string, recipe: GoRecipe, run: Run): Promise<void> {
  await rm(join(folder, 'go.mod'));
  await copyTree(source, folder);
  for (const [file, text] of Object.entries(recipe.overwrite ?? {}))
    await writeFile(join(folder, file), text);
  const parsed = goModSchema.parse(parseJson((await run(['mod', 'edit', '-json'])).stdout) ?? {});
  // Relative replacements point into the publisher's repository, which a module does not bring along.
  const relative = (parsed.Replace ?? []).filter(({ New }) => New.Path.startsWith('.'));
  const drops = relative.map(({ Old }) => `-dropreplace=${Old.Path}${Old.Version ? `@${Old.Version}` : ''}`);
  const others = Object.entries(recipe.replace ?? {}).map(
    ([module, version]) => `-replace=${module}=${module}@${version}`,
  );
  // The `go` line is the least that builds it; the `toolchain` line is only what the publisher would like.
  await run(['mod', 'edit', '-toolchain=none', ...drops, ...others]);
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, copy);
    else {
      await copyFile(source, copy);
      await chmod(copy, 0o644);
    }
  }
}

/** Kubernetes' go.mod replaces its staging modules by its own folders; they are published as v0.MINOR.PATCH. */
async function writeWrapper(
  folder: string,
  source: string,
  version: string,
  recipe: GoRecipe,
): Promise<void> {
  const goMod = await readFile(join(source, 'go.mod'), 'utf8');
  const goLine = /^go \S+$/m.exec(goMod)?.[0] ?? 'go 1.24.0';
  const staging = [...goMod.matchAll(/(k8s\.io\/\S+) => \.\/staging/g)].map(([, module]) => module ?? '');
  const published = version.replace(/^1\./, 'v0.');
  const lines = [
    'module phoenix.invalid/kubernetes',
    '',
    goLine,
    '',
    `require k8s.io/kubernetes v${version}`,
    ...staging.map((module) => `replace ${module} => ${module} ${published}`),
  ];
  await writeFile(join(folder, 'go.mod'), `${lines.join('\n')}\n`);
  // The tag keeps the import of a main package out of every build, but in the module graph.
  await writeFile(
    join(folder, 'tools.go'),
    `//go:build tools\n\npackage tools\n\nimport _ "${recipe.package}"\n`,
  );
}

/** The tool's CRDs as one file whose bytes depend on nothing but theirs. */
export async function joinCrds(from: string, to: string): Promise<void> {
  const files = await readdir(from).then(
    (names) =>
      names
        .filter((name) => name.endsWith('.yaml'))
        .sort()
        .map((name) => join(from, name)),
    () => [from],
  );
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, texts.map((text) => `---\n${text.replace(/^---\n/, '').trimEnd()}\n`).join(''));
}
