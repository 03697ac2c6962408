import { describe, expect, test } from 'vitest';
import { layerEnvironment } from '../../src/layer/environment.ts';

describe("a layer's environment", () => {
  test('is the common names, what the castle file asks for, and what the run adds, which wins', () => {
    const source = { PATH: '/bin', HOME: '/root', REGION: 'eu', UNASKED: 'x', HTTPS_PROXY: 'http://proxy' };
    expect(
      layerEnvironment(source, ['REGION', 'ABSENT'], { PATH: '/pinned:/bin', KUBECONFIG: '/k' }),
    ).toEqual({
      PATH: '/pinned:/bin',
      HOME: '/root',
      REGION: 'eu',
      HTTPS_PROXY: 'http://proxy',
      KUBECONFIG: '/k',
    });
  });

  test("has none of the runner's tokens and strings, also where the castle file asks for them", () => {
    const names = [
      'GITHUB_TOKEN',
      'ACTIONS_RUNTIME_TOKEN',
      'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
      'INPUT_COMMAND',
      'RUNNER_TRACKING_ID',
      'STATE_vault',
      'NODE_OPTIONS',
    ];
    const source = Object.fromEntries(names.map((name) => [name, 'x']));
    expect(layerEnvironment(source, names, {})).toEqual({});
  });

  test('has a CLI configuration of the engine only where that file exists', () => {
    const here = { TF_CLI_CONFIG_FILE: import.meta.filename };
    expect(layerEnvironment(here, [], {})).toEqual(here);
    expect(layerEnvironment({ TF_CLI_CONFIG_FILE: '/nonexistent/tofurc' }, [], {})).toEqual({});
  });
});
