import { z } from 'zod';
import { isMap } from './draft.ts';
import type { Key, Place } from './model.ts';
import type { YamlDocument } from './yaml.ts';

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);
const texts = list(z.string());
const name = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const map = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((value) => value ?? {});

const target = z.object({
  group: name,
  version: name,
  kind: name,
  name,
  namespace: name,
  labelSelector: name,
  annotationSelector: name,
});
export type Target = z.output<typeof target>;

export const patch = z.object({
  path: name,
  patch: name,
  target: target.nullish(),
  options: z
    .object({ allowNameChange: z.boolean().optional(), allowKindChange: z.boolean().optional() })
    .nullish(),
});
export type Patch = z.output<typeof patch>;

export const image = z.object({ name, newName: name, newTag: name, tagSuffix: name, digest: name });
export type Image = z.output<typeof image>;

/** What is written on all that a kustomization generates, or on what one generator makes. */
const generatorOptions = z.object({ labels: map, annotations: map }).nullish();

const generator = z.object({
  name,
  options: generatorOptions,
  namespace: name,
  behavior: name,
  files: texts,
  literals: texts,
  envs: texts,
  env: name,
});
export type Generator = z.output<typeof generator>;

const label = z.object({ pairs: map });

/** The fields of a kustomization file, as far as they change what is built. */
const fields = {
  apiVersion: name,
  kind: name,
  resources: texts,
  bases: texts,
  components: texts,
  namespace: name,
  namePrefix: name,
  nameSuffix: name,
  patches: list(patch),
  patchesJson6902: list(patch),
  patchesStrategicMerge: texts,
  images: list(image),
  imageTags: list(image),
  configMapGenerator: list(generator),
  secretGenerator: list(generator),
  generatorOptions,
  commonLabels: map,
  labels: list(label),
  commonAnnotations: map,
  crds: texts,
  configurations: texts,
  generators: texts,
  transformers: texts,
  validators: texts,
  helmCharts: list(z.unknown()),
  helmChartInflationGenerator: list(z.unknown()),
  replacements: list(z.unknown()),
};
const schema = z.object(fields);

const unread = ['metadata', 'openapi', 'replicas', 'vars', 'sortOptions', 'helmGlobals', 'buildMetadata'];
const known = new Map([...Object.keys(fields), ...unread].map((field) => [field.toLowerCase(), field]));

export interface KustomizationFile extends z.output<typeof schema> {
  /** Nothing but `apiVersion` and `kind` is written. */
  readonly empty: boolean;
  readonly unknown: readonly { readonly field: string; readonly at: Place }[];
  /** Where the value at `path` stands; the first key is a field's name as Kustomize spells it. */
  place(path: readonly Key[]): Place;
  textPlace(path: readonly Key[]): Place;
}

/** A kustomization file's values; a sentence without its full stop where Kustomize cannot take them. */
export function parseKustomization(
  document: YamlDocument | undefined,
  start: Place,
): KustomizationFile | { readonly problem: string; readonly at: Place } {
  const value = document?.value ?? {};
  if (!isMap(value)) return { problem: 'It is no map of fields', at: start };
  const written = new Map<string, string>();
  const unknown: { field: string; at: Place }[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, content] of Object.entries(value)) {
    // Kustomize reads it as JSON in Go, which takes a field's name in any case.
    const field = known.get(key.toLowerCase());
    if (field === undefined) unknown.push({ field: key, at: document?.place([key]) ?? start });
    else {
      written.set(field, key);
      values[field] = content;
    }
  }
  const asWritten = ([field, ...rest]: readonly Key[]): Key[] =>
    field === undefined ? [] : [written.get(String(field)) ?? field, ...rest];
  const place = (path: readonly Key[]) => document?.place(asWritten(path)) ?? start;
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    const path = (parsed.error.issues[0]?.path ?? []).filter((key) => typeof key !== 'symbol');
    return { problem: `\`${path.join('.')}\` has not the form that Kustomize takes`, at: place(path) };
  }
  return {
    ...parsed.data,
    empty: Object.entries(values).every(
      ([field, content]) => field === 'apiVersion' || field === 'kind' || isNothing(content),
    ),
    unknown,
    place,
    textPlace: (path) => document?.textPlace(asWritten(path)) ?? start,
  };
}

/** As Go leaves out what it does not have to write. */
function isNothing(value: unknown): boolean {
  return value === null || value === '';
}
