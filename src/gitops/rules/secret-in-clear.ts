import { isMap } from '../draft.ts';
import { inspect, is, mapAt, mapsBelow, named, textAt, textsBelow } from '../inspect.ts';
import { groupOf } from '../kinds.ts';
import type { GitopsFinding, Key, Resource, Rule } from '../model.ts';
import { secretLine, textOfData } from '../secret-text.ts';
import {
  isEncrypted,
  isEncryptedFile,
  isPlaceholder,
  isPublic,
  isSecretValue,
  secretForm,
  secretName,
} from '../secret-words.ts';

const id = 'secret-in-clear';

interface Leak {
  readonly path: readonly Key[];
  /** What is there, said without a letter of its value. */
  readonly what: string;
}

/**
 * A secret that stands readable in the repository. What is found is told by its place and kind alone: a finding goes to
 * logs and annotations, which more people read than the repository.
 */
export const secretInClear: Rule = {
  id,
  look: (tree) =>
    inspect(tree, (resource) => {
      // The schema of a CRD is full of examples.
      if (is(resource, 'apiextensions.k8s.io', 'CustomResourceDefinition')) return [];
      const leaks = is(resource, '', 'Secret') ? inSecret(resource) : inOther(resource);
      return leaks.map(
        ({ path, what }): GitopsFinding => ({
          rule: id,
          severity: 'error',
          at: resource.place(path),
          what: `${named(resource)} has ${what} in the clear at ${path.join('.')}.`,
          why: 'Whoever reads the repository, a fork or its history has it, and history keeps it after the line is gone.',
          fix: 'Rotate it, let an ExternalSecret fetch it from the store (or encrypt the file with SOPS), and remove it here.',
        }),
      );
    }),
};

/** Keys of Secrets that say where and who, not how to get in. */
const harmless =
  /^(?:user(?:name)?|login|email|host(?:name)?|port|(?:db)?name|database|dbname|url|uri|endpoint|region|bucket|server|type|namespace|insecure|project|repo(?:sitory)?|ca\.crt|ca-bundle\.crt|ca\.pem|known_hosts|tls\.crt|pgbackrest.*\.conf)$/i;

function inSecret({ manifest }: Resource): Leak[] {
  const type = textAt(manifest, ['type']);
  if (type === 'kubernetes.io/service-account-token') return [];
  const leaks: Leak[] = [];
  for (const field of ['data', 'stringData'] as const) {
    const values = mapAt(manifest, [field]);
    for (const [key, value] of Object.entries(values)) {
      if (typeof value !== 'string' || (key.startsWith('sops_') && isSopsDotenv(values))) continue;
      const text = field === 'data' ? textOfData(value) : value;
      if (isPlaceholder(value) || isPlaceholder(text) || isPublic(text)) continue;
      const form = secretForm(text) ?? secretLine(text);
      if (form === undefined && (harmless.test(key) || isSwitch(text) || isEncryptedFile(text))) continue;
      if (key === '.dockerconfigjson' && !/"(?:auth|password|identitytoken)"\s*:\s*"[^"]/.test(text))
        continue;
      leaks.push({ path: [field, key], what: form ?? 'a value' });
    }
  }
  // Annotations of a Secret are as readable as those of anything else; `kubectl apply` keeps the whole object there.
  return [...leaks, ...byForm(manifest['metadata'], ['metadata'])];
}

/** SOPS writes what it needs to decrypt a dotenv among its lines: recipients, time and version, none of them secret. */
function isSopsDotenv({ sops_mac: mac }: Readonly<Record<string, unknown>>): boolean {
  return typeof mac === 'string' && isEncrypted(textOfData(mac));
}

const isSwitch = (text: string) => /^(?:true|false|\d{1,5})$/i.test(text.trim());

function inOther(resource: Resource): Leak[] {
  const { manifest } = resource;
  const sealed = is(resource, 'bitnami.com', 'SealedSecret') ? ['spec'] : [];
  const body = Object.fromEntries(
    Object.entries(manifest).filter(([key]) => key !== 'sops' && !sealed.includes(key)),
  );
  const found = new Map<string, Leak>();
  for (const leak of [
    ...byForm(body, []),
    ...byName(body, /(?:^|\.)external-secrets\.io$/.test(groupOf(resource)) ? names : noNames),
    ...inFiles(resource),
  ]) {
    const key = JSON.stringify(leak.path);
    if (!found.has(key)) found.set(key, leak);
  }
  return [...found.values()];
}

function byForm(value: unknown, path: readonly Key[]): Leak[] {
  return [...textsBelow(value, path)].flatMap(([at, text]) => {
    const form = secretForm(text);
    return form === undefined ? [] : [{ path: at, what: form }];
  });
}

/** Fields of the External Secrets Operator that say under which name a secret is kept. */
const names: ReadonlySet<string> = new Set(['secretKey', 'remoteRef', 'property']);
const noNames: ReadonlySet<string> = new Set();

function byName(body: unknown, passed: ReadonlySet<string>): Leak[] {
  return [...mapsBelow(body)].flatMap(([path, map]) => {
    const leaks: Leak[] = [];
    const add = (name: string, value: unknown, at: readonly Key[]) => {
      const kind = passed.has(name) ? undefined : secretName(name);
      if (kind === undefined) return;
      const text =
        typeof value === 'string'
          ? value
          : typeof value === 'number' && kind === 'password'
            ? String(value)
            : '';
      if (isSecretValue(text, kind) && !isPublic(text)) leaks.push({ path: at, what: `a ${kind} (${name})` });
    };
    for (const [key, value] of Object.entries(map)) {
      add(key, value, [...path, key]);
      if (!/args$|^command$/i.test(key) || !Array.isArray(value)) continue;
      // `--password=x`, and `--password` with its value in the next place.
      for (const [index, word] of value.entries()) {
        const [, option = '', equals, said] =
          /^--?([A-Za-z][\w.-]{0,100})(=)?([\s\S]*)$/.exec(String(word)) ?? [];
        if (equals !== undefined) add(option, said, [...path, key, index]);
        else if (said === '' && !/^-/.test(String(value[index + 1] ?? '-')))
          add(option, value[index + 1], [...path, key, index + 1]);
      }
    }
    // Of an environment, and of the parameters of many charts: `name` beside `value`.
    if (typeof map['name'] === 'string' && !isMap(map['value']))
      add(map['name'], map['value'], [...path, 'value']);
    return leaks;
  });
}

/** Endings of files whose `password:` is code or prose. */
const noConfiguration = /\.(?:html?|css|m?[jt]sx?|md|svg|xml|sql|lua|rego|py|go|rb|php|tmpl|tpl)$/i;

function inFiles(resource: Resource): Leak[] {
  if (!is(resource, '', 'ConfigMap')) return [];
  const fields = [
    ...Object.entries(mapAt(resource.manifest, ['data'])).map(
      ([key, value]) => ['data', key, value] as const,
    ),
    ...Object.entries(mapAt(resource.manifest, ['binaryData'])).map(
      ([key, value]) => ['binaryData', key, typeof value === 'string' ? textOfData(value) : value] as const,
    ),
  ];
  return fields.flatMap(([field, key, value]) => {
    if (typeof value !== 'string' || noConfiguration.test(key)) return [];
    const what =
      secretForm(value) ?? (value.includes('\n') || /[:=]/.test(value) ? secretLine(value) : undefined);
    return what === undefined ? [] : [{ path: [field, key], what }];
  });
}
