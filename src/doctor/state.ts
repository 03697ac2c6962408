import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { eachOf } from '../bounded.ts';
import { PhoenixError } from '../errors.ts';
import type { Terragrunt } from '../plan/ask.ts';
import type { Layer } from '../plan/discover.ts';
import { localModule, renderUnit } from '../plan/render.ts';
import { isInRam } from '../vault/ram.ts';
import { type Check, type Finding, failed, listed, ofCastle, ok, skipped, warning } from './check.ts';

const advice =
  'Set `state: { encryption: { key: STATE_KEY } }` in the castle file (docs/state.md), or `state: { plaintext: allowed }` where that is meant.';

/** Each takes a core for some 50 ms. */
const atOnce = 4;

/** How a layer's state is kept. */
type Kept =
  | { readonly kind: 'encrypted' | 'ram' | 'unknown'; readonly words: string }
  | { readonly kind: 'remote'; readonly layer: string; readonly backend: string }
  | { readonly kind: 'disk'; readonly layer: string; readonly path: string };

export const statePlaintext: Check = {
  id: 'state.plaintext',
  why: 'A state holds what its layer made, keys and passwords too: who reads the file reads them.',
  look: ofCastle(async (castle, _, { planned, signal }) => {
    const { encryption, plaintext } = castle.state;
    if (encryption !== undefined)
      return ok(
        `states and plans are encrypted with ${encryption.key}${encryption.previousKey === undefined ? '' : `, those of ${encryption.previousKey} are read`}${encryption.migrate ? ', old ones are read in the clear' : ''}`,
      );
    const found = await planned().catch((thrown: unknown) => {
      if (!(thrown instanceof PhoenixError)) throw thrown;
      return skipped(`the tree cannot be planned (${thrown.code})`);
    });
    // Whatever is wrong with the plan is the finding of another check.
    if ('status' in found) return skipped(found.saw);
    const terragrunt = { ...found.terragrunt, signal };
    const kept = await eachOf([...found.plan.layers.values()], atOnce, (layer) => keptBy(layer, terragrunt));
    return judge(kept, plaintext === 'allowed');
  }),
};

function judge(kept: readonly Kept[], allowed: boolean): Finding {
  const words = (kind: 'encrypted' | 'ram' | 'unknown') =>
    kept.flatMap((each) => (each.kind === kind ? [each.words] : []));
  const unknown = words('unknown');
  const rest = unknown.length === 0 ? '' : `; not known: ${listed(unknown)}`;
  // Each is named: which of them are meant to be so is for people to say.
  const disk = kept.flatMap((each) => (each.kind === 'disk' ? [`${each.layer} (${each.path})`] : []));
  if (disk.length > 0) {
    const saw = `states lie in the clear on this machine's disk: ${disk.join(', ')}${rest}`;
    return allowed ? warning(saw, `It is allowed by the castle file. ${advice}`) : failed(saw, advice);
  }
  const remote = kept.flatMap((each) => (each.kind === 'remote' ? [`${each.layer} (${each.backend})`] : []));
  if (remote.length > 0) {
    const saw = `states lie in a backend as the engine writes them, in the clear to whoever may read it: ${remote.join(', ')}${rest}`;
    return allowed ? ok(saw) : warning(saw, advice);
  }
  if (unknown.length > 0) return skipped(`not known: ${listed(unknown)}`);
  return ok(listed([...words('ram'), ...words('encrypted')]));
}

async function keptBy(layer: Layer, terragrunt: Terragrunt): Promise<Kept> {
  const unit = await renderUnit(layer, terragrunt);
  if (typeof unit === 'string') return { kind: 'unknown', words: unit };
  const { remote, generated, source } = unit;
  const module = localModule(layer.dir, source);
  const text = [
    ...generated,
    ...(await filesIn(layer.dir)),
    ...(module === undefined ? [] : await filesIn(module)),
  ].join('\n');
  if (/^\s*encryption\s*\{/m.test(text))
    return { kind: 'encrypted', words: `layer ${layer.name} has an encryption block of its own` };
  const backend = remote?.backend ?? /^\s*backend\s+"([\w-]+)"/m.exec(text)?.[1] ?? 'local';
  if (backend !== 'local') return { kind: 'remote', layer: layer.name, backend };
  const path = remote?.config['path'];
  const place = typeof path !== 'string' ? layer.dir : isAbsolute(path) ? path : resolve(layer.dir, path);
  if (await isInRam(place))
    return { kind: 'ram', words: `the state of ${layer.name} lies in RAM (${place})` };
  return { kind: 'disk', layer: layer.name, path: place };
}

async function filesIn(dir: string): Promise<string[]> {
  const names = (await readdir(dir).catch(() => [])).filter((name) => /\.(?:tf|tofu)$/.test(name));
  return Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
}
