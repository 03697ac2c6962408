import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openRunnerHost, renderRunnerHost, variables } from '../support/runner-host.ts';

// The provider is the real one, built from its module. Proxmox is a stand-in: no VM boots here, cloud-init runs on none,
// and systemd, nftables and dnsmasq only check what they would be given.

const cloudConfig = z.object({
  users: z.array(z.object({ name: z.string(), sudo: z.string().optional() })),
  write_files: z.array(z.object({ path: z.string(), permissions: z.string(), content: z.base64() })),
  runcmd: z.array(z.array(z.union([z.string(), z.number()]))),
});

let rendered: Awaited<ReturnType<typeof renderRunnerHost>>;
beforeAll(async () => {
  rendered = await renderRunnerHost();
}, 900_000);

/** What OpenTofu printed, without its frames and line ends. */
const flat = (output: string) => output.replaceAll(/[│╷╵\s]+/g, ' ');

const apply = ['apply', '-auto-approve', '-input=false', '-no-color'] as const;
const snippetOf = (name: string) => ({ snippet: `local:snippets/${name}` });

describe('the module of the runner host', () => {
  test('makes the VM that its variables say, changes nothing the second time, and leaves nothing behind', {
    timeout: 120_000,
  }, async () => {
    await using host = await openRunnerHost({ snippets: [rendered.snippet] });
    await host.set(snippetOf(rendered.snippet));
    expectCode(await host.tofu(...apply), 0);
    const [vm, ...others] = host.proxmox.machines;
    expect(others).toEqual([]);
    expect(vm).toMatchObject({ vmid: 900, status: 'running' });
    expect(vm?.config).toMatchObject({
      name: 'phoenix-runner',
      tags: 'phoenix-runner',
      onboot: '1',
      ipconfig0: 'gw=10.0.0.1,ip=10.0.0.20/24',
      cicustom: `user=local:snippets/${rendered.snippet}`,
    });
    expect(vm?.config['scsi0']).toMatch(/^local-lvm:vm-900-disk-0,.*size=40G$/);

    const again = await host.tofu('plan', '-detailed-exitcode', '-input=false', '-no-color');
    expect(again.output).toContain('No changes.');
    expect(again.code).toBe(0);

    expect(await host.tofu('destroy', '-auto-approve', '-input=false', '-no-color')).toMatchObject({
      code: 0,
    });
    await host.proxmox.settled();
    expect(host.proxmox.machines).toEqual([]);
    expect(host.proxmox.volumes).toEqual([`local:snippets/${rendered.snippet}`]);
  });

  test.each([
    ['vmid-exists', 'VM 900 already exists'],
    ['storage-full', 'free space in thin pool pve/data reached threshold'],
    ['checksum-mismatch', 'checksum mismatch'],
    ['start-fails', 'Cannot allocate memory'],
    ['595', 'no route to pve'],
    ['401', 'invalid token value'],
  ])('ends with the cause where Proxmox has the fault %s', { timeout: 120_000 }, async (fault, cause) => {
    await using host = await openRunnerHost({ snippets: [rendered.snippet], faults: [fault] });
    await host.set(snippetOf(rendered.snippet));
    const { code, output } = await host.tofu(...apply);
    expect(code).toBe(1);
    expect(flat(output)).toContain(cause);
  });

  test('refuses a place within what the castle may delete, by its id and by its tag', {
    timeout: 120_000,
  }, async () => {
    await using host = await openRunnerHost({ snippets: [rendered.snippet] });
    for (const within of [{ vmid: 430 }, { tag: 'phoenix' }]) {
      await host.set({ ...snippetOf(rendered.snippet), ...within });
      const { code, output } = await host.tofu('plan', '-input=false', '-no-color');
      expect(code).toBe(1);
      expect(flat(output)).toContain('lies within what the castle may');
    }
    expect(host.proxmox.machines).toEqual([]);
  });

  test('refuses a snippet that is not the user-data of these variables, and a runner too old or without its digest', {
    timeout: 120_000,
  }, async () => {
    await using host = await openRunnerHost();
    await host.set(snippetOf('phoenix-runner-000000000000.yaml'));
    expect(flat((await host.tofu('plan', '-input=false', '-no-color')).output)).toContain(
      'is not the user-data of',
    );
    for (const runner of [
      { ...variables.runner, version: '2.335.1' },
      { ...variables.runner, sha256: '' },
    ]) {
      await host.set({ runner });
      expect(flat((await host.tofu('plan', '-input=false', '-no-color')).output)).toContain(
        'from 2.336.0 up',
      );
    }
  });
});

