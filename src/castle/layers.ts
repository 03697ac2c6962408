import type { PhoenixError } from '../errors.ts';
import { nearest } from '../near.ts';
import type { KeyPath } from './document.ts';
import type { Castle } from './load.ts';
import { castleError, type Problem } from './problems.ts';
import { defaultLayer, type LayerSettings } from './schema.ts';

/** A layer's settings: what the castle file says of it, else the defaults. */
export function layerSettings(castle: Castle, layer: string): LayerSettings {
  return castle.layers.get(layer) ?? defaultLayer;
}

/**
 * PHX-CASTLE-LAYER-UNKNOWN for every place of the castle file that names a layer which the plan does not have;
 * undefined where all are known. `known` are the names of the discovered layers.
 */
export function unknownLayers(castle: Castle, known: readonly string[]): PhoenixError | undefined {
  const names = new Set(known);
  const [first, ...others] = mentions(castle)
    .filter(({ layer }) => !names.has(layer))
    .map((mention) => problem(castle, mention, known));
  return first && castleError(castle.file, [first, ...others]);
}

interface Mention {
  readonly layer: string;
  readonly path: KeyPath;
  readonly as: 'key' | 'value';
}

function mentions(castle: Castle): Mention[] {
  const { layers, secrets, kubeconfig, claim, destroy, budget } = castle;
  const value = (layer: string, ...path: KeyPath): Mention => ({ layer, path, as: 'value' });
  return [
    ...[...layers.keys()].map((layer): Mention => ({ layer, path: ['layers', layer], as: 'key' })),
    ...budget.flatMap(({ kind, name }): Mention[] =>
      kind === 'layer' ? [{ layer: name, path: ['budget', 'layers', name], as: 'key' }] : [],
    ),
    ...secrets.list.flatMap((secret) =>
      secret.layers.map((layer, index) => value(layer, 'secrets', secret.name, 'layers', index)),
    ),
    ...(kubeconfig === undefined ? [] : [value(kubeconfig.layer, 'kubeconfig', 'layer')]),
    ...(claim === undefined ? [] : [value(claim.after, 'claim', 'after')]),
    ...(claim?.before ?? []).map((layer, index) => value(layer, 'claim', 'before', index)),
    ...(destroy?.protect ?? []).map((layer, index) => value(layer, 'destroy', 'protect', index)),
  ];
}

function problem(castle: Castle, { layer, path, as }: Mention, known: readonly string[]): Problem {
  const near = nearest(layer, known);
  return {
    code: 'PHX-CASTLE-LAYER-UNKNOWN',
    what: `There is no layer \`${layer}\` in the live folder.`,
    why: `${near === undefined ? '' : `Did you mean \`${near}\`? `}The layers are: ${known.join(', ') || 'none'}.`,
    next: near === undefined ? `Remove \`${layer}\`, or make its unit.` : `Write \`${near}\` instead.`,
    ...(as === 'key' ? castle.keyAt(path) : castle.at(path)),
  };
}
