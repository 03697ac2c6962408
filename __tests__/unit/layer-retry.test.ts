import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffSeconds, classifyFailure, retryClasses } from '../../src/layer/retry.ts';
import { holds } from '../support/property.ts';

describe('a failure', () => {
  test.each([
    ['proxmox-lock', "can't lock file '/var/lock/qemu-server/lock-421.conf' - got timeout"],
    ['proxmox-lock', 'VM is locked (clone)'],
    ['http-5xx', 'received an HTTP 503 response'],
    ['http-5xx', 'unexpected status 502'],
    ['http-5xx', '504 Gateway Time-out'],
    ['network', 'read tcp 10.0.0.2:443: connection reset by peer'],
    ['network', 'dial tcp 10.0.0.2:8006: connect: connection refused'],
    ['network', 'net/http: TLS handshake timeout'],
    ['provider-install', 'fork/exec provider: text file busy'],
    ['rate-limit', 'error 429'],
    ['rate-limit', 'API rate limit exceeded'],
  ])('is of class %s: %s', (kind, words) => {
    const diagnostic = { severity: 'error', summary: 'Error', detail: words } as const;
    expect(classifyFailure([diagnostic], '')).toBe(kind);
    expect(classifyFailure([{ ...diagnostic, summary: words, detail: '' }], '')).toBe(kind);
    expect(classifyFailure([], words)).toBe(kind);
  });

  test.each([
    'Invalid value for variable',
    'VM 421 already exists',
    'permission denied',
    '401 Unauthorized',
    'HTTP 404 not found',
    'port 5030 of the status page is wrong',
    'created 4290 objects',
    '',
  ])('is of no class: %s', (words) => {
    expect(classifyFailure([], words)).toBeUndefined();
  });

  test('of several classes is of the first in the list, whatever else is said', () => {
    expect(classifyFailure([], '429 too many requests\nVM is locked')).toBe('proxmox-lock');
    expect(retryClasses[0]).toBe('proxmox-lock');
  });
});

test('the wait before another attempt doubles from 2 s, is never over 37.5 s, and spreads by a quarter', () => {
  expect([2, 3, 4, 5, 6].map((attempt) => backoffSeconds(attempt, 0.5))).toEqual([2, 4, 8, 16, 30]);
  holds(
    fc.property(
      fc.integer({ min: 2, max: 50 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const middle = backoffSeconds(attempt, 0.5);
        expect(backoffSeconds(attempt, random)).toBeGreaterThanOrEqual(middle * 0.75);
        expect(backoffSeconds(attempt, random)).toBeLessThanOrEqual(Math.min(37.5, middle * 1.25));
      },
    ),
  );
});
