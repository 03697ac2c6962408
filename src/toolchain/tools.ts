import type { Tool } from './recipe.ts';
import type { ToolName } from './tool.ts';

const none = () => undefined;
const unstamped = () => [];

function github(repository: string, tag: string, file: string): string {
  return `https://github.com/${repository}/releases/download/${tag}/${file}`;
}

type KubernetesTool = Extract<ToolName, 'kubectl' | 'kubelet' | `kube-${string}`>;

function kubernetes(name: KubernetesTool): Tool {
  return {
    pin: '1.34.1',
    repository: 'kubernetes/kubernetes',
    release: (version, { os, arch }) => {
      if (os !== 'linux' && name !== 'kubectl') return undefined;
      const url = `https://dl.k8s.io/release/v${version}/bin/${os}/${arch}/${name}`;
      return { url, kind: 'bare', entry: '', checksums: `${url}.sha256` };
    },
    go: {
      module: 'k8s.io/kubernetes',
      package: `k8s.io/kubernetes/cmd/${name}`,
      build: 'kubernetes',
      stamp: (version) => {
        const [major, minor] = version.split('.');
        return [
          `k8s.io/component-base/version.gitVersion=v${version}`,
          `k8s.io/component-base/version.gitMajor=${major}`,
          `k8s.io/component-base/version.gitMinor=${minor}`,
          'k8s.io/component-base/version.gitTreeState=clean',
        ];
      },
    },
    version:
      name === 'kubectl'
        ? { args: ['version', '--client', '-o', 'json'], pattern: /"gitVersion": "v([^"]+)"/ }
        : { args: ['--version'], pattern: /Kubernetes v(\S+)/ },
  };
}

function fluxController(name: 'source-controller' | 'kustomize-controller'): Tool {
  return {
    pin: '1.7.2',
    repository: `fluxcd/${name}`,
    release: none,
    go: {
      module: `github.com/fluxcd/${name}`,
      package: '.',
      build: 'copy',
      stamp: unstamped,
      crds: 'config/crd/bases',
    },
  };
}

const corednsPlugins = [
  'cache',
  'errors',
  'forward',
  'health',
  'hosts',
  'kubernetes',
  'loadbalance',
  'log',
  'loop',
  'metrics',
  'ready',
  'reload',
];

function goImports(name: string, packages: readonly string[]): string {
  return `package ${name}\n\nimport (\n${packages.map((one) => `\t_ "${one}"\n`).join('')})\n`;
}

