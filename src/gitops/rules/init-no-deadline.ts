import { inspect, named, textsAt } from '../inspect.ts';
import { apiTalkOf } from '../kubectl.ts';
import { readCall } from '../kubectl-words.ts';
import type { GitopsFinding, Rule } from '../model.ts';
import { type Container, hasDeadline, podOf } from '../pods.ts';
import { type Run, runOf } from '../shell.ts';

const id = 'init-no-deadline';

/** An init container that waits without an end: the pod stands in `Init` for ever, and nothing fails that could be seen. */
export const initNoDeadline: Rule = {
  id,
  look: (tree) =>
    inspect(tree, (resource) => {
      const pod = podOf(resource);
      if (pod === undefined || hasDeadline(resource, pod)) return [];
      return pod.containers.flatMap((container): GitopsFinding[] => {
        if (!container.init || container.sidecar) return [];
        const wait = endless(container, resource.namespace);
        if (wait === undefined) return [];
        const key = textsAt(container.manifest, ['args']).length > 0 ? 'args' : 'command';
        const why = wait.short
          ? 'kubectl gives up after 30 seconds of its own; the pod is then started again and again, with pauses of up to five minutes, so it may notice only long after what it waits for is there.'
          : 'If what it waits for never comes, the pod stands in Init for ever and no error is to be seen anywhere.';
        return [
          {
            rule: id,
            severity: 'warning',
            at: resource.place([...container.path, key]),
            what: `The init container ${container.name} of ${named(resource)} ${wait.what}.`,
            why,
            fix: wait.fix,
          },
        ];
      });
    }),
};

interface Wait {
  readonly what: string;
  readonly fix: string;
  readonly short?: boolean;
}

function endless(container: Container, namespace: string): Wait | undefined {
  const talk = apiTalkOf(container, namespace);
  const run =
    talk?.run ??
    runOf(textsAt(container.manifest, ['command']), textsAt(container.manifest, ['args']), undefined);
  const first = run.commands[0]?.[0] ?? '';
  if (first === 'timeout' || first.endsWith('/timeout')) return undefined;
  return loop(run) ?? kubectlWait(run);
}

/** Characters; the time that the form below takes grows with their square, and no init container's script is longer. */
const longestScript = 20_000;
const loopForm =
  /(?:^|[\n;&|({]|\bthen\b|\bdo\b)\s*(until|while)\b((?:(?!\bdo\b)[\s\S])*?)[\n;]\s*do\b([\s\S]*?)(?:[\n;]\s*|\s)done\b/g;
/** A counter, a clock or a way to fail: the loop ends also where what it waits for does not come. `exit 0` is none. */
const ends =
  /-(?:lt|le|gt|ge|eq|ne)\b|\(\(|\$\{?SECONDS|\b(?:exit|return)\s+(?:[1-9]|\$|"\$)|(?:^|[\s;&|(])read\s|(?:\$\(|`)\s*date\b|[<>]=?\s*\$?\{?[A-Z_]*(?:MAX|LIMIT|RETR|TRIES|ATTEMPT)/i;

function loop({ script }: Run): Wait | undefined {
  if (script === undefined || script.length > longestScript) return undefined;
  const text = script.replace(/(^|\s)#.*$/gm, '$1');
  for (const [, kind, condition = '', body = ''] of text.matchAll(loopForm)) {
    const always = /^\s*(?::|true|\[\s*1\s*\]|\[\s*true\s*\])\s*$/.test(condition);
    if (ends.test(condition) || ends.test(body)) continue;
    // `while read line`, `while [ -n "$1" ]; do shift`: a loop over what is there, not a wait.
    const waits =
      /\b(?:sleep|nc|ncat|curl|wget|kubectl|pg_isready|nslookup|dig|getent|ping|redis-cli|mysqladmin|psql)\b/;
    if (!waits.test(`${condition} ${body}`)) continue;
    if (!always && kind === 'while' && !/^\s*(?:!|\[|test\b)/.test(condition) && !/\bsleep\b/.test(body))
      continue;
    return {
      what: `loops without an end (${kind} …; do …; done)`,
      fix: 'Give the loop a deadline (`timeout 900 sh -c …`, or a counter with exit 1), or use `kubectl wait --for=create … --timeout=15m`.',
    };
  }
  return undefined;
}

function kubectlWait({ commands }: Run): Wait | undefined {
  for (const words of commands) {
    const at = words.findIndex((word) => word === 'kubectl' || word.endsWith('/kubectl'));
    if (at === -1 || words.slice(0, at).some((word) => /(?:^|\/)timeout$/.test(word))) continue;
    const { plain, flags } = readCall(words.slice(at + 1));
    const [verb, second] = plain;
    const timeout = flags.get('--timeout');
    const fix = 'Add a deadline that fits the castle, e.g. --timeout=15m.';
    if (verb === 'wait' && timeout === undefined)
      return { what: 'waits by `kubectl wait` without --timeout', fix, short: true };
    if (verb === 'wait' && timeout?.startsWith('-'))
      return { what: 'waits by `kubectl wait` with a negative --timeout, which is a week', fix };
    if (verb === 'rollout' && second === 'status' && (timeout === undefined || /^0(?:s|m|h)?$/.test(timeout)))
      return { what: 'waits by `kubectl rollout status` without --timeout', fix };
    if (verb === 'get' && (flags.has('-w') || flags.has('--watch') || flags.has('--watch-only')))
      return {
        what: 'watches by `kubectl get --watch`, which never ends by itself',
        fix: 'Use `kubectl wait --for=… --timeout=15m`.',
      };
  }
  return undefined;
}
