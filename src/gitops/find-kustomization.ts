import { posix } from 'node:path';
import { type KustomizationFile, parseKustomization } from './kustomization.ts';
import type { Place } from './model.ts';
import { nearWords, shown } from './report.ts';
import type { Overrides } from './transform.ts';
import { type Context, fileNames } from './work.ts';

export function kustomizationIn(
  context: Context,
  folder: string,
  at: Place,
  root?: Overrides,
): KustomizationFile | undefined {
  const { files, report } = context;
  const found = fileNames.filter((name) => files.kind(posix.join(folder, name)) === 'file');
  const [name] = found;
  if (name === undefined) {
    if (root?.generated !== undefined) return root.generated;
    const names = files.list(folder);
    const near = names.filter((each) => /^kustomi[sz]ation\.(?:ya?ml|json)$/i.test(each));
    report.add('no-kustomization', 'error', at, {
      what: `The folder \`${shown(folder)}\` has no kustomization.yaml.${nearWords('kustomization.yaml', near)}`,
      why: 'Kustomize takes a folder only where a kustomization.yaml says what belongs to it; the whole build fails.',
      fix: `Add \`${shown(posix.join(folder, 'kustomization.yaml'))}\` with its \`resources\`, or name the files one by one.`,
    });
    return undefined;
  }
  const path = posix.join(folder, name);
  const start = { file: path, line: 1, column: 1 };
  const problem = (place: Place, what: string, fix: string, severity: 'error' | 'warning' = 'error') =>
    report.add('not-built', severity, place, {
      what: `${what}.`,
      why:
        severity === 'error'
          ? 'Kustomize refuses to build the folder, and nothing of it is applied.'
          : 'Flux drops it without a word; `kubectl kustomize` refuses it.',
      fix,
    });
  if (found.length > 1) {
    problem(start, `\`${shown(folder)}\` has ${found.join(' and ')}`, 'Keep one of them.');
    return undefined;
  }
  const documents = context.documents(path);
  if (documents === undefined) return undefined;
  const file = parseKustomization(documents[0], start);
  if ('problem' in file) {
    problem(file.at, file.problem, 'Write it as the reference of Kustomize says.');
    return undefined;
  }
  // Flux writes the file of the folder that it is told anew, with the fields that it knows; see its generator.
  for (const { field, at: place } of file.unknown) {
    const near = nearWords(field, ['resources', 'components', 'patches', 'namespace', 'images']);
    const severity = root === undefined ? 'error' : 'warning';
    problem(
      place,
      `\`${shown(field)}\` is no field of a kustomization${near && `.${near.replace(/\.$/, '')}`}`,
      'Correct or remove it.',
      severity,
    );
  }
  const kinds = ['', 'Kustomization', 'Component'];
  if (!kinds.includes(file.kind)) {
    problem(file.place(['kind']), `Its kind is \`${shown(file.kind)}\``, 'Write `kind: Kustomization`.');
    return undefined;
  }
  const version = file.kind === 'Component' ? 'v1alpha1' : 'v1beta1';
  if (file.apiVersion !== '' && file.apiVersion !== `kustomize.config.k8s.io/${version}`) {
    const what = `Its apiVersion is \`${shown(file.apiVersion)}\``;
    problem(file.place(['apiVersion']), what, `Write \`kustomize.config.k8s.io/${version}\`.`);
    return undefined;
  }
  if (file.empty && root === undefined) {
    problem(start, 'It is empty', 'Give it `resources`, or no longer refer to its folder.');
    return undefined;
  }
  return root === undefined && file.unknown.length > 0 ? undefined : file;
}
