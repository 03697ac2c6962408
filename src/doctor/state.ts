import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { ask, errorLines, type Terragrunt } from '../plan/ask.ts';
import type { Layer } from '../plan/discover.ts';
import { isInRam } from '../vault/ram.ts';
import { type Check, failed, ofCastle, ok, skipped, warning } from './check.ts';
import { planTools } from './tree.ts';

const advice =
  'Set `state: { encryption: { key: STATE_KEY } }` in the castle file (docs/state.md), or `state: { plaintext: allowed }` where that is meant.';

/** `terragrunt render --json`: where the state is, and text that a block generates. */
const rendered = z.object({
  remote_state: z
    .object({ backend: z.string(), config: z.record(z.string(), z.unknown()).nullish() })
    .nullish(),
  generate: z.record(z.string(), z.object({ contents: z.string().optional() })).nullish(),
});

export const statePlaintext: Check = {
  id: 'state.plaintext',
  why: 'A state holds what its layer made, keys and passwords too: who reads the file reads them.',
  look: ofCastle(async (castle, _, subject) => {
    const { encryption, plaintext } = castle.state;
    if (encryption !== undefined)
      return ok(
        `states and plans are encrypted with ${encryption.key}${encryption.previousKey === undefined ? '' : `, those of ${encryption.previousKey} are read`}${encryption.migrate ? ', old ones are read in the clear' : ''}`,
      );
    const found = await planTools(castle, subject);
    if ('status' in found) return found;
    const { plan, terragrunt } = found;
    const first = [...plan.layers.values()].find(({ dependencies }) => dependencies.length === 0);
    if (first === undefined) return skipped('there is no layer without dependencies to ask');
    const place = await placeOf(first, terragrunt);
    if (typeof place === 'string') return skipped(place);
    const { backend, path, encrypted } = place;
    if (encrypted) return ok(`layer ${first.name} has an encryption block of its own`);
    if (backend !== 'local') {
      const saw = `states lie in the backend ${backend} as the engine writes them: in the clear to whoever may read it`;
      return plaintext === 'allowed' ? ok(saw) : warning(saw, advice);
    }
    if (await isInRam(path)) return ok(`states lie in RAM (${path})`);
    const saw = `states lie in the clear on this machine's disk (layer ${first.name}: ${path})`;
    return plaintext === 'allowed'
      ? warning(saw, `It is allowed by the castle file. ${advice}`)
      : failed(saw, advice);
  }),
};

interface Place {
  readonly backend: string;
  /** Where a local state lies, or its folder. */
  readonly path: string;
  readonly encrypted: boolean;
}

async function placeOf(layer: Layer, terragrunt: Terragrunt): Promise<Place | string> {
  const { code, stdout, stderr } = await ask(terragrunt, ['render', '--json'], layer.dir);
  if (code !== 0) return `\`terragrunt render\` failed for ${layer.name}: ${errorLines(stderr)[0] ?? code}`;
  const parsed = rendered.safeParse(parseJson(stdout));
  if (!parsed.success) return `\`terragrunt render\` of ${layer.name} is not what its version 1.1 prints`;
  const { remote_state: remote, generate } = parsed.data;
  const generated = Object.values(generate ?? {}).map(({ contents = '' }) => contents);
  const text = [...generated, ...(await ownFiles(layer.dir))].join('\n');
  const encrypted = /^\s*encryption\s*\{/m.test(text);
  const path = remote?.config?.['path'];
  return {
    backend: remote?.backend ?? /^\s*backend\s+"([\w-]+)"/m.exec(text)?.[1] ?? 'local',
    path: typeof path === 'string' ? (isAbsolute(path) ? path : resolve(layer.dir, path)) : layer.dir,
    encrypted,
  };
}

async function ownFiles(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => /\.(?:tf|tofu)$/.test(name));
  return Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
}
