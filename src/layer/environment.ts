import { existsSync } from 'node:fs';

/** What every layer may see of Phoenix' own environment: how to find programs, a home, a clock, a way out. */
const common = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'XDG_CACHE_HOME',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSH_AUTH_SOCK',
  'TF_LOG',
] as const;

/** Never handed on, also where the castle file asks: tokens of the run and the runner's own strings. */
const forbidden = /^(GITHUB_TOKEN|ACTIONS_.*|INPUT_.*|RUNNER_TRACKING_ID|STATE_.*|NODE_OPTIONS)$/;

/** A layer's environment: the common names, the names the castle file asks for, then `extra`. */
export function layerEnvironment(
  source: NodeJS.ProcessEnv,
  asked: readonly string[],
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of [...common, ...asked]) {
    const value = source[name];
    if (value !== undefined && !forbidden.test(name)) environment[name] = value;
  }
  // A CLI configuration that does not exist makes `tofu version` warn first, which Terragrunt then cannot parse.
  const cliConfig = source['TF_CLI_CONFIG_FILE'];
  if (cliConfig !== undefined && existsSync(cliConfig)) environment['TF_CLI_CONFIG_FILE'] = cliConfig;
  return { ...environment, ...extra };
}
