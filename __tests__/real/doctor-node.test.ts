import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { assertNodeHost } from '../../src/doctor/node/assert.ts';
import { lookAtKernel } from '../../src/doctor/node/kernel.ts';
import { programFolders } from '../../src/doctor/node/programs.ts';
import { entry } from '../support/entry.ts';

const signal = () => AbortSignal.timeout(60_000);
const isRoot = process.getuid?.() === 0;
const hasNamespaces =
  isRoot && spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true']).status === 0;
const asRoot = test.skipIf(!hasNamespaces);

const answer = z.object({
  checks: z.array(
    z.object({ id: z.string(), status: z.string(), saw: z.string(), next: z.string().optional() }),
  ),
});

/** What `phoenix doctor` says to the arguments, in a mount namespace of its own after `before`. */
function doctor(args: string, before = 'true') {
  const kinds = ['--mount', '--propagation', 'private'];
  const command = `${before}\nexec "${process.execPath}" "${entry}" doctor --json ${args}`;
  const { stdout } = spawnSync('unshare', [...kinds, '/bin/sh', '-c', command], { encoding: 'utf8' });
  return answer.parse(JSON.parse(stdout)).checks;
}

const nodeIds = ['node.user', 'node.programs', 'node.kernel', 'node.cgroups', 'node.room'];
const ofNode = (checks: { readonly id: string }[]) =>
  checks.map(({ id }) => id).filter((id) => id.startsWith('node.'));

describe('what a real node takes', () => {
  asRoot('is looked at with --node real and where it is named, and not for any other rebirth', () => {
    expect(ofNode(doctor(''))).toEqual([]);
    expect(ofNode(doctor('--node kwok'))).toEqual([]);
    expect(doctor('--only node').map(({ id }) => id)).toEqual(nodeIds);
    expect(ofNode(doctor('--node real'))).toEqual(nodeIds);
    expect(doctor('--node real --only tools.sh').map(({ id }) => id)).toEqual(['tools.sh', ...nodeIds]);
  });

  asRoot('is missing where the machine has not got it: each program is named, with its package', () => {
    // A file that may not be run lies over the program.
    const hidden = programFolders
      .flatMap((folder) => ['containerd', 'nft'].map((name) => `${folder}/${name}`))
      .map((file) => `[ ! -e ${file} ] || mount --bind /dev/null ${file}`);
    const [programs] = doctor('--only node.programs', hidden.join('\n'));
    expect(programs?.status).toBe('failed');
    expect(programs?.saw).toContain('containerd, ');
    expect(programs?.saw).toContain('nft');
    expect(programs?.next).toMatch(/^apt-get .* containerd.* nftables/);
  });

  asRoot('is not called well by a kernel that cannot be asked', () => {
    const [kernel] = doctor('--only node.kernel', 'mount --bind /dev/null "$(command -v ip)"');
    expect(kernel).not.toMatchObject({ status: 'ok' });
    expect(`${kernel?.saw}`).toMatch(/veth|bridge/);
  });

  asRoot('is tried and leaves no interface, mount or rule', async () => {
    const listing = () =>
      ['ip -o link', 'cat /proc/self/mounts', 'ls /tmp', 'nft list ruleset']
        .map((command) => spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stdout)
        .map((text) =>
          text.split('\n').filter((line) => line.includes('phoenix ') || /phoenix[0-2]\b/.test(line)),
        );
    const before = listing();
    const picture = await lookAtKernel(signal());
    expect(picture.size).toBeGreaterThan(0);
    expect(listing()).toEqual(before);
  });

  test.skipIf(isRoot && hasNamespaces)('is refused to a user that cannot make namespaces', async () => {
    await expect(assertNodeHost({ env: process.env, signal: signal() })).rejects.toMatchObject({
      code: 'PHX-BOX-NODE-HOST',
    });
  });

  asRoot('decides alike for the doctor and for a rehearsal', async () => {
    const wrong = doctor('--only node').filter(({ status }) => status === 'failed' || status === 'skipped');
    const refused = await assertNodeHost({ env: process.env, signal: signal() }).then(
      () => '',
      (error: { why: string }) => error.why,
    );
    expect(refused === '').toBe(wrong.length === 0);
    for (const { saw } of wrong) expect(refused).toContain(saw);
  });

  asRoot('is refused by another user, before anything else is looked at', () => {
    const script = `import('${join(import.meta.dirname, '../../src/doctor/node/assert.ts')}').then(({ assertNodeHost }) => {
      process.setuid(65534);
      return assertNodeHost({ env: {}, signal: new AbortController().signal });
    }).then(() => console.log('went well'), (error) => console.log(error.code, error.why));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout.trim()).toBe('PHX-BOX-NODE-HOST this user (uid 65534) is not root.');
  });
});