export const tools: Readonly<Record<ToolName, Tool>> = {
  tofu: {
    pin: '1.12.6',
    repository: 'opentofu/opentofu',
    release: (version, { os, arch }) => ({
      url: github('opentofu/opentofu', `v${version}`, `tofu_${version}_${os}_${arch}.zip`),
      kind: 'zip',
      entry: 'tofu',
      checksums: github('opentofu/opentofu', `v${version}`, `tofu_${version}_SHA256SUMS`),
    }),
    go: {
      module: 'github.com/opentofu/opentofu',
      package: './cmd/tofu',
      build: 'copy',
      stamp: () => ['github.com/opentofu/opentofu/version.dev=no'],
    },
    version: { args: ['version', '-json'], pattern: /"terraform_version": "([^"]+)"/ },
  },
  terragrunt: {
    pin: '1.1.1',
    repository: 'gruntwork-io/terragrunt',
    release: (version, { os, arch }) => ({
      url: github('gruntwork-io/terragrunt', `v${version}`, `terragrunt_${os}_${arch}`),
      kind: 'bare',
      entry: '',
      checksums: github('gruntwork-io/terragrunt', `v${version}`, 'SHA256SUMS'),
    }),
    go: {
      module: 'github.com/gruntwork-io/terragrunt',
      package: '.',
      build: 'copy',
      stamp: (version) => [`github.com/gruntwork-io/terragrunt/internal/version.Version=v${version}`],
    },
    version: { args: ['--version'], pattern: /terragrunt version v?(\S+)/ },
  },
  etcd: {
    pin: '3.7.3',
    repository: 'etcd-io/etcd',
    release: (version, { os, arch }) => {
      const folder = `etcd-v${version}-${os}-${arch}`;
      const kind = os === 'linux' ? 'tar.gz' : 'zip';
      return {
        url: github('etcd-io/etcd', `v${version}`, `${folder}.${kind}`),
        kind,
        entry: `${folder}/etcd`,
        checksums: github('etcd-io/etcd', `v${version}`, 'SHA256SUMS'),
      };
    },
    go: { module: 'go.etcd.io/etcd/server/v3', package: '.', build: 'copy', stamp: unstamped },
    version: { args: ['--version'], pattern: /etcd Version: (\S+)/ },
  },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubectl: kubernetes('kubectl'),
  kubelet: kubernetes('kubelet'),
  'kube-proxy': kubernetes('kube-proxy'),
  kwok: {
    pin: '0.8.0',
    repository: 'kubernetes-sigs/kwok',
    // Its releases come without a checksum file: nothing would tell a download from a forgery.
    release: none,
    go: { module: 'sigs.k8s.io/kwok', package: './cmd/kwok', build: 'copy', stamp: unstamped },
    version: { args: ['--version'], pattern: /kwok version v?(\S+)/ },
  },
  'external-secrets': {
    pin: '0.20.4',
    repository: 'external-secrets/external-secrets',
    release: none,
    go: {
      module: 'github.com/external-secrets/external-secrets',
      package: '.',
      build: 'copy',
      stamp: unstamped,
      // All providers together bring the SDKs of every cloud: several times the build, for code that is never called.
      overwrite: {
        'pkg/provider/register/register.go':
          'package register\n\nimport (\n\t_ "github.com/external-secrets/external-secrets/pkg/provider/infisical"\n)\n',
        'pkg/generator/register/register.go': 'package register\n',
      },
      crds: 'deploy/crds/bundle.yaml',
    },
  },
  'source-controller': fluxController('source-controller'),
  'kustomize-controller': fluxController('kustomize-controller'),
  coredns: {
    pin: '1.15.0',
    repository: 'coredns/coredns',
    release: (version, { os, arch }) => {
      const url = github('coredns/coredns', `v${version}`, `coredns_${version}_${os}_${arch}.tgz`);
      return { url, kind: 'tar.gz', entry: 'coredns', checksums: `${url}.sha256` };
    },
    go: {
      module: 'github.com/coredns/coredns',
      package: '.',
      build: 'copy',
      stamp: unstamped,
      // Those of a cluster's usual Corefile. All of them bring the SDKs of three clouds, etcd and a tracer along.
      overwrite: {
        'core/plugin/zplugin.go': goImports(
          'plugin',
          corednsPlugins.map((name) => `github.com/coredns/coredns/plugin/${name}`),
        ),
      },
    },
    version: { args: ['-version'], pattern: /CoreDNS-(\S+)/ },
  },
  'metallb-controller': {
    pin: '0.16.1',
    repository: 'metallb/metallb',
    release: none,
    go: {
      module: 'go.universe.tf/metallb',
      package: './controller',
      build: 'copy',
      stamp: unstamped,
      crds: 'config/crd/bases',
    },
  },
  versitygw: {
    pin: '1.8.0',
    repository: 'versity/versitygw',
    release: (version, { os, arch }) => {
      const machine = arch === 'amd64' ? 'x86_64' : arch;
      const folder = `versitygw_v${version}_${os === 'linux' ? 'Linux' : 'Darwin'}_${machine}`;
      return {
        url: github('versity/versitygw', `v${version}`, `${folder}.tar.gz`),
        kind: 'tar.gz',
        entry: `${folder}/versitygw`,
        checksums: github('versity/versitygw', `v${version}`, 'checksums.txt'),
      };
    },
    go: {
      module: 'github.com/versity/versitygw',
      package: './cmd/versitygw',
      build: 'copy',
      stamp: (version) => [`main.Version=${version}`],
    },
    version: { args: ['--version'], pattern: /^Version\s*: (\S+)/m },
  },
  terraform: {
    pin: '1.16.2',
    repository: 'hashicorp/terraform',
    release: (version, { os, arch }) => {
      const folder = `https://releases.hashicorp.com/terraform/${version}`;
      return {
        url: `${folder}/terraform_${version}_${os}_${arch}.zip`,
        kind: 'zip',
        entry: 'terraform',
        checksums: `${folder}/terraform_${version}_SHA256SUMS`,
      };
    },
    version: { args: ['version', '-json'], pattern: /"terraform_version": "([^"]+)"/ },
  },
  flux: {
    pin: '2.7.3',
    repository: 'fluxcd/flux2',
    release: (version, { os, arch }) => ({
      url: github('fluxcd/flux2', `v${version}`, `flux_${version}_${os}_${arch}.tar.gz`),
      kind: 'tar.gz',
      entry: 'flux',
      checksums: github('fluxcd/flux2', `v${version}`, `flux_${version}_checksums.txt`),
    }),
    version: { args: ['--version'], pattern: /flux version v?(\S+)/ },
  },
  talosctl: {
    pin: '1.11.3',
    repository: 'siderolabs/talos',
    release: (version, { os, arch }) => ({
      url: github('siderolabs/talos', `v${version}`, `talosctl-${os}-${arch}`),
      kind: 'bare',
      entry: '',
      checksums: github('siderolabs/talos', `v${version}`, 'sha256sum.txt'),
    }),
    version: { args: ['version', '--client', '--short'], pattern: /v(\d\S*)/ },
  },
};
