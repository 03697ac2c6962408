import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { debianPackages } from '../../src/rehearsal/images/debian.ts';
import { makeImages } from '../../src/rehearsal/images/make.ts';
import { freePort } from '../support/backends/port.ts';
import { untilReady } from '../support/backends/until-ready.ts';
import { hasContainerd, startContainerd } from '../support/containerd.ts';

const root = new URL('../../', import.meta.url).pathname;
const hasApt = existsSync('/usr/bin/apt-get');
/** Packages that were fetched stay on the machine; layers and archives are the test's own. */
const cacheDir = join(homedir(), '.cache', 'phoenix', 'test-images');
/** runc keeps the names of containers for the whole machine. */
const id = (name: string) => `phoenix-test-${process.pid}-${name}`;
const signal = AbortSignal.timeout(20 * 60_000);
const programs = ['external-secrets', 'source-controller', 'kustomize-controller', 'kubectl', 'coredns'];

let dir: string;
/** A checkout whose bundle of Mnemosyne only says what it was started with. */
let home: string;
const tools = new Map<string, { file: string }>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'phoenix-images-'));
  home = join(dir, 'home');
  await mkdir(join(home, 'dist'), { recursive: true });
  await cp(join(root, 'castle/blog'), join(home, 'castle/blog'), { recursive: true });
  await writeFile(
    join(home, 'dist/mnemosyne.js'),
    'console.log(process.argv.slice(2).join(), process.getuid());',
  );
  for (const name of programs) {
    const file = join(dir, name);
    await writeFile(file, name);
    tools.set(name, { file });
  }
  await mkdir(cacheDir, { recursive: true });
  for (const name of await readdir(cacheDir))
    if (!['debs', 'apt', 'closures'].includes(name)) await rm(join(cacheDir, name), { recursive: true });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const make = () => makeImages({ tools, home, cacheDir, log: silentLog, signal });

