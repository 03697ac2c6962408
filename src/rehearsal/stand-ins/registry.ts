import { z } from 'zod';
import { gitConfig, startGit } from './git.ts';
import { githubOidcConfig, startGithubOidc } from './github-oidc.ts';
import { startInfisical } from './infisical.ts';
import { infisicalConfig } from './infisical-config.ts';
import type { RequestRecord, StandIn } from './server.ts';

/** The one JSON object that a stand-in's process is given, in a file in RAM: it holds the secrets it serves. */
export const standInConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('github-oidc'), config: githubOidcConfig }),
  z.strictObject({ kind: z.literal('infisical'), config: infisicalConfig }),
  z.strictObject({ kind: z.literal('git'), config: gitConfig }),
]);

export type StandInConfig = z.input<typeof standInConfig>;

/** What a started stand-in is reached by; `main` is the address that the castle's configuration is given. */
export interface Started extends StandIn {
  readonly main: string;
}

/** Starts the stand-in that `config` describes. */
export async function startStandIn(
  config: StandInConfig,
  options: { readonly onRequest?: (record: RequestRecord) => void } = {},
): Promise<Started> {
  switch (config.kind) {
    case 'github-oidc': {
      const standIn = await startGithubOidc(config.config, options);
      return { ...standIn, main: standIn.requestUrl };
    }
    case 'infisical': {
      const standIn = await startInfisical(config.config, options);
      return { ...standIn, main: standIn.url };
    }
    case 'git': {
      const standIn = await startGit(config.config, options);
      return { ...standIn, main: standIn.repository };
    }
  }
}
