import { again, inUnit, type Scene, type Signature } from './signature.ts';

/** What stands between layers: outputs, mocks, hooks. Words of Terragrunt 1.1. */
export const terragruntSignatures: readonly Signature[] = [
  {
    id: 'dependency-no-outputs',
    code: 'PHX-LAYER-DEPENDENCY',
    patterns: [/(\S+)\/terragrunt\.hcl is a dependency of \S+ but detected no outputs/],
    cause: (scene) =>
      `The layer ${dependency(scene)} has no outputs: it was never applied, its state is gone, or its module has none.`,
    next: (scene) =>
      scene.operation === 'destroy'
        ? `If what this layer made is gone already, drop its state (\`terragrunt state rm\`); if it still stands, apply ${dependency(scene)} first. ${again(scene)}`
        : `Apply that layer first: --from ${dependency(scene)}.`,
  },
  {
    id: 'dependency-variable',
    code: 'PHX-LAYER-DEPENDENCY',
    patterns: [/There is no variable named "dependency"/],
    // The author's case 19: after the cache was cleared, this was all that Terragrunt said of an output it could not read.
    cause:
      'Terragrunt could not read the outputs of a layer that this one depends on, so `dependency` is empty.',
    next: (scene) =>
      `See whether the outputs are there: ${inUnit(scene, 'terragrunt output')} in the layer that it depends on. If they are, set disable_dependency_optimization = true in the root's remote_state. ${again(scene)}`,
  },
  {
    id: 'dependency-output-missing',
    code: 'PHX-LAYER-DEPENDENCY',
    patterns: [/terragrunt\.hcl\b.{0,300}This object does not have an attribute named "([^"]+)"/],
    cause: ({ match }) => `A layer that this one depends on has no output (or block) named ${match[1]}.`,
    next: (scene) =>
      `Correct the name in the unit's \`inputs\`, or add the output to the other layer's module and apply that one first. ${again(scene)}`,
  },
  {
    id: 'mock-outputs',
    code: 'PHX-LAYER-MOCKED',
    patterns: [/has no outputs, but mock outputs provided and returning those in dependency output/],
    cause: 'A layer that this one depends on has no outputs, so Terragrunt used mock_outputs in an apply.',
    next: (scene) =>
      `Set mock_outputs_allowed_terraform_commands = ["validate", "plan"] in that dependency block, and apply the other layer first. ${again(scene)}`,
  },
  {
    id: 'hook-failed',
    code: 'PHX-LAYER-HOOK',
    patterns: [/Hook "([^"]+)" (?:\(command: [^)]*\) exited with non-zero exit code \d+|failed to execute)/],
    cause: ({ match }) =>
      `The hook "${match[1]}" of the unit failed; the engine's own work is not what failed.`,
    next: (scene) => `See the hook's words above, and mend it in terragrunt.hcl. ${again(scene)}`,
  },
];

/** The dependency's layer, by its folder. */
function dependency({ match }: Scene): string {
  return match[1]?.split('/').at(-1) ?? 'before it';
}
