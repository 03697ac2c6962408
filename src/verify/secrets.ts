import type { Named } from '../castle/probe-forms.ts';
import { type ApiObject, type Cluster, conditionOf, describeCondition } from '../cluster/client.ts';
import { kinds } from '../cluster/kinds.ts';
import type { Look } from './hold.ts';

interface Target {
  readonly name?: string;
  readonly creationPolicy?: string;
}

/**
 * ExternalSecrets with what they made. SecretSynced alone is not enough: a store of the wrong region gives empty values
 * and says that it synced. Values are only measured, and nothing of them leaves this file.
 */
export async function lookAtSecrets(cluster: Cluster, only: readonly Named[] | undefined): Promise<Look> {
  const all = await cluster.list(kinds.externalSecret);
  const bad = (seen: string): Look => ({ good: false, seen, trouble: 'secret' });
  const missing = only?.find(({ namespace, name }) => find(all, namespace, name) === undefined);
  if (missing !== undefined) return bad(`ExternalSecret ${missing.namespace}/${missing.name} does not exist`);
  const wanted =
    only === undefined ? all : only.flatMap(({ namespace, name }) => find(all, namespace, name) ?? []);
  if (wanted.length === 0) return bad('there is no ExternalSecret');
  for (const each of wanted) {
    const { namespace = '', name = '' } = each.metadata ?? {};
    const target = (each.spec?.['target'] ?? {}) as Target;
    const secret = await cluster.read(kinds.secret, target.name ?? name, namespace);
    const wrong = judgeSecret(each, secret);
    if (wrong !== undefined) return bad(`ExternalSecret ${namespace}/${name}: ${wrong}`);
  }
  const count = wanted.length === 1 ? '1 ExternalSecret has' : `${wanted.length} ExternalSecrets have`;
  return { good: true, seen: `${count} their values` };
}

/** What is wrong with an ExternalSecret and the Secret that it makes; never a value. */
export function judgeSecret(external: ApiObject, secret: ApiObject | undefined): string | undefined {
  const ready = conditionOf(external, 'Ready');
  if (ready?.status !== 'True') return describeCondition(ready);
  const { name = '', uid } = external.metadata ?? {};
  const target = (external.spec?.['target'] ?? {}) as Target;
  const made = target.name ?? name;
  if (secret === undefined)
    return `its Secret ${made} does not exist, though it says ${ready.reason ?? 'Ready'}`;
  const owned = (secret.metadata?.ownerReferences ?? []).some((owner) => owner.uid === uid);
  if (!owned && (target.creationPolicy ?? 'Owner') === 'Owner')
    return `its Secret ${made} is not its own: something else made it`;
  const data = secret.data ?? {};
  const keys = Object.keys(data);
  if (keys.length === 0) return `its Secret ${made} has no key`;
  const empty = keys.filter(
    (key) =>
      Buffer.from(data[key] ?? '', 'base64')
        .toString('utf8')
        .trim() === '',
  );
  if (empty.length > 0) return `its Secret ${made} has no value for ${empty.join(', ')}`;
  const templated = 'template' in target;
  const asked = (external.spec?.['data'] ?? []) as readonly { readonly secretKey?: string }[];
  const lacking = templated
    ? []
    : asked.flatMap(({ secretKey }) => (secretKey === undefined || secretKey in data ? [] : [secretKey]));
  return lacking.length === 0 ? undefined : `its Secret ${made} lacks ${lacking.join(', ')}`;
}

function find(all: readonly ApiObject[], namespace: string, name: string): ApiObject | undefined {
  return all.find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name);
}
