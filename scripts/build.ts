import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { licensesOf } from './licenses.ts';
import { placePurePackages } from './pure-packages.ts';

/**
 * Builds dist/: TypeScript to build/, then ncc to one file. ncc exits 0 on a bundle that cannot run, so the bundle is
 * run; with `--check` nothing is written, and the committed bundle must be what src builds, byte for byte.
 */
const check = process.argv.includes('--check');
const bin = (name: string) => join('node_modules', '.bin', name);

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, [...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}

/** Bundles what `entry` needs into dist/`name`. */
async function bundled(entry: string, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phoenix-bundle-'));
  try {
    must(bin('ncc'), ['build', entry, '--minify', '--out', folder]);
    // V8 keeps a source with one character beyond Latin-1 in two bytes each: escaped, the bundle takes half the memory.
    const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    const text = (await readFile(join(folder, 'index.js'), 'utf8')).replace(/[^\0-\x7f]/g, escaped);
    if (text.includes('webpackMissingModule'))
      throw new Error(`${name} lacks a module: see what ncc could not resolve`);
    await mkdir(out, { recursive: true });
    await writeFile(join(out, name), text);
    await cp(join(folder, 'package.json'), join(out, 'package.json'));
    return text;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const out = check ? await mkdtemp(join(tmpdir(), 'phoenix-dist-')) : resolve('dist');
await rm('build', { recursive: true, force: true });
await rm(out, { recursive: true, force: true });
must(bin('tsc'), ['-p', 'tsconfig.build.json']);
await cp('package.json', 'build/package.json');
await placePurePackages('build');
const bundle = await bundled('build/index.js', 'index.js');
await bundled('build/cluster/library.js', 'cluster.js');
await bundled('build/github/library.js', 'github.js');
await bundled('build/witness/library.js', 'postgres.js');
must(bin('tsc'), ['-p', 'castle/apps/mnemosyne']);
await bundled('build/mnemosyne/main.js', 'mnemosyne.js');
await cp('build/action-post.js', join(out, 'post.js'));
await writeFile(join(out, 'licenses.txt'), await licensesOf('package-lock.json'));
if (!must(process.execPath, [join(out, 'index.js'), '--help']).includes('rehearse'))
  throw new Error('the bundle does not run');
const parts = {
  'cluster.js': "new library.KubeConfig().loadFromString('{}') ?? library.KubernetesObjectApi",
  'github.js': 'library.getOctokit',
  'postgres.js': 'new library.Client({}).connect',
};
for (const [name, use] of Object.entries(parts)) {
  const script = `const library = await import(${JSON.stringify(join(out, name))}); console.log(typeof (${use}))`;
  if (!must(process.execPath, ['--input-type=module', '--eval', script]).includes('function'))
    throw new Error(`dist/${name} does not run`);
}
const app = spawnSync(process.execPath, [join(out, 'mnemosyne.js')], { encoding: 'utf8' });
if (!app.stderr.startsWith('usage: mnemosyne'))
  throw new Error(`the bundle of Mnemosyne does not run:\n${app.stderr}`);
if (check) {
  const files = new Set([...(await readdir(out)), ...(await readdir('dist'))]);
  for (const file of files) {
    const [built, committed] = await Promise.all(
      [out, 'dist'].map((folder) => readFile(join(folder, file)).catch(() => Buffer.from('no such file'))),
    );
    if (built === undefined || committed === undefined || !built.equals(committed)) {
      throw new Error(`dist/${file} is not what src builds: run npm run build and commit dist`);
    }
  }
  await rm(out, { recursive: true });
}
process.stdout.write(
  `dist: ${(bundle.length / 1024 / 1024).toFixed(1)} MiB, ${check ? 'as committed' : 'written'}, runs\n`,
);
