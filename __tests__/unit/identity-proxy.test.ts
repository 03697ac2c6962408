import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProxyFault, proxyFor } from '../../src/identity/proxy.ts';

const proxy = 'http://proxy.corp.test:3128';
const goesBy = (target: string, except: string) =>
  proxyFor(new URL(target), { HTTPS_PROXY: proxy, NO_PROXY: except }) !== undefined;

describe('the proxy of the environment', () => {
  test.each([
    ['https://eu.infisical.com', '', true],
    ['https://eu.infisical.com', 'other.com', true],
    ['https://eu.infisical.com', 'infisical.com', false],
    ['https://eu.infisical.com', '.infisical.com', false],
    ['https://eu.infisical.com', '*.infisical.com', false],
    ['https://EU.infisical.com', 'x, EU.Infisical.com', false],
    ['https://eu.infisical.com', '*', false],
    ['https://evil-infisical.com', 'infisical.com', true],
    ['https://eu.infisical.com:8443', 'infisical.com:443', true],
    ['https://eu.infisical.com', 'infisical.com:443', false],
    ['https://10.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.1.2.3', false],
    ['https://110.1.2.3', '10.1.2.3', true],
    ['https://[fd00::1]', 'fd00::/8', false],
    ['https://[fd00::1]', '10.0.0.0/8 fd00::1', false],
    ['https://127.0.0.1:8080', '', false],
    ['https://[::1]:8080', '', false],
    ['https://localhost', '', false],
    ['https://localhost.evil.test', '', true],
    ['http://eu.infisical.com', '', false],
  ])('for %s with NO_PROXY=%s: %s', (target, except, by) => {
    expect(goesBy(target, except)).toBe(by);
  });

  test('may be written in either case, in lower case first, and without its scheme', () => {
    const target = new URL('https://eu.infisical.com');
    expect(proxyFor(target, { https_proxy: 'a.test:1', HTTPS_PROXY: 'http://b.test:2' })?.host).toBe(
      'a.test:1',
    );
    expect(proxyFor(target, {})).toBeUndefined();
    expect(() => proxyFor(target, { HTTPS_PROXY: 'socks5://a.test' })).toThrow(ProxyFault);
  });

  test('is found or refused, and nothing else, whatever is written there', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (address, except) => {
        try {
          proxyFor(new URL('https://eu.infisical.com'), { HTTPS_PROXY: address, NO_PROXY: except });
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyFault);
        }
      }),
    );
  });
});
