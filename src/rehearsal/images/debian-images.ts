import { debianPackages, type Package, presentPackages, type Wanted } from './debian.ts';
import { packageEntries, unwanted } from './debian-layer.ts';
import { basics, mergedUsr, textEntry } from './layout.ts';
import { type ImageRecipe, keyOf, type LayerRecipe, smallLayer } from './recipe.ts';
import type { Store } from './store.ts';
import type { Entry } from './tar.ts';

/** What would only install, configure or translate the rest, and the compiler for queries, as large as all else. */
const without =
  /^(?:libllvm\d.*|perl|perl-base|perl-modules-.*|libperl\d.*|lib.*-perl|debconf|adduser|dpkg|tar|passwd|ucf|ssl-cert|postgresql-common|postgresql-client-common|locales|iproute2|sysvinit-utils|init-system-helpers|sensible-utils)$/;
const basePackages = ['base-files', 'bash', 'ca-certificates', 'coreutils', 'libc-bin'];

/** What packages leave to their scripts. */
const links: readonly Entry[] = [
  { path: 'usr/bin/sh', type: 'symlink', target: 'bash' },
  { path: 'usr/bin/awk', type: 'symlink', target: 'mawk' },
  { path: 'etc', type: 'directory', mode: 0o755 },
  { path: 'etc/localtime', type: 'symlink', target: '/usr/share/zoneinfo/Etc/UTC' },
];

/** Debian with bash, under every image that is made of packages: one layer, the same digest in each. */
export function baseLayer(store: Store): Promise<LayerRecipe> {
  return packageLayer({ packages: basePackages, without }, undefined, store);
}

/** `packages` and all they need, without what the base layer has. */
export function layerAbove(packages: readonly string[], store: Store, skip?: RegExp): Promise<LayerRecipe> {
  return packageLayer({ packages: [...basePackages, ...packages], without }, skip, store);
}

/** Names of the package files that `packages` come to, the base's among them. */
export async function packageFiles(packages: readonly string[], store: Store): Promise<string[]> {
  const found = await debianPackages({ packages: [...basePackages, ...packages], without }, store);
  return found.map(({ name }) => name);
}

async function packageLayer(wanted: Wanted, skip: RegExp | undefined, store: Store): Promise<LayerRecipe> {
  const base = new Set<string>();
  if (wanted.packages.length > basePackages.length)
    for (const { name } of await debianPackages({ packages: basePackages, without }, store)) base.add(name);
  const own = (all: readonly Package[]) => all.filter(({ name }) => !base.has(name));
  const names = own(await debianPackages(wanted, store)).map(({ name }) => name);
  return {
    key: keyOf('packages', names, links, mergedUsr, unwanted.source, skip?.source),
    async *entries() {
      if (base.size === 0) yield* mergedUsr;
      if (base.size === 0) yield* links;
      yield* packageEntries(own(await presentPackages(wanted, store)), store.signal, skip);
    },
  };
}

/**
 * PostgreSQL as the distribution has it, with pgBackRest, bash and what scripts need; no entrypoint of its own, for the
 * manifests bring the scripts. All of PostgreSQL's programs are on PATH.
 */
export async function postgresImage(store: Store): Promise<ImageRecipe> {
  const packages = ['postgresql', 'pgbackrest', 'grep', 'sed', 'findutils'];
  const names = await packageFiles(packages, store);
  const major = names.flatMap((name) => /^postgresql-(\d+)_/.exec(name)?.[1] ?? [])[0] ?? '';
  const id = { uid: 26, gid: 26 };
  const owned = [
    'etc/pgbackrest',
    'var/lib/pgbackrest',
    'var/lib/postgresql',
    'var/log/pgbackrest',
    'var/spool/pgbackrest',
    'run/postgresql',
  ];
  return {
    reference: 'phoenix.box/postgres:1',
    config: {
      entrypoint: [],
      cmd: ['postgres'],
      user: '26:26',
      env: {
        PATH: `/usr/lib/postgresql/${major}/bin:/usr/local/bin:/usr/bin:/bin`,
        LANG: 'C.UTF-8',
        LC_ALL: 'C.UTF-8',
      },
    },
    layers: [
      await baseLayer(store),
      await layerAbove(packages, store, /^usr\/lib\/postgresql\/\d+\/lib\/(?:bitcode|llvmjit)/),
      smallLayer([
        ...basics([{ name: 'postgres', id: 26, home: '/var/lib/postgresql' }]),
        ...owned.map((path) => ({ path, type: 'directory' as const, mode: 0o750, ...id })),
      ]),
    ],
  };
}

/** nginx for a folder of files below /usr/share/nginx/html: port 8080, not root, nothing written but below /tmp. */
export async function nginxLayers(store: Store): Promise<LayerRecipe[]> {
  return [
    await baseLayer(store),
    await layerAbove(['nginx'], store, /^(?:usr\/share\/nginx\/html|var\/www)(?:\/|$)/),
    smallLayer([...basics([{ name: 'nginx', id: 101 }]), textEntry('etc/nginx/nginx.conf', nginxConf)]),
  ];
}

const nginxConf = `worker_processes 1;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {
  worker_connections 256;
}
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  charset utf-8;
  access_log /dev/stdout combined;
  client_body_temp_path /tmp/client-body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  sendfile on;
  gzip on;
  gzip_types text/css application/xml;
  server_tokens off;
  server {
    listen 8080;
    root /usr/share/nginx/html;
    absolute_redirect off;
    error_page 404 /404.html;
    location = /healthz {
      access_log off;
      default_type text/plain;
      return 200 "ok\\n";
    }
  }
}
`;
