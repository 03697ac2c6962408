import type { PhoenixError } from '../errors.ts';
import type { Outcome } from './exchange.ts';
import { complaintOf } from './hashicorp-answers.ts';
import type { HashicorpPlace, Step } from './hashicorp-errors.ts';
import type { MakeError } from './unreachable.ts';

/** Why a logged-in token may not read: the mount as a whole, or this path of it. */
export function readRefused(
  outcome: Extract<Outcome, { kind: 'json' }>,
  step: Exclude<Step, { doing: 'login' }>,
  place: HashicorpPlace,
  make: MakeError,
): PhoenixError {
  const { status } = outcome;
  const route = routeTo(place, step.doing === 'secrets' ? step.version : 2);
  const rule = `\`path "${route}" { capabilities = ["read"] }\``;
  if (status === 403) {
    return step.doing === 'mount'
      ? make(
          'PHX-HASHICORP-FORBIDDEN',
          `The role ${place.role} is logged in, but has no right to anything in ${place.mount}/, or nothing is mounted there (${status}): HashiCorp Vault does not tell which.`,
          `Check \`mount\` with \`vault secrets list\`, and give the role a policy with ${rule} (for KV version 1 without the \`data/\`).`,
        )
      : make(
          'PHX-HASHICORP-FORBIDDEN',
          `The role ${place.role} is logged in, but may not read ${route} (${status}), also after a new login.`,
          `Give a policy of the role ${rule}, or correct \`path\` in the castle file.${withoutData(place)}`,
        );
  }
  if (status === 404 && complaintOf(outcome).includes('no handler for route')) {
    return make(
      'PHX-HASHICORP-MOUNT',
      `Nothing is mounted at ${place.mount}/ (${status}).`,
      'Correct `mount` in the castle file: `vault secrets list` shows which there are.',
    );
  }
  return make(
    'PHX-HASHICORP-INVALID',
    `It refused the request for ${step.doing === 'mount' ? `${place.mount}/` : route} as not valid (${status}).`,
    'Check `mount`, `path` and `namespace` of the castle file’s `hashicorp-vault` source.',
  );
}

/** As policies and the API have it: KV version 2 puts `data/` between the mount and the path. */
export function routeTo({ mount, path }: HashicorpPlace, version: 1 | 2): string {
  return version === 2 ? `${mount}/data/${path}` : `${mount}/${path}`;
}

/** The mistake of those who copy the path from a policy. */
export function withoutData({ path }: HashicorpPlace): string {
  return path.startsWith('data/')
    ? ` In \`path\` leave out the \`data/\`: write \`${path.slice('data'.length)}\`.`
    : '';
}
