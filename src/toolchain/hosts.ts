import { withoutCredentials } from './download.ts';
import { explainNetwork } from './network.ts';

/** Which hosts can be reached in this run. Each is tried once: a closed network must not be waited for per tool. */
export interface Hosts {
  /** Why the host of `url` cannot be used; undefined where it can. */
  unreachable(url: string): Promise<string | undefined>;
  /** Remembers that the host of `url` cannot be used after all, e.g. because what it redirects to is closed. */
  giveUp(url: string, why: string): void;
}

const probeMs = 3000;
/** A policy on the way: a proxy that wants a login, a firewall that answers in the host's name. */
const barred = new Set([403, 407, 451]);

export function createHosts(fetcher: typeof fetch, signal: AbortSignal): Hosts {
  const known = new Map<string, Promise<string | undefined>>();
  const probe = async (url: string): Promise<string | undefined> => {
    const late = AbortSignal.timeout(probeMs);
    try {
      const response = await fetcher(withoutCredentials(url), {
        method: 'HEAD',
        redirect: 'manual',
        signal: AbortSignal.any([signal, late]),
      });
      return barred.has(response.status) ? `${new URL(url).hostname} answered ${response.status}` : undefined;
    } catch (error) {
      signal.throwIfAborted();
      return late.aborted
        ? `${new URL(url).hostname} did not answer within ${probeMs / 1000} s`
        : explainNetwork(error, url);
    }
  };
  return {
    unreachable(url) {
      const { host } = new URL(url);
      const answer = known.get(host) ?? probe(url);
      known.set(host, answer);
      return answer;
    },
    giveUp(url, why) {
      known.set(new URL(url).host, Promise.resolve(why));
    },
  };
}
