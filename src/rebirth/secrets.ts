import { join } from 'node:path';
import type { Secret } from '../castle/secrets.ts';
import { PhoenixError } from '../errors.ts';
import type { Session } from '../identity/session.ts';
import { cautionsOf } from './cautions.ts';
import type { Run } from './run.ts';
import { assertForm } from './secret-form.ts';
import { placeStateKey } from './state-key.ts';

/** The run's secrets: in memory for Phoenix itself, and for each layer as files in its own partition of the vault. */
export interface RunSecrets {
  /** A secret that Phoenix itself hands on (the machine identity). Throws PHX-SECRET-UNKNOWN. */
  value(name: string): string;
  /** The var files of a layer; empty where no secret names it. */
  varFiles(layer: string): readonly string[];
  /** What a layer's environment gets: secrets that the castle file wants there, and the way to the states' key. */
  environment(layer: string): Readonly<Record<string, string>>;
}

function wantedSecrets({ castle }: Run, deletes: boolean): string[] {
  const { claim } = castle;
  const own = claim?.identity.kind === 'pull' ? [claim.clientId, claim.clientSecret] : [];
  const { key, previousKey } = castle.state.encryption ?? {};
  const keys = [key, previousKey].filter((name) => name !== undefined);
  // What can delete VMs is in no run that deletes none.
  const token = deletes && castle.destroy?.mode === 'nuke' ? castle.proxmox?.tokenSecret : undefined;
  const tokens = token === undefined ? [] : [token];
  return [...new Set([...castle.secrets.list.map(({ name }) => name), ...own, ...keys, ...tokens])];
}

/** Fetches what the castle needs, once, and lays it out in the vault by layer. `deletes`: whether the run may delete VMs. */
export async function layOutSecrets(
  run: Run,
  session: Session | undefined,
  { deletes }: { readonly deletes: boolean },
): Promise<RunSecrets> {
  const wanted = wantedSecrets(run, deletes);
  const values: ReadonlyMap<string, string> =
    wanted.length === 0 || session === undefined ? new Map() : await session.fetch(wanted);
  for (const [name, value] of values) run.redactor.add(name, value);
  for (const caution of cautionsOf(values, run.castle.secrets.list)) run.log.warn(caution);
  const { encryption } = run.castle.state;
  const forAll =
    encryption === undefined
      ? {}
      : await placeStateKey(
          run.vault,
          encryption,
          (name) => known(values, name),
          (name, form) => run.redactor.add(name, form),
        );
  const files = new Map<string, string[]>();
  const environments = new Map<string, Record<string, string>>();
  for (const layer of new Set(run.castle.secrets.list.flatMap(({ layers }) => layers))) {
    const own = run.castle.secrets.list.filter(({ layers }) => layers.includes(layer));
    const { variables, environment } = await partition(run, layer, own, values);
    environments.set(layer, environment);
    if (Object.keys(variables).length === 0) continue;
    const folder = await run.vault.partition(layer);
    files.set(layer, [await run.vault.write(folder, 'secrets.tfvars.json', JSON.stringify(variables))]);
  }
  run.log.info(
    `secrets: ${values.size} in the vault, ${files.size} ${files.size === 1 ? 'layer' : 'layers'} given some`,
  );
  return {
    value: (name) => known(values, name),
    varFiles: (layer) => files.get(layer) ?? [],
    environment: (layer) => ({ ...environments.get(layer), ...forAll }),
  };
}

async function partition(
  run: Run,
  layer: string,
  secrets: readonly Secret[],
  values: ReadonlyMap<string, string>,
): Promise<{ variables: Record<string, string>; environment: Record<string, string> }> {
  const variables: Record<string, string> = {};
  const environment: Record<string, string> = {};
  for (const secret of secrets) {
    const { name, as, variable } = secret;
    const value = known(values, name);
    assertForm(secret, value);
    if (as === 'tfvar') variables[variable] = value;
    else if (as === 'env') environment[variable] = value;
    else {
      const folder = await run.vault.partition(layer);
      await run.vault.write(folder, `secret-${name}`, value);
      variables[variable] = join(folder, `secret-${name}`);
    }
  }
  return { variables, environment };
}

function known(values: ReadonlyMap<string, string>, name: string): string {
  const value = values.get(name);
  if (value === undefined) throw unknownSecret(name);
  return value;
}

function unknownSecret(name: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-UNKNOWN',
    class: 'identity',
    what: `The secret ${name} was not fetched.`,
    why: 'The castle file names it, but no source gave it.',
    next: 'Set secrets.source in the castle file, and give the secret a value there.',
  });
}
