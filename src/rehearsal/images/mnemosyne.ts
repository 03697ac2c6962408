import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../../child.ts';
import { imageFailure, lastWords } from './failure.ts';
import { above } from './folder.ts';
import { basics, mergedUsr, textEntry } from './layout.ts';
import { fileMark, type ImageRecipe, keyOf, type LayerRecipe, smallLayer } from './recipe.ts';
import type { Store } from './store.ts';

const nodePath = 'usr/local/bin/node';

/** The castle's memory and its console: one bundle on the Node that Phoenix itself runs on. `home` holds dist/. */
export async function mnemosyneImage(home: string, { signal }: Store): Promise<ImageRecipe> {
  const bundle = join(home, 'dist', 'mnemosyne.js');
  const text = await readFile(bundle, 'utf8').catch((cause: unknown) => {
    throw imageFailure({
      what: 'The image of Mnemosyne cannot be made.',
      why: `There is no ${bundle}.`,
      next: 'Run `npm run build`.',
      cause,
    });
  });
  return {
    reference: 'phoenix.box/mnemosyne:1',
    config: {
      entrypoint: [`/${nodePath}`, '/app/mnemosyne.mjs'],
      cmd: ['serve'],
      user: '1000:1000',
      env: { NODE_ENV: 'production' },
      workdir: '/app',
    },
    layers: [
      smallLayer([...mergedUsr, ...basics([{ name: 'mnemosyne', id: 1000 }])]),
      await nodeLayer(process.execPath, signal),
      smallLayer([{ path: 'app', type: 'directory', mode: 0o755 }, textEntry('app/mnemosyne.mjs', text)]),
    ],
  };
}

/** Node with the libraries it is linked to, at the places where it looks for them. */
async function nodeLayer(node: string, signal: AbortSignal): Promise<LayerRecipe> {
  return {
    key: keyOf('node', await fileMark(node), process.version),
    async *entries() {
      const libraries = await linkedLibraries(node, signal);
      const files = [
        { path: nodePath, file: node },
        ...libraries.map((file) => ({ path: inUsr(file), file })),
      ];
      for (const { path, file } of files) {
        yield* above(path);
        yield { path, type: 'file', mode: 0o755, size: (await stat(file)).size, body: { file } };
      }
    },
  };
}

/** Absolute paths, the loader's among them; what the kernel gives (linux-vdso) has none. */
async function linkedLibraries(program: string, signal: AbortSignal): Promise<string[]> {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
  const told = await runChild('ldd', [program], { env, signal, timeoutMs: 10_000 });
  if (told.code !== 0 || told.stdout.includes('not found')) {
    throw imageFailure({
      what: 'The libraries of Node cannot be told.',
      why: `\`ldd ${program}\`: ${lastWords(told)}`,
      next: 'Run Phoenix on a Node that is linked to the GNU C library, as that of npm and nodejs.org is.',
    });
  }
  return [...told.stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
}

function inUsr(file: string): string {
  return file.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/').slice(1);
}
