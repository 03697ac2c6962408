import { draftOf, idOf, isMap, type Manifest } from './draft.ts';
import type { Generator } from './kustomization.ts';
import { referred } from './references.ts';
import { shown } from './report.ts';
import { addDraft, refuse, type Work } from './work.ts';

/**
 * What the generators of a kustomization make. Their names are left without the hash that Kustomize appends, as are the
 * references to them.
 */
export function addGenerated(work: Work): void {
  for (const [field, kind] of [
    ['configMapGenerator', 'ConfigMap'],
    ['secretGenerator', 'Secret'],
  ] as const) {
    for (const [index, generator] of work.file[field].entries()) {
      const data = dataOf(work, field, index, generator);
      if (generator.name === '') {
        refuse(work, work.file.place([field, index]), `A ${kind} is generated without a name`);
        continue;
      }
      const { name, namespace, behavior } = generator;
      const written = writtenOn(work, generator);
      const metadata = { name, ...(namespace === '' ? {} : { namespace }), ...written };
      const place = () => work.file.place([field, index]);
      const draft = draftOf({ apiVersion: 'v1', kind, metadata, data }, place);
      if (behavior !== 'merge' && behavior !== 'replace') {
        addDraft(work, draft);
        continue;
      }
      const before = work.drafts.find(({ known, manifest }) =>
        [...known, idOf(manifest)].some(
          (id) => id.kind === kind && id.name === name && id.namespace === namespace,
        ),
      );
      if (before === undefined)
        refuse(work, place(), `There is no ${kind} \`${shown(name)}\` to ${behavior}`);
      else {
        const kept = behavior === 'replace' ? {} : dataIn(before.manifest);
        before.manifest = {
          ...before.manifest,
          metadata: writtenOver(before.manifest, written),
          data: { ...kept, ...data },
        };
      }
    }
  }
}

type Written = Partial<Record<'labels' | 'annotations', Manifest>>;

/** Labels and annotations of what a generator makes: its own options go before those of the whole kustomization. */
function writtenOn({ file }: Work, { options }: Generator): Written {
  const written: Written = {};
  for (const field of ['labels', 'annotations'] as const) {
    const all = { ...file.generatorOptions?.[field], ...options?.[field] };
    if (Object.keys(all).length > 0) written[field] = all;
  }
  return written;
}

/** What is merged or replaced keeps its own, also where its data goes. */
function writtenOver({ metadata }: Manifest, written: Written): Manifest {
  const over: Manifest = isMap(metadata) ? { ...metadata } : {};
  for (const [field, values] of Object.entries(written)) {
    const before = over[field];
    over[field] = { ...(isMap(before) ? before : {}), ...values };
  }
  return over;
}

function dataIn(manifest: Manifest): Manifest {
  return isMap(manifest['data']) ? manifest['data'] : {};
}

/** The keys, with the values where they are written in the kustomization; a file's content is not what rules ask for. */
function dataOf(
  work: Work,
  field: 'configMapGenerator' | 'secretGenerator',
  index: number,
  { files, literals, envs, env }: Generator,
): Manifest {
  const data: Manifest = {};
  const { file } = work;
  for (const [at, entry] of files.entries()) {
    const equals = entry.indexOf('=');
    const place = file.place([field, index, 'files', at]);
    const secret =
      field === 'secretGenerator' && equals !== -1 ? `${shown(entry.slice(0, equals))}=…` : undefined;
    const path = referred(work, entry.slice(equals + 1), place, 'file', secret);
    if (path === undefined) continue;
    data[equals === -1 ? (path.split('/').at(-1) ?? path) : entry.slice(0, equals)] =
      textOf(work, path) ?? '';
  }
  for (const [at, literal] of literals.entries()) {
    const equals = literal.indexOf('=');
    const place = file.place([field, index, 'literals', at]);
    if (equals < 1) refuse(work, place, `The literal number ${at + 1} is not of the form KEY=VALUE`);
    else data[literal.slice(0, equals)] = literal.slice(equals + 1).replace(/^(["'])([\s\S]*)\1$/, '$2');
  }
  const sources = [...envs.map((entry, at) => ({ entry, way: ['envs', at] })), { entry: env, way: ['env'] }];
  for (const { entry, way } of sources.filter((source) => source.entry !== '')) {
    const [key = '', value] = entry.split('=', 2);
    const secret = value === undefined ? undefined : `${shown(key)}=…`;
    const path = referred(work, entry, file.place([field, index, ...way]), 'file', secret);
    const lines = path === undefined ? [] : (textOf(work, path) ?? '').split(/\r?\n/);
    for (const line of lines
      .map((each) => each.trimStart())
      .filter((each) => each !== '' && !each.startsWith('#'))) {
      const [key = '', ...value] = line.split('=');
      data[key] = value.join('=');
    }
  }
  return data;
}

function textOf(work: Work, path: string): string | undefined {
  const read = work.context.files.read(path);
  return 'text' in read ? read.text : undefined;
}
