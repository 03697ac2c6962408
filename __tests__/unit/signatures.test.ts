import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recognise } from '../../src/layer/diagnose.ts';
import { type RetryClass, retryClasses, type Scene } from '../../src/layer/signatures/signature.ts';
import { signatures } from '../../src/layer/signatures/table.ts';
import { flat } from '../../src/layer/words.ts';
import { holds } from '../support/property.ts';

interface Sample {
  /** What the tool really prints. */
  readonly says: readonly string[];
  /** What is nearest to it and means something else. */
  readonly twins: readonly string[];
  readonly retry?: RetryClass;
}

const samples: Readonly<Record<string, Sample>> = {
  'state-unsaved': {
    says: [
      'Failed to persist state to backend\nThe error shown above has prevented OpenTofu from writing the updated state to the configured backend. To allow for recovery, the state has been written to the file "errored.tfstate" in the current working directory.',
      'Failed to save state\nError saving state: Failed to upload state: POST http://127.0.0.1:48801/s?ID=dbd2c8c0 giving up after 1 attempt(s)',
    ],
    twins: ['Failed to save the kubeconfig: file exists'],
  },
  'state-locked': {
    says: [
      'Error acquiring the state lock\nError message: HTTP remote state already locked: ID=b9c5e0ae\nLock Info:\n  ID:        b9c5e0ae\n  Path:      \n  Operation: OperationTypeApply\n  Who:       ann@castle',
      'Error acquiring the state lock\nError message: resource temporarily unavailable',
    ],
    twins: ['The door is locked. The state of the lock is unknown.'],
  },
  'state-format-newer': {
    says: [
      'Error refreshing state\n\nUnsupported state file format: The state file uses format version 5, which is\nnot supported by OpenTofu 1.12.6. This state file was created by OpenTofu\n1.99.0.',
      'state snapshot was created by Terraform v0.14.11, which is newer than current v0.13.6; upgrade to Terraform v0.14.11 or greater to work with this state',
      'Resource instance managed by newer provider version\nThe current state of terraform_data.a was created by a newer provider version than is currently selected.',
    ],
    twins: ['A newer version of the provider is available.'],
  },
  'state-plain': {
    says: ['Error refreshing state\n\nencountered unencrypted payload without unencrypted method configured'],
    twins: ['The payload of this message is not encrypted.'],
  },
  'state-key': {
    says: [
      'Error refreshing state\n\ndecryption failed for all provided methods\nattempted decryption failed for state: decryption failed: cipher: message\nauthentication failed',
    ],
    twins: ['message authentication failed for user ann'],
  },
  'state-conflict': {
    says: [
      'Failed to write the imported state\n\ncannot import state with lineage "other" over unrelated state with lineage\n"efd0cc3b-f042-0cb1-69d9-f503e3e65d4c"',
      'cannot import state with serial 0 over newer state with serial 1',
      'Error refreshing state: state data in S3 does not have the expected content.',
    ],
    twins: ['The serial number of the disk is newer.'],
  },
  'backend-changed': {
    says: [
      'Backend initialization required: please run "tofu init"\nReason: Backend configuration block has changed',
      'Error: Backend configuration changed\n\nA change in the backend configuration has been detected, which may require\nmigrating existing state.',
    ],
    twins: ['The backend of the load balancer changed.'],
  },
  'dependency-no-outputs': {
    says: [
      'resolving dependency "a" outputs: /live/engine/terragrunt.hcl is a dependency of /live/storage/terragrunt.hcl but detected no outputs. Either the target module has not been applied yet, or the module has no outputs.',
    ],
    twins: ['engine/terragrunt.hcl has no outputs block'],
  },
  'dependency-variable': {
    says: ['/live/b/terragrunt.hcl:2,16-26: Unknown variable; There is no variable named "dependency".'],
    twins: ['There is no variable named "dependencies".'],
  },
  'dependency-output-missing': {
    says: [
      '/live/b/terragrunt.hcl: Unsupported attribute This object does not have an attribute named "kubeconfig".',
    ],
    twins: ['Unsupported attribute\nThis object does not have an attribute named "kubeconfig".'],
  },
  'mock-outputs': {
    says: [
      'Config /live/a/terragrunt.hcl is a dependency of /live/b/terragrunt.hcl that has no outputs, but mock outputs provided and returning those in dependency output.',
    ],
    twins: ['mock_outputs = { kubeconfig = "mock" }'],
  },
  'hook-failed': {
    says: [
      'Hook "x" (command: false) exited with non-zero exit code 1',
      'Hook "wait" failed to execute: Failed to execute "sleep 8" in ./.terragrunt-cache/a/b\n\ncontext canceled',
    ],
    twins: ['Executing hook: x', 'Hook "x" (command: true) is done'],
  },
  'proxmox-lock': {
    says: [
      "error updating VM: received an HTTP 500 response - Reason: can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
      "clone failed: can't lock file '/var/lock/pve-manager/pve-storage-data-zfs' - got timeout",
      'timeout while waiting for VM "7001" configuration to become unlocked',
      'VM is locked (clone)',
    ],
    twins: ['VM is unlocked (clone)'],
    retry: 'proxmox-lock',
  },
  'vm-exists': {
    says: [
      "error creating VM: received an HTTP 500 response - Reason: unable to create VM 421 - VM 421 already exists on node 'pve'",
      '500 unable to create VM 421: config file already exists',
      '400 Parameter verification failed. vmid: VM 421 already exists',
    ],
    twins: ['VM 421 already running'],
  },
  'machine-agent': {
    says: [
      'Resource postcondition failed\nVM 421 (tazlab-cp-1) has no guest agent that answers within 120 s. Use a Talos image whose schematic has siderolabs/qemu-guest-agent, or set `agent = false`.',
    ],
    twins: ['VM 421 (tazlab-cp-1) has a guest agent that answers'],
  },
  'machine-not-started': {
    says: [
      'timeout while waiting for VM 424 to enter the status "running"',
      'error waiting for VM start: task "UPID:pve:00000FA5:0000FA50:6B0A00A5:qmstart:424:phoenix@pve!castle:" failed to complete with exit code: start failed: QEMU exited with code 1: cannot set up guest memory: Cannot allocate memory',
    ],
    twins: ['timeout while waiting for VM 424 to enter the status "stopped"'],
  },
  'image-checksum': {
    says: [
      "error download file to datastore local: failed waiting for url download: task \"UPID:pve:00000FA0:0000FA00:6B0A0093:download:tazlab.qcow2:phoenix@pve!castle:\" failed to complete with exit code: checksum mismatch: got 'e3b0c44298fc1c14', expect 'aaaaaaaaaaaaaaaa'",
    ],
    twins: ['the checksum matches: aaaaaaaaaaaaaaaa'],
  },
  'proxmox-agent': {
    says: [
      'received an HTTP 500 response - Reason: QEMU guest agent is not running',
      'timeout while waiting for the QEMU agent on VM "421" to publish the network interfaces',
    ],
    twins: ['QEMU guest agent is running'],
    retry: 'http-5xx',
  },
  'storage-full': {
    says: [
      'clone failed: lvcreate \'pve/vm-421-disk-0\' error: Volume group "pve" has insufficient free space (2 extents): 5120 required.',
      "unable to create VM 421 - zfs error: cannot create 'rpool/data/vm-421-disk-0': out of space",
      "unable to create VM 421 - lvcreate 'pve/vm-421-disk-0' error: Cannot create new thin volume, free space in thin pool pve/data reached threshold.",
      'write failed: disk quota exceeded',
    ],
    twins: ['free space: 200 extents'],
  },
  quota: {
    says: [
      'pods "web" is forbidden: exceeded quota: compute, requested: limits.memory=2Gi, used: limits.memory=7Gi, limited: limits.memory=8Gi',
    ],
    twins: ['quota of 8Gi, used 7Gi'],
  },
  'talos-bootstrapped': {
    says: ['rpc error: code = AlreadyExists desc = etcd data directory is not empty'],
    twins: ['etcd data directory is empty'],
  },
  'talos-not-ready': {
    says: [
      'rpc error: code = FailedPrecondition desc = time is not in sync yet',
      'rpc error: code = FailedPrecondition desc = bootstrap is not available yet',
    ],
    twins: ['time is in sync'],
    retry: 'network',
  },
  'proxmox-proxy': {
    says: [
      'PVE API error: received an HTTP 599 response - Reason: Too many redirections',
      '595 No route to host',
      'Error: 599 Too many redirections',
    ],
    twins: ['599 pods are running', 'port 5950 is open'],
    retry: 'http-5xx',
  },
  'webhook-refused': {
    says: [
      'Internal error occurred: failed calling webhook "l2advertisementvalidationwebhook.metallb.io": failed to call webhook: Post "https://metallb-webhook-service.metallb-system.svc:443/validate?timeout=10s": dial tcp 10.106.24.3:443: connect: connection refused',
      'Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s": no endpoints available for service "cert-manager-webhook"',
    ],
    twins: ['admission webhook "validate.kyverno.svc" denied the request: labels are missing'],
    retry: 'network',
  },
  'api-not-served': {
    says: [
      'no matches for kind "ExternalSecret" in version "external-secrets.io/v1beta1"\nensure CRDs are installed first',
      'The Kubernetes API could not find version "v1beta1" of external-secrets.io/ExternalSecret for requested resource default/token.',
    ],
    twins: ['external-secrets.io/v1beta1 is deprecated; use external-secrets.io/v1'],
  },
  'crd-absent': {
    says: [
      'API did not recognize GroupVersionKind from manifest (CRD may not be installed)\nno matches for kind "IPAddressPool" in group "metallb.io"',
      'resource mapping not found for name: "pool" namespace: "" from "p.yaml": no matches for kind "IPAddressPool" in version "metallb.io/v1beta1"\nensure CRDs are installed first',
    ],
    twins: ['no matches for the label app=web'],
  },
  'namespace-terminating': {
    says: [
      'serviceaccounts "controller" is forbidden: unable to create new content in namespace longhorn-system because it is being terminated',
    ],
    twins: ['the instance is being terminated'],
  },
  'namespace-absent': {
    says: ['namespaces "tailscale" not found'],
    twins: ['secrets "tailscale" not found in namespace default'],
  },
  'helm-pending': {
    says: [
      'another operation (install/upgrade/rollback) is in progress',
      'release longhorn has status pending-install',
    ],
    twins: ['the installation is pending'],
  },
  'helm-name-in-use': {
    says: ['cannot re-use a name that is still in use'],
    twins: ['the name is not in use'],
  },
  'image-limit': {
    says: [
      'failed to pull and unpack image "docker.io/library/busybox:latest": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/busybox/manifests/sha256:50aa: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
    ],
    twins: ['the image was pulled 429 times'],
    retry: 'rate-limit',
  },
  'image-pull': {
    says: [
      'Back-off pulling image "ghcr.io/tazzo/blog:1": ImagePullBackOff',
      'Failed to pull image "ghcr.io/tazzo/blog:1": rpc error: code = NotFound',
    ],
    twins: ['Successfully pulled image "ghcr.io/tazzo/blog:1" in 2s'],
  },
  'longhorn-noexec': {
    says: ['instance-manager: exec /host/var/lib/longhorn/engine-binaries/longhorn: permission denied'],
    twins: ['longhorn: volume is attached'],
  },
  'longhorn-replicas': {
    says: [
      'AttachVolume.Attach failed for volume "pvc-65c8" : rpc error: code = Aborted desc = volume pvc-65c8 in state detached is not ready for workloads',
      'unable to attach volume pvc-da81 to w2: volume pvc-da81 not scheduled',
      'volume scheduling: precheck new replica failed: insufficient storage',
    ],
    twins: ['volume pvc-65c8 is ready for workloads'],
  },
  'pgbackrest-path': {
    says: ["ERROR: [032]: 'pgbackrest/db/repo1' must begin with / for 'repo1-path' option"],
    twins: ['repo1-path: /pgbackrest/db/repo1'],
  },
  'pgbackrest-option': {
    says: ['P00  ERROR: [037]: restore command requires option: repo1-s3-key'],
    twins: ['P00   INFO: restore command end: completed successfully (37ms)'],
  },
  'infisical-exists': {
    says: [
      'Error creating secret\nCouldn\'t save encrypted secrets to Infiscial, unexpected error: CallCreateSecretsV3: Unsuccessful response. [response={"statusCode":400,"message":"Secret already exist","error":"BadRequest"}]',
      '400 Secret already exists',
      'Failed to create secret that already\nexists',
    ],
    twins: ['the secret exists and was read'],
  },
  'infisical-region': {
    says: [
      'CallUniversalAuthLogin: Unsuccessful response [POST https://app.infisical.com/api/v1/auth/universal-auth/login] [status-code=401] [message="Invalid credentials"]',
    ],
    twins: ['reading https://eu.infisical.com/api/status: 200'],
  },
  'secret-empty': {
    says: ['the secret value is empty'],
    twins: ['the folder is empty'],
  },
  'plugin-busy': {
    says: [
      'Failed to install provider\n\nError while installing hashicorp/kubernetes v2.19.0: open\n/cache/terraform-provider-kubernetes_v2.19.0_x5:\ntext file busy',
      'fork/exec provider: text file busy',
    ],
    twins: ['the text file is long'],
    retry: 'provider-install',
  },
  'plugin-checksum': {
    says: [
      "Error while importing opensearch-project/opensearch v2.0.0 from the shared\ncache directory: the provider cache at .terraform/providers has a copy of\nit that doesn't match\nany of the checksums recorded in the dependency lock file.",
      'the cached package for registry.opentofu.org/hashicorp/aws 5.87.0 (in .terraform/providers) does not match any of the checksums recorded in the dependency lock file',
    ],
    twins: ['all checksums match the dependency lock file'],
  },
  'plugin-cache-damaged': {
    says: [
      'Failed to install provider\n\nError while installing bpg/proxmox v0.80.0: existing cached package at\n/home/runner/.cache/terragrunt/providers/registry.opentofu.org/bpg/proxmox/0.80.0/linux_amd64\ndoes not match the content of the downloaded package; does it contain local\nmodifications?',
    ],
    twins: ['Using bpg/proxmox v0.80.0 from the shared cache directory'],
  },
  'plugin-crashed': {
    says: [
      'Plugin did not respond\nThe plugin encountered an error, and failed to respond to the plugin6.(*GRPCProvider).ConfigureProvider call. The plugin logs may contain more details.',
    ],
    twins: ['The plugin logs contain details.'],
  },
  'provider-unavailable': {
    says: [
      'Failed to resolve provider packages\n\nCould not resolve provider 127.0.0.1:9/bpg/proxmox: could not connect to\n127.0.0.1:9: failed to request discovery document',
      'Failed to query available provider packages\nCould not retrieve the list of available versions for provider bpg/proxmox',
    ],
    twins: ['Finding bpg/proxmox versions matching "~> 0.80"...'],
    retry: 'provider-install',
  },
  'module-unavailable': {
    says: ['Failed to download module\n\nCould not download module "x" (main.tf:1) source code'],
    twins: ['Downloading git::https://example.org/m.git for x...'],
  },
  'variable-missing': {
    says: [
      'No value for required variable\nThe root module input variable "x" is not set, and has no default value. Use a -var or -var-file command line argument to provide a value for this variable.',
    ],
    twins: ['The variable "x" has no description.'],
  },
  protected: {
    says: [
      'Resource instance cannot be destroyed\nResource instance terraform_data.a has prevent_destroy set, but the plan calls for it to be destroyed.',
      'Instance cannot be destroyed\nResource x has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed.',
      'Unit is protected by the prevent_destroy flag in /live/platform/terragrunt.hcl. Set it to false or remove it to allow destruction of the unit.',
    ],
    twins: ['terraform_data.a: Destruction complete after 0s'],
  },
  undeclared: {
    says: [
      'Reference to undeclared input variable\nAn input variable with the name "nope" has not been declared.',
      'Reference to undeclared resource',
    ],
    twins: ['The variable "nope" is declared twice.'],
  },
  syntax: {
    says: [
      'Invalid expression Expected the start of an expression, but found an invalid expression token.',
      'Argument definition required\n\nA single-line block definition can contain only a single argument.',
    ],
    twins: ['the expression is valid'],
  },
  'cli-config': {
    says: [
      'Unable to parse Terraform version output: \nWarning: Unable to open CLI configuration file\n\nThe CLI configuration file at "/root/.terraformrc" does not exist.',
    ],
    twins: ['CLI configuration file loaded'],
  },
  'out-of-memory': {
    says: ['container web terminated: OOMKilled', 'fork/exec /bin/sh: cannot allocate memory'],
    twins: ['4096 MB of memory'],
  },
  killed: {
    says: [
      '* Failed to execute "tofu apply -json -no-color" in ./.terragrunt-cache/a/b\n  \n  signal: killed\n',
      "Error running command './build': exit status 137. Output: ",
    ],
    twins: ['exit status 1', 'signal: interrupt'],
  },
  'disk-full': {
    says: [
      'downloading source url file:///live/full\nerror occurred:\n\n* write /live/full/.terragrunt-cache/a/b/fill: copy_file_range: no space left on device',
    ],
    twins: ['40 GB of space left on the device'],
  },
  noexec: {
    says: ['fork/exec .terraform/providers/x/terraform-provider-x_v1: permission denied'],
    twins: ['fork/exec done'],
  },
  permission: {
    says: ['open /live/a/.terragrunt-cache/x: permission denied', 'mkdir /var/x: read-only file system'],
    twins: ['permission denied'],
  },
  'tls-authority': {
    says: [
      'Get "https://pve:8006/api2/json/version": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    twins: ['the certificate is signed'],
  },
  'tls-time': {
    says: [
      'x509: certificate has expired or is not yet valid: current time 2026-11-24T11:00:00Z is after 2026-10-01T00:00:00Z',
    ],
    twins: ['the certificate expires in 30 days'],
  },
  'rate-limit': {
    says: ['error 429', 'API rate limit exceeded', 'HTTP status 429', '429 Too Many Requests'],
    twins: ['created 4290 objects', 'rate limit: 60 an hour'],
    retry: 'rate-limit',
  },
  unauthorized: {
    says: [
      'received an HTTP 401 response - Reason: authentication failure',
      'secrets is forbidden: User "system:anonymous" cannot list resource "secrets"',
      '403 Permission check failed (/vms/421, VM.Clone)',
    ],
    twins: ['401 objects were read', 'HTTP 404 not found'],
  },
  'server-error': {
    says: [
      'received an HTTP 503 response',
      'unexpected status 502',
      '504 Gateway Time-out',
      '[status-code=500]',
    ],
    twins: ['port 5030 of the status page is wrong', 'the status of 500 pods', 'HTTP 404 not found'],
    retry: 'http-5xx',
  },
  dns: {
    says: ['dial tcp: lookup pve.lan on 10.0.0.1:53: no such host'],
    twins: ['there is a host named such'],
  },
  network: {
    says: [
      'read tcp 10.0.0.2:443: connection reset by peer',
      'dial tcp 10.0.0.2:8006: connect: connection refused',
      'net/http: TLS handshake timeout',
      'Get "https://10.0.0.2:6443/version": EOF',
      'Get "https://10.0.0.2:6443/version": net/http: request canceled (Client.Timeout exceeded while awaiting headers)',
    ],
    twins: ['connected to 10.0.0.2:8006'],
    retry: 'network',
  },
  deadline: {
    says: ['context deadline exceeded', 'Error: timed out waiting for the condition'],
    twins: ['the deadline is in 30 s', 'context canceled'],
  },
};

/** What OpenTofu and Terragrunt say when all is well. */
const fine = [
  '',
  'OpenTofu has been successfully initialized!',
  'Initializing provider plugins... - terraform.io/builtin/terraform is built in to OpenTofu',
  'Plan: 3 to add, 0 to change, 0 to destroy.',
  'Apply complete! Resources: 3 added, 0 changed, 0 destroyed.',
  'terraform_data.two: Still creating... [10s elapsed]',
  'terraform_data.error_500: Creation complete after 5s [id=2796d2fb-401f-3f99-0c33-b1b3a54e8348]',
  'proxmox_virtual_environment_vm.cp[0]: Creating...',
  'No changes. Your infrastructure matches the configuration.',
  'Downloading Terraform configurations from /live/network into ./.terragrunt-cache/x/y',
  'Executing hook: wait',
  'Acquiring state lock. This may take a few moments...',
  'Releasing state lock. This may take a few moments...',
];

const scene = (match: RegExpExecArray, text: string): Scene => ({
  layer: 'platform',
  operation: 'apply',
  unit: '/live/platform',
  engineDir: '/live/platform/.terragrunt-cache/a/b',
  engine: 'tofu',
  address: 'x.a["k"]',
  match,
  text,
});

describe('the table of signatures', () => {
  test('has a sample of each, and each under one name', () => {
    const ids = signatures.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(Object.keys(samples).toSorted());
  });

  test('gives every class that can be tried again to some failure, but for a stall, which no word tells', () => {
    const given = new Set(signatures.flatMap(({ retry }) => (retry === undefined ? [] : [retry])));
    expect([...given, 'stall'].toSorted()).toEqual([...retryClasses].toSorted());
  });
});

const said = Object.entries(samples).flatMap(([id, { says, retry }]) =>
  says.map((text) => [id, text, retry] as const),
);

test.each(said)('%s is recognised by: %s', (id, text, retry) => {
  const found = recognise(flat(text));
  expect(found?.signature.id).toBe(id);
  expect(found?.signature.retry).toBe(retry);
});

test.each(said)('%s is recognised where lines are broken elsewhere: %s', (id, text) => {
  expect(recognise(flat(text.replaceAll(' ', '\n  ')))?.signature.id).toBe(id);
});

test.each(said)('%s says what is the matter and what to do, whole sentences without a gap: %s', (_, text) => {
  const found = recognise(flat(text));
  if (found === undefined) throw new Error('not recognised');
  const { signature, match } = found;
  const where = scene(match, flat(text));
  const cause = typeof signature.cause === 'string' ? signature.cause : signature.cause(where);
  for (const words of [cause, signature.next(where)]) {
    expect(words).toMatch(/^\S.*[.)`]$/s);
    expect(words).not.toMatch(/undefined|\[object|null/);
  }
});

test.each(Object.entries(samples).flatMap(([id, { twins }]) => twins.map((text) => [id, text] as const)))(
  '%s is not seen in its innocent twin: %s',
  (id, text) => {
    expect(recognise(flat(text))?.signature.id).not.toBe(id);
  },
);

test.each(fine)('no failure is seen in: %s', (text) => {
  expect(recognise(flat(text))).toBeUndefined();
});

test('no failure is seen in any row of lines that tell of success', () => {
  holds(
    fc.property(fc.array(fc.constantFrom(...fine), { maxLength: 12 }), (lines) => {
      expect(recognise(flat(lines.join('\n')))).toBeUndefined();
    }),
  );
});

test('a long line of anything is judged in little time', () => {
  const long = flat(`failed calling webhook x ${'longhorn pool quota HTTP status 59 '.repeat(3000)}`);
  const started = performance.now();
  recognise(long);
  expect(performance.now() - started).toBeLessThan(500);
});
