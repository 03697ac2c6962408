import { makeWorld, type World } from './world.ts';

export interface SmallLayer {
  /** Names of the layers it waits for. */
  readonly after?: readonly string[];
  /** Its main.tf. */
  readonly main: string;
}

/**
 * A castle of layers that need nothing but tofu and Terragrunt (terraform_data, local-exec), with local state beside
 * each layer. `secrets` come from files in RAM: name → value and where the castle file hands it.
 */
export async function smallCastle(
  layers: Readonly<Record<string, SmallLayer>>,
  more: {
    /** More lines of the castle file. */
    readonly yaml?: string;
    /** Where the secrets come from instead, in YAML on one line; then nothing is written for them. */
    readonly source?: string;
    readonly secrets?: Readonly<Record<string, { readonly value: string; readonly use: string }>>;
  } = {},
): Promise<World> {
  const world = await makeWorld();
  const { yaml = '', secrets = {}, source: from = `{ files: { dir: ${world.secrets} } }` } = more;
  const source = [
    'secrets:',
    `  source: ${from}`,
    ...Object.entries(secrets).map(([name, { use }]) => `  ${name}: ${use}`),
    '',
  ].join('\n');
  const hasSecrets = Object.keys(secrets).length > 0;
  await world.write({
    'phoenix.yaml': `version: 1\ncastle: small\nlive: live\n${hasSecrets ? source : ''}${yaml}`,
  });
  if (more.source === undefined) {
    await world.writeSecrets(
      Object.fromEntries(Object.entries(secrets).map(([name, { value }]) => [name, value])),
    );
  }
  for (const [name, { after = [], main }] of Object.entries(layers)) {
    const paths = after.map((other) => `../${other}`);
    await world.write({
      [`live/${name}/terragrunt.hcl`]:
        paths.length === 0 ? '' : `dependencies {\n  paths = ${JSON.stringify(paths)}\n}\n`,
      [`live/${name}/main.tf`]: main,
    });
  }
  return world;
}

/** A resource that is made at once and does nothing. */
export const made = 'resource "terraform_data" "made" {}\n';

/** A resource that runs `command` in the shell when it is made; HCL interpolates it, so `$${` writes `${`. */
export function running(command: string, name = 'run'): string {
  return [
    `resource "terraform_data" "${name}" {`,
    '  provisioner "local-exec" {',
    `    command = ${JSON.stringify(command)}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** The verdicts of a report's layers, by name. */
export function verdictsOf(
  report: { readonly layers: readonly { name: string; verdict: string }[] } | undefined,
) {
  return Object.fromEntries(report?.layers.map(({ name, verdict }) => [name, verdict]) ?? []);
}
