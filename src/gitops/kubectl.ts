import { readImage } from './image.ts';
import { textsAt } from './inspect.ts';
import { isClusterWide, kindOf, readCall } from './kubectl-words.ts';
import type { Container } from './pods.ts';
import { type Run, runOf } from './shell.ts';

/** A right that a call needs. */
export interface Need {
  readonly verbs: readonly string[];
  readonly group: string;
  readonly resource: string;
  /** Undefined where it is of all of them. */
  readonly name: string | undefined;
  /** Undefined for every namespace. */
  readonly namespace: string | undefined;
}

export interface ApiTalk {
  readonly run: Run;
  /** What the calls need, as far as it can be read. */
  readonly needs: readonly Need[];
  /** Whether every call could be read. */
  readonly whole: boolean;
}

const kubectlImage =
  /(?:^|\/)(?:kubectl|k8s-kubectl|helm-kubectl|kubectl-[a-z]+|alpine-k8s|alpine\/k8s|k8s-wait-for)$/;
const apiAddress = /kubernetes\.default|KUBERNETES_SERVICE_HOST|\/serviceaccount\/token/;

/** What a container asks of the API; undefined where it does not talk to it, as far as its command shows. */
export function apiTalkOf(container: Container, podNamespace: string): ApiTalk | undefined {
  const command = textsAt(container.manifest, ['command']);
  const args = textsAt(container.manifest, ['args']);
  const image = container.image === undefined ? undefined : readImage(container.image);
  const bears = image !== undefined && kubectlImage.test(image.repository);
  // Of these images only the bare one starts kubectl; the rest have a shell.
  const entrypoint =
    bears && /(?:^|\/)(?:kubectl|k8s-kubectl)$/.test(image.repository) ? 'kubectl' : undefined;
  const run = runOf(command, args, entrypoint);
  const calls = run.commands.flatMap(callOf);
  const byHand = run.commands.some((words) => words.some((word) => apiAddress.test(word)));
  // A script shows its calls; of a program that only such an image has, it is taken as read that it asks the API.
  if (calls.length === 0 && !byHand && (!bears || run.script !== undefined)) return undefined;
  const elsewhere = (words: readonly string[]) =>
    words.some((word) => /^--(?:kubeconfig|server|token|context)\b/.test(word) || word === '-s');
  const own = calls.filter((words) => !elsewhere(words));
  if (calls.length > 0 && own.length === 0) return undefined;
  const read = own.map((words) => needsOf(words, podNamespace));
  return {
    run,
    needs: read.flatMap((needs) => needs ?? []),
    whole: !byHand && calls.length > 0 && read.every((needs) => needs !== undefined),
  };
}

/** The words after `kubectl` in a command that calls it, also behind `until`, `!`, `timeout 60` and the like. */
function callOf(words: readonly string[]): (readonly string[])[] {
  const at = words.findIndex((word) => word === 'kubectl' || word.endsWith('/kubectl'));
  // As an argument it is only named: `command -v kubectl`, `echo kubectl`.
  const leads = words
    .slice(0, at)
    .every((word) =>
      /^(?:until|while|if|then|do|else|elif|!|exec|time|timeout|-\S+|\d+[smh]?|\w+=.*)$/.test(word),
    );
  return at !== -1 && leads ? [words.slice(at + 1)] : [];
}

const verbsOf: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    get: ['get'],
    describe: ['get'],
    // It gets the object, and then lists and watches the one by its name; see kubectl's wait.go.
    wait: ['get', 'list', 'watch'],
    rollout: ['get', 'list', 'watch'],
    delete: ['get', 'delete'],
    patch: ['get', 'patch'],
    annotate: ['get', 'patch'],
    label: ['get', 'patch'],
  }),
);
const needNothing = new Set([
  'version',
  'config',
  'cluster-info',
  'api-resources',
  'api-versions',
  'help',
  'completion',
]);

/** The rights that one call needs; undefined where its words do not tell. */
function needsOf(words: readonly string[], podNamespace: string): readonly Need[] | undefined {
  const { plain, flags } = readCall(words);
  const [verb = '', ...rest] = plain;
  if (needNothing.has(verb)) return [];
  // For `create` it only gets, twice a second.
  const verbs =
    verb === 'wait' && flags.get('--for')?.toLowerCase() === 'create' ? ['get'] : verbsOf.get(verb);
  if (verb === 'rollout' && rest.shift() !== 'status') return undefined;
  if (
    verbs === undefined ||
    flags.has('-f') ||
    flags.has('--filename') ||
    flags.has('-k') ||
    flags.has('--raw')
  )
    return undefined;
  const everywhere = flags.has('-A') || flags.has('--all-namespaces');
  const namespace = everywhere ? undefined : (flags.get('-n') ?? flags.get('--namespace') ?? podNamespace);
  const slashed = rest.filter((word) => word.includes('/'));
  const pairs: (readonly [string, string | undefined])[] =
    slashed.length > 0
      ? slashed.map((word) => [word.slice(0, word.indexOf('/')), word.slice(word.indexOf('/') + 1)] as const)
      : (rest[0] ?? '').split(',').flatMap((kind): (readonly [string, string | undefined])[] => {
          const of = verb === 'annotate' || verb === 'label' ? rest.slice(1, 2) : rest.slice(1);
          return of.length === 0 ? [[kind, undefined]] : of.map((name) => [kind, name] as const);
        });
  const needs: Need[] = [];
  for (const [kind, name] of pairs) {
    const known = kindOf(kind);
    if (known === undefined || [kind, name, namespace].some((word) => word?.includes('$'))) return undefined;
    const watches = flags.has('-w') || flags.has('--watch');
    const all =
      name === undefined ? [...new Set([...verbs.filter((each) => each !== 'get'), 'list'])] : verbs;
    needs.push({
      ...known,
      verbs: watches ? [...new Set([...all, 'list', 'watch'])] : all,
      name,
      namespace: isClusterWide(known.resource) ? undefined : namespace,
    });
  }
  return needs;
}
