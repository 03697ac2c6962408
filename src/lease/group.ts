/**
 * The name under which the legs of one workflow run hold a castle together: `PHOENIX_GROUP`, else the workflow run and
 * its attempt. An attempt that is run again is another group: legs of the one before may still be at work. Undefined
 * outside both, where each run has the castle to itself.
 */
export function groupOf(env: NodeJS.ProcessEnv): string | undefined {
  const { PHOENIX_GROUP: given, GITHUB_RUN_ID: id, GITHUB_RUN_ATTEMPT: attempt } = env;
  if (given) return given;
  if (!id) return undefined;
  // Two repositories may rebuild one castle, and forges number runs each for itself.
  const repository = env['GITHUB_REPOSITORY'];
  return `${repository ? `${repository}/` : ''}${id}.${attempt || '1'}`;
}
