import { describe, expect, test } from 'vitest';
import { judgeCores } from '../../src/doctor/cores.ts';

describe('core dumps', () => {
  test('are off where their limit is 0 and they go to a file', () => {
    expect(judgeCores('0', 'core').status).toBe('ok');
    expect(judgeCores('0', '/var/crash/core.%p').status).toBe('ok');
  });

  test('are warned of at any other limit, with the pattern that they are written by', () => {
    for (const limit of ['unlimited', '1048576']) {
      const { status, saw } = judgeCores(limit, '/var/crash/core.%p');
      expect(status).toBe('warning');
      expect(saw).toContain(`\`/var/crash/core.%p\`: the limit of core dumps is ${limit}`);
    }
  });

  test('that are piped to a program are warned of even at the limit 0, for the kernel does not hold a pipe to it', () => {
    const { status, saw, next } = judgeCores('0', '|/usr/share/apport/apport -p%p -s%s -c%c');
    expect(status).toBe('warning');
    expect(saw).toContain('/usr/share/apport/apport, whatever their limit is');
    expect(next).toContain('sysctl -w kernel.core_pattern');
  });

  test('that go to systemd-coredump are off at the limit 0, which it heeds, and not above', () => {
    const pattern = '|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h';
    expect(judgeCores('0', pattern).status).toBe('ok');
    expect(judgeCores('unlimited', pattern)).toMatchObject({
      status: 'warning',
      saw: expect.stringContaining('systemd-coredump, their limit is unlimited'),
    });
  });
});