describe.skipIf(!hasApt)('the images of the real node', () => {
  it('are made once: the second time the same files are found, and none is made', async () => {
    const first = await make();
    expect(first.images.map(({ reference }) => reference).toSorted()).toEqual([
      'ghcr.io/external-secrets/external-secrets:v0.20.4',
      'ghcr.io/fluxcd/kustomize-controller:v1.7.2',
      'ghcr.io/fluxcd/source-controller:v1.7.2',
      'phoenix.box/blog:1',
      'phoenix.box/coredns:1',
      'phoenix.box/kubectl:1',
      'phoenix.box/mnemosyne:1',
      'phoenix.box/pause:1',
      'phoenix.box/postgres:1',
    ]);
    const lines: string[] = [];
    const log = { ...silentLog, info: (text: string) => lines.push(text) };
    const second = await makeImages({ tools, home, cacheDir, log, signal });
    expect(second).toEqual(first);
    expect(lines).toEqual([]);
  });

  it('name the tool that a rehearsal did not hand over', async () => {
    const fewer = new Map([...tools].filter(([name]) => name !== 'coredns'));
    await expect(makeImages({ tools: fewer, home, cacheDir, log: silentLog, signal })).rejects.toMatchObject({
      code: 'PHX-BOX-IMAGE',
      why: 'The rehearsal did not hand over coredns.',
    });
  });

  it('say what Hugo says when the blog cannot be built', async () => {
    const broken = join(dir, 'broken');
    await cp(home, broken, { recursive: true });
    await writeFile(join(broken, 'castle/blog/layouts/404.html'), '{{ .NoSuchThing.AtAll }}');
    await expect(makeImages({ tools, home: broken, cacheDir, log: silentLog, signal })).rejects.toMatchObject(
      {
        code: 'PHX-BOX-IMAGE',
        what: 'The blog could not be built from its source.',
        why: expect.stringContaining('NoSuchThing'),
      },
    );
  });

  it('cannot be made without apt, which is said with what to do instead', async () => {
    vi.stubEnv('PATH', join(dir, 'empty'));
    try {
      const made = makeImages({ tools, home, cacheDir: join(dir, 'no-apt'), log: silentLog, signal });
      await expect(made).rejects.toMatchObject({
        code: 'PHX-BOX-IMAGE',
        why: expect.stringContaining('There is no apt-get'),
        next: expect.stringContaining('--node none'),
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('name a package that the lists do not know, once fresh lists were asked too', async () => {
    const lines: string[] = [];
    const log = { ...silentLog, info: (text: string) => lines.push(text) };
    const wanted = { packages: ['phoenix-has-no-such-package'] };
    const fetched = debianPackages(wanted, { cacheDir: join(dir, 'unknown'), log, signal });
    await expect(fetched).rejects.toMatchObject({
      code: 'PHX-BOX-IMAGE',
      why: expect.stringContaining('Unable to locate package phoenix-has-no-such-package'),
    });
    expect(lines).toEqual(['images: fetching package lists']);
  });

  it('change with the source of the blog, and only its own', async () => {
    const before = await make();
    const edited = join(dir, 'edited');
    await cp(home, edited, { recursive: true });
    await writeFile(join(edited, 'castle/blog/content/posts/new.md'), '---\ntitle: New\n---\n\nA word.\n');
    const after = await makeImages({ tools, home: edited, cacheDir, log: silentLog, signal });
    expect(after.blogBuild).not.toBe(before.blogBuild);
    const files = new Set(before.images.map(({ file }) => file));
    const changed = after.images.filter(({ file }) => !files.has(file));
    expect(changed.map(({ reference }) => reference)).toEqual(['phoenix.box/blog:1']);
  });
});

describe.skipIf(!hasApt || !hasContainerd())('the images of the real node in containerd', () => {
  let containerd: Awaited<ReturnType<typeof startContainerd>>;
  let made: Awaited<ReturnType<typeof makeImages>>;
  beforeAll(async () => {
    made = await make();
    containerd = await startContainerd();
    for (const { file } of made.images) await containerd.ctr('images', 'import', file);
  });
  afterAll(() => containerd?.[Symbol.asyncDispose]());

  it('are there under the names that manifests give', async () => {
    const names = (await containerd.ctr('images', 'ls', '--quiet')).trim().split('\n');
    expect(names.toSorted()).toEqual(made.images.map(({ reference }) => reference).toSorted());
  });

  it('hold a PostgreSQL that runs as its own user, and pgBackRest beside it', async () => {
    const script = `set -e
      id --user; id --user --name; pgbackrest version
      initdb -D /tmp/d -A trust -N >/dev/null
      pg_ctl -D /tmp/d -w -l /tmp/log -o '-k /tmp -h ""' start >/dev/null
      psql -h /tmp postgres -Atc 'show lc_ctype' -c 'show timezone' -c 'select count(*) > 500 from pg_timezone_names'
      pg_ctl -D /tmp/d stop -m fast >/dev/null
      touch /var/log/pgbackrest/x /var/lib/postgresql/x /var/spool/pgbackrest/x
      grep -c BEGIN /etc/ssl/certs/ca-certificates.crt | sed 's/.../many/'
      echo a b | awk '{print $2}'`;
    const said = await containerd.ctr(
      'run',
      '--rm',
      'phoenix.box/postgres:1',
      id('pg'),
      'bash',
      '-c',
      script,
    );
    const [uid, user, backrest, ...rest] = said.trim().split('\n');
    expect([uid, user]).toEqual(['26', 'postgres']);
    expect(backrest).toMatch(/^pgBackRest 2\./);
    expect(rest).toEqual(['C.UTF-8', 'Etc/UTC', 't', 'many', 'b']);
  });

  it('hold a Node that runs the bundle, as no root, with arguments of its own', async () => {
    const usual = await containerd.ctr('run', '--rm', 'phoenix.box/mnemosyne:1', id('node'));
    expect(usual).toBe('serve 1000\n');
  });

  it('serve the blog with a read-only root, its build in every page', async () => {
    const port = await freePort();
    const tmp = 'type=tmpfs,src=tmpfs,dst=/tmp,options=mode=1777';
    const listen = `conf=$(</etc/nginx/nginx.conf)
      echo "$\{conf/listen 8080/listen 127.0.0.1:${port}}" > /tmp/nginx.conf
      exec nginx -e /dev/stderr -c /tmp/nginx.conf -g 'daemon off;'`;
    const flags = ['--detach', '--null-io', '--read-only', '--net-host', '--mount', tmp];
    await containerd.ctr('run', ...flags, 'phoenix.box/blog:1', id('blog'), 'bash', '-c', listen);
    try {
      const url = `http://127.0.0.1:${port}`;
      await untilReady('nginx', async () => (await fetch(`${url}/healthz`)).ok);
      const marker = `<meta name="phoenix-build" content="${made.blogBuild}">`;
      const feed = await (await fetch(`${url}/index.xml`)).text();
      const posts = [...feed.matchAll(/<link>(\/posts\/[^<]+)<\/link>/g)].map(([, path]) => path ?? '');
      expect(posts).toHaveLength(3);
      for (const path of ['/', ...posts]) {
        const page = await fetch(url + path);
        expect([path, page.status]).toEqual([path, 200]);
        const text = await page.text();
        expect(text).toContain(marker);
        expect(text).toContain(`Build ${made.blogBuild}`);
      }
      const missing = await fetch(`${url}/no-such-page`);
      expect(missing.status).toBe(404);
      expect(await missing.text()).toContain(marker);
    } finally {
      await containerd.ctr('tasks', 'rm', '--force', id('blog'));
    }
  });

  it('hold a pause that sleeps until it is killed', async () => {
    await containerd.ctr('run', '--detach', '--null-io', 'phoenix.box/pause:1', id('pause'));
    expect(await containerd.ctr('tasks', 'ls')).toMatch(/pause\s+\d+\s+RUNNING/);
    await containerd.ctr('tasks', 'rm', '--force', id('pause'));
  });
});
