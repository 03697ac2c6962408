import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layerEnvironment } from '../../src/layer/environment.ts';
import { parseLeaves } from '../../src/layer/launcher.ts';
import { backoffSeconds, classifyFailure } from '../../src/layer/retry.ts';
import { holds } from '../support/property.ts';

const failure = (detail: string) => [{ severity: 'error' as const, summary: 'Error', detail }];

describe('the class of a failure', () => {
  it.each([
    ['proxmox-lock', "can't lock file '/var/lock/qemu-server/lock-421.conf' - got timeout"],
    ['http-5xx', 'received an HTTP 503 response'],
    ['http-5xx', '502 Bad Gateway'],
    ['network', 'read tcp 10.0.0.1:443: connection reset by peer'],
    ['network', 'net/http: TLS handshake timeout'],
    ['provider-install', 'open provider: text file busy'],
    ['rate-limit', 'HTTP 429: too many requests'],
  ])('is %s for: %s', (kind, text) => {
    expect(classifyFailure(failure(text), '')).toBe(kind);
    expect(classifyFailure([], text)).toBe(kind);
  });

  it('is none for what will not pass by itself', () => {
    for (const text of [
      'Unsupported argument',
      'VM 421 already exists',
      'permission denied',
      '401 Unauthorized',
    ]) {
      expect(classifyFailure(failure(text), '')).toBeUndefined();
    }
  });

  it('waits longer each time, but never more than 37.5 s', () => {
    expect(backoffSeconds(2, 0.5)).toBe(2);
    expect(backoffSeconds(3, 0.5)).toBe(4);
    expect(backoffSeconds(20, 1)).toBe(37.5);
  });
});

describe("a layer's environment", () => {
  it('has no token of the run, also where the castle file asks for it', () => {
    const source = {
      PATH: '/bin',
      GITHUB_TOKEN: 'a',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'b',
      INPUT_COMMAND: 'c',
      RUNNER_TRACKING_ID: 'd',
      STATE_vault: 'e',
      NODE_OPTIONS: '--require x',
      SECRET_OF_SOMEBODY: 'f',
      ASKED: 'g',
    };
    const environment = layerEnvironment(
      source,
      [...Object.keys(source)].filter((name) => name !== 'SECRET_OF_SOMEBODY'),
      { KUBECONFIG: '/k' },
    );
    expect(environment).toEqual({ PATH: '/bin', ASKED: 'g', KUBECONFIG: '/k' });
  });

  it('leaves out a CLI configuration that does not exist', () => {
    expect(layerEnvironment({ TF_CLI_CONFIG_FILE: '/does/not/exist' }, [], {})).toEqual({});
    expect(layerEnvironment({ TF_CLI_CONFIG_FILE: '/dev/null' }, [], {})).toEqual({
      TF_CLI_CONFIG_FILE: '/dev/null',
    });
  });
});

describe('what the launcher wrote down', () => {
  it('is read as pid, start time, folder and command, whatever the program is called', () => {
    const stat = `42 (tofu) ) S ${Array.from({ length: 18 }, (_, index) => index).join(' ')} 777 0 0`;
    expect(parseLeaves(`42\t${stat}\t/a/b\tapply\n`)).toEqual([
      { pid: 42, startTime: '777', dir: '/a/b', command: 'apply' },
    ]);
  });

  it('never breaks on what a process that died in the middle left', () => {
    holds(fc.property(fc.string(), (text) => Array.isArray(parseLeaves(text))));
  });
});
