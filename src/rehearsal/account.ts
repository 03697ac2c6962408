import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Deployment } from './container.ts';
import type { NodeOptions } from './node.ts';

const accountWithinMs = 30_000;
const pollMs = 50;
/** As long as the certificates of the box live. */
const tokenSeconds = 24 * 60 * 60;

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });

/** A kubeconfig with a token of the pod's own ServiceAccount, which may be applied a moment after the Deployment. */
export async function accountKubeconfig(
  options: Pick<NodeOptions, 'api' | 'server' | 'ca'>,
  manifest: Deployment,
  signal: AbortSignal,
): Promise<string> {
  const { namespace } = manifest.metadata;
  const account = manifest.spec.template.spec.serviceAccountName;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const deadline = Date.now() + accountWithinMs;
  for (;;) {
    const { status, body } = await options.api.request('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: tokenSeconds },
    });
    if (status === 201) {
      const { token } = tokenAnswer.parse(body).status;
      const authority = Buffer.from(options.ca).toString('base64');
      return JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'box',
            cluster: { server: options.server, 'certificate-authority-data': authority },
          },
        ],
        users: [{ name: account, user: { token } }],
        contexts: [{ name: 'box', context: { cluster: 'box', user: account, namespace } }],
        'current-context': 'box',
      });
    }
    if (status !== 404 || Date.now() > deadline) {
      throw new Error(`no token for the service account ${namespace}/${account} (answer ${status})`);
    }
    await sleep(pollMs, undefined, { signal });
  }
}
