import { resourcesOf } from './inspect.ts';
import { type ApiTalk, apiTalkOf } from './kubectl.ts';
import type { Resource, Tree } from './model.ts';
import { accountOf, type Container, type PodSpec, podOf } from './pods.ts';

/** A container that talks to the API, with the account that it talks as. */
export interface ApiContainer {
  readonly resource: Resource;
  readonly pod: PodSpec;
  readonly container: Container;
  readonly talk: ApiTalk;
  readonly account: string;
}

/** The containers that talk to the API by kubectl or by its address: an operator's own program shows nothing of it. */
export function apiContainersOf(tree: Tree): readonly ApiContainer[] {
  return resourcesOf(tree).flatMap((resource) => {
    const pod = podOf(resource);
    if (pod === undefined) return [];
    return pod.containers.flatMap((container) => {
      const talk = apiTalkOf(container, resource.namespace);
      return talk === undefined ? [] : [{ resource, pod, container, talk, account: accountOf(pod) }];
    });
  });
}
