import { HttpMethod, KubernetesObjectApi } from '@kubernetes/client-node';

/** What to read of a container's log, in the words of the API. */
export interface PodLogQuery {
  readonly container: string;
  readonly tailLines: number;
  readonly previous: boolean;
}

/** Reads logs with the client for objects, which has the way to the API server but no call for what is not an object. */
export class PodLogApi extends KubernetesObjectApi {
  /** Throws an ApiException, with the server's own words as its body, where there is no log. */
  async readLog(namespace: string, pod: string, query: PodLogQuery): Promise<string> {
    const path = `${this.apiVersionPath('v1')}/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
    const request = this.configuration.baseServer.makeRequestContext(path, HttpMethod.GET);
    request.setHeaderParam('Accept', 'application/json, */*;q=0.8');
    for (const [name, value] of Object.entries(query)) request.setQueryParam(name, String(value));
    const text: unknown = await this.requestPromise(request, 'string');
    return String(text ?? '');
  }
}