describe('the user-data', () => {
  const config = () => cloudConfig.parse(parse(rendered.userData));
  const files = () => new Map(config().write_files.map(({ path, content }) => [path, atob64(content)]));

  test('gives each instance a user of its own, and none of them sudo', () => {
    const users = config().users;
    expect(users.map(({ name }) => name)).toEqual([
      'maintenance',
      'phoenix-jit',
      'phoenix-runner-1',
      'phoenix-runner-2',
    ]);
    expect(users.filter(({ sudo }) => sudo !== undefined).map(({ name }) => name)).toEqual(['maintenance']);
  });

  test('holds no secret, and tells the VM who it is', () => {
    expect(rendered.userData).not.toMatch(/PRIVATE KEY|clientSecret"\s*:\s*"|ghs_/);
    expect(JSON.parse(files().get('/etc/phoenix-runner/vm.json') ?? '')).toEqual({
      node: 'pve',
      tags: ['phoenix-runner'],
      vmid: 900,
    });
    expect(files().get('/etc/phoenix-runner/runner.env')).toContain('INFISICAL_SECRET=APP_KEY\n');
  });

  test('resolves what a rebirth looks up, and what the user adds to it, and nothing else', async () => {
    const domainsOf = (text = '') =>
      [...text.matchAll(/^server=\/([^/]+)\/10\.0\.0\.1$/gm)].map(([, name]) => name);
    const usual = [
      ...['github.com', 'githubusercontent.com', 'blob.core.windows.net', 'debian.org'],
      ...['registry.opentofu.org', 'dl.k8s.io'],
    ];
    const always = ['eu.infisical.com', 'api.github.com'];
    const resolver = '/etc/dnsmasq.d/phoenix-runner.conf';
    expect(domainsOf(files().get(resolver))).toEqual([...usual, ...always]);
    const more = ['s3.eu-central-1.amazonaws.com'];
    const { userData } = await renderRunnerHost({ egress: { ...variables.egress, more } });
    const written = cloudConfig.parse(parse(userData)).write_files.find(({ path }) => path === resolver);
    expect(domainsOf(atob64(written?.content ?? ''))).toEqual([...usual, ...more, ...always]);
  });

  test('lets no job write where the archives of actions lie, and takes nothing unchecked', () => {
    const commands = config().runcmd.map((command) => command.join(' '));
    expect(commands).toContainEqual(
      expect.stringMatching(
        /^curl .* \/var\/lib\/phoenix-runner\/actions\/actions_checkout\/[0-9a-f]{40}\.tar\.gz /,
      ),
    );
    expect(commands.filter((command) => /-o phoenix-runner.*\/actions( |$)/.test(command))).toEqual([]);
    const digest = commands.findIndex((command) => command.includes(`${variables.runner.sha256} `));
    const unpacked = commands.findIndex((command) => command.startsWith('tar '));
    expect(digest).toBeGreaterThan(0);
    expect(unpacked).toBeGreaterThan(digest);
  });

  test('is taken by cloud-init, its rules by nftables, its names by dnsmasq', {
    timeout: 60_000,
  }, async ({ annotate }) => {
    await using folder = await temporaryFolder({ 'user-data.yaml': rendered.userData });
    for (const [path, text] of files()) {
      await mkdir(dirname(join(folder.dir, path)), { recursive: true });
      await writeFile(join(folder.dir, path), text);
      await chmod(join(folder.dir, path), 0o755);
    }
    const inRoot = (path: string) => join(folder.dir, path);
    const checks: readonly (readonly [string, readonly string[]])[] = [
      ['cloud-init', ['schema', '-c', join(folder.dir, 'user-data.yaml')]],
      ['dnsmasq', ['--test', '-C', inRoot('/etc/dnsmasq.d/phoenix-runner.conf')]],
      ['nft', ['-c', '-f', inRoot('/etc/phoenix-runner/egress.nft')]],
    ];
    for (const [program, args] of checks) {
      if (spawnSync(program, ['--version']).status !== 0) {
        await annotate(`${program} is not installed: what it would say is not known`);
        continue;
      }
      const { status, stderr } = spawnSync(program, [...args], { encoding: 'utf8' });
      if (program === 'nft' && /Operation not permitted|does not exist/.test(stderr)) {
        await annotate(`nft cannot check here: ${stderr.split('\n')[0]}`);
        continue;
      }
      expect(stderr.replaceAll(/^.*syntax check OK.*$/gm, '').trim() + (status ?? '')).toBe('0');
    }
  });

  test('has units that systemd takes', { timeout: 60_000 }, async ({ annotate }) => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
      await annotate('systemd is not installed: its units are not verified');
      return;
    }
    const names = ['phoenix-runner@.service', 'phoenix-runner-jit@.service', 'phoenix-runner-egress.service'];
    // The programs that they start are made: systemd looks for them where it runs.
    await using folder = await temporaryFolder();
    const units = await Promise.all(
      names.map(async (name) => {
        const text = files().get(`/etc/systemd/system/${name}`) ?? '';
        const file = join(folder.dir, name.replace('@', '@1'));
        await writeFile(file, text.replaceAll(/^(Exec\w+=\+?)\S+/gm, '$1/bin/true'));
        return file;
      }),
    );
    const { stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], {
      encoding: 'utf8',
    });
    const about = stderr.split('\n').filter((line) => line.includes('phoenix-runner'));
    expect(about).toEqual([]);
    expect(status).toBe(0);
  });
});

const atob64 = (content: string) => Buffer.from(content, 'base64').toString('utf8');
