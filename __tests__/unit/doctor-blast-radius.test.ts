import { describe, expect, test } from 'vitest';
import { judgeBlastRadius } from '../../src/doctor/blast-radius.ts';

const destroy = {
  vmids: [
    { first: 421, last: 432 },
    { first: 500, last: 500 },
  ],
  tag: 'phoenix',
};
const vm = (vmid: number, ...tags: readonly string[]) => JSON.stringify({ vmid, tags, node: 'pve' });

describe('the machine that Phoenix runs on', () => {
  test('fails where its id is one that the castle may delete, at both ends of a range', () => {
    for (const vmid of [421, 432, 500]) {
      const { status, saw, next } = judgeBlastRadius(destroy, vm(vmid, 'runner'));
      expect(status).toBe('failed');
      expect(saw).toBe(`this is VM ${vmid}, which the castle may delete: its id is one of \`destroy.vmids\``);
      expect(next).toContain('docs/runners.md');
    }
  });

  test('fails where it bears the tag that the castle deletes by, whatever its id', () => {
    expect(judgeBlastRadius(destroy, vm(900, 'a', 'phoenix'))).toMatchObject({
      status: 'failed',
      saw: expect.stringContaining('it bears the tag `phoenix`'),
    });
  });

  test('is well outside both', () => {
    for (const vmid of [420, 433, 499, 501])
      expect(judgeBlastRadius(destroy, vm(vmid, 'phoenix-runner')).status).toBe('ok');
  });

  test('is a note and never well where it cannot be told who it is', () => {
    expect(judgeBlastRadius(destroy, undefined).status).toBe('skipped');
    for (const text of ['', 'null', '{"vmid":"421"}', '{"vmid":7}'])
      expect(judgeBlastRadius(destroy, text).status).toBe('warning');
  });
});
