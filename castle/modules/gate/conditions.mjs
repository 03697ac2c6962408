import { get } from './kubectl.mjs';

const absent = { ok: false, seen: 'it does not exist yet' };

/**
 * What a condition is and how it is looked at, by its first word. Each gives `ok` and, in words, what was `seen`. An
 * absent object is waited for: `kubectl wait` would end at once.
 */
const looks = {
  /** crd/NAME[,NAME…]: all Established. */
  async crd([names], withinMs) {
    const wanted = names.split(',');
    const found = await get(['customresourcedefinitions', ...wanted], withinMs);
    const established = new Set(found.filter(isEstablished).map(({ metadata }) => metadata.name));
    const missing = wanted.filter((name) => !established.has(name));
    return { ok: missing.length === 0, seen: `not established: ${missing.join(', ')}` };
  },

  /** deployment/NAMESPACE/NAME: rolled out, as `kubectl rollout status` means it. */
  async deployment([namespace, name], withinMs) {
    const [found] = await get(['deployment', name, `--namespace=${namespace}`], withinMs);
    if (found === undefined) return absent;
    const { replicas = 1 } = found.spec;
    const { updatedReplicas = 0, availableReplicas = 0, replicas: all = 0 } = found.status ?? {};
    const ok =
      isObserved(found) &&
      updatedReplicas >= replicas &&
      all <= updatedReplicas &&
      availableReplicas >= replicas;
    return { ok, seen: `${availableReplicas} of ${replicas} available${unhappy(found)}` };
  },

  /** daemonset/NAMESPACE/NAME: on every node that it is for, and on one at least. */
  async daemonset([namespace, name], withinMs) {
    const [found] = await get(['daemonset', name, `--namespace=${namespace}`], withinMs);
    if (found === undefined) return absent;
    const {
      desiredNumberScheduled: wanted = 0,
      updatedNumberScheduled = 0,
      numberAvailable = 0,
    } = found.status ?? {};
    const ok =
      isObserved(found) && wanted > 0 && updatedNumberScheduled >= wanted && numberAvailable >= wanted;
    return {
      ok,
      seen: wanted === 0 ? 'no node is there for it' : `${numberAvailable} of ${wanted} available`,
    };
  },

  /** service/NAMESPACE/NAME: an EndpointSlice of it has a ready endpoint; a Running pod says nothing of that. */
  async service([namespace, name], withinMs) {
    const slices = await get(
      ['endpointslices', `--namespace=${namespace}`, `--selector=kubernetes.io/service-name=${name}`],
      withinMs,
    );
    const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
    // Unset means ready, says the API.
    const ready = endpoints.filter(
      ({ conditions, addresses }) => conditions?.ready !== false && addresses?.length > 0,
    );
    const seen =
      slices.length === 0 ? 'it has no EndpointSlice' : `none of its ${endpoints.length} endpoints is ready`;
    return { ok: ready.length > 0, seen };
  },

  /** webhook/NAME: the ValidatingWebhookConfiguration is there, for operators that write their own. */
  async webhook([name], withinMs) {
    const [found] = await get(['validatingwebhookconfigurations', name], withinMs);
    if (found === undefined) return absent;
    return { ok: (found.webhooks ?? []).length > 0, seen: 'it is empty' };
  },
};

export async function look(condition, withinMs) {
  const [kind, ...names] = condition.split('/');
  return await looks[kind](names, withinMs);
}

export const isKnown = (condition) => Object.hasOwn(looks, condition.split('/')[0]);

/** What the pods of a workload's namespace wait for, e.g. an image: asked for only once the time is up. */
export async function podTroubles(condition) {
  const [kind, namespace] = condition.split('/');
  if (kind !== 'deployment' && kind !== 'daemonset') return [];
  const pods = await get(['pods', `--namespace=${namespace}`], 5_000).catch(() => []);
  return pods.flatMap(({ metadata, status = {} }) =>
    [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(({ state }) =>
      state?.waiting
        ? [`${metadata.name}: ${state.waiting.reason} ${state.waiting.message ?? ''}`.trim()]
        : [],
    ),
  );
}

const isEstablished = ({ status }) =>
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True');

const isObserved = ({ metadata, status }) => (status?.observedGeneration ?? 0) >= metadata.generation;

function unhappy({ status }) {
  const told = (status?.conditions ?? []).find(
    ({ type, status: is }) => type === 'Available' && is === 'False',
  );
  return told?.message ? `: ${told.message}` : '';
}
