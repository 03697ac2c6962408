import { again, inUnit, type Signature } from './signature.ts';

/** The engine's providers, and the configuration that it is given. */
export const engineSignatures: readonly Signature[] = [
  {
    id: 'plugin-busy',
    code: 'PHX-LAYER-PLUGIN',
    retry: 'provider-install',
    patterns: [/\btext file busy\b/i],
    cause: 'Two layers install the same provider into one cache at the same moment.',
    next: (scene) =>
      `Unset TF_PLUGIN_CACHE_DIR (OpenTofu 1.10 and newer locks its own cache), or let it be tried again: layers.${scene.layer}.retry.on: [provider-install]. ${again(scene)}`,
  },
  {
    id: 'plugin-checksum',
    code: 'PHX-LAYER-PLUGIN',
    patterns: [
      /(?:doesn't|does not) match any of the checksums (?:previously )?recorded in the dependency lock file/,
      /Failed to install provider from shared cache/,
      /checksum list has unexpected SHA-256 hash/,
    ],
    cause: 'The provider that is installed is not the one that .terraform.lock.hcl has the checksum of.',
    next: (scene) =>
      `If the provider was meant to change: ${inUnit(scene, 'terragrunt run -- providers lock -platform=linux_amd64 -platform=linux_arm64')}, and commit the file; else remove it from the provider cache. ${again(scene)}`,
  },
  {
    id: 'plugin-cache-damaged',
    code: 'PHX-LAYER-PLUGIN',
    patterns: [/existing cached package at (\S+) does not match the content of the downloaded package/],
    cause:
      'The provider in the cache is not what its publisher hands out: an install was cut off half-way, or somebody changed it.',
    next: (scene) => `Delete ${scene.match[1]}, and it is installed anew. ${again(scene)}`,
  },
  {
    id: 'plugin-crashed',
    code: 'PHX-LAYER-PLUGIN',
    patterns: [
      /\bPlugin did not respond\b/,
      /\bThe plugin encountered an error, and failed to respond\b/,
      /Unrecognized remote plugin message/,
      /failed to instantiate provider .{0,120}\b(?:exec format error|permission denied)/i,
    ],
    cause: 'A provider died, or could not be started.',
    next: (scene) =>
      `See its stack above; where there is none, see whether memory ran out (\`dmesg | grep -i oom\`). Use another version of it. ${again(scene)}`,
  },
  {
    id: 'provider-unavailable',
    code: 'PHX-LAYER-PROVIDER',
    retry: 'provider-install',
    patterns: [
      /Failed to (?:query available provider packages|resolve provider packages|install provider)\b/i,
      /could not query provider registry/i,
      /provider registry .{0,80} does not have a provider named/i,
      /no available releases match the given constraints/i,
    ],
    cause: 'The registry cannot be reached, or has no such provider or version.',
    next: (scene) =>
      `Check the provider's source and version, and the way to the registry; a filesystem_mirror in the CLI configuration survives its outages. ${again(scene)}`,
  },
  {
    id: 'module-unavailable',
    code: 'PHX-LAYER-PROVIDER',
    patterns: [
      /Failed to download module/i,
      /Module not installed/i,
      /\bdownloading source url .{0,200}(?:exit status|error downloading)/i,
    ],
    cause: 'A module could not be fetched.',
    next: (scene) => `Check its source and the way there (git credentials, tag). ${again(scene)}`,
  },
  {
    id: 'variable-missing',
    code: 'PHX-LAYER-VARIABLE',
    patterns: [/No value for required variable/, /The root module input variable "[^"]+" is not set/],
    cause: ({ text }) =>
      `The layer asks for the variable ${/variable "([^"]+)"/.exec(text)?.[1] ?? 'above'}, and nobody gives it.`,
    next: (scene) =>
      `If it is a secret, give it to this layer in the castle file (secrets.NAME.layers: [${scene.layer}]); else set it in \`inputs\` of the unit. ${again(scene)}`,
  },
  {
    id: 'protected',
    code: 'PHX-LAYER-PROTECTED',
    patterns: [
      /has (?:lifecycle\.)?prevent_destroy set/,
      /Instance cannot be destroyed/,
      /Unit is protected by the prevent_destroy flag/,
    ],
    cause: 'It would destroy or replace what is protected from it (prevent_destroy), so nothing was done.',
    next: (scene) =>
      scene.operation === 'destroy'
        ? `Name the layer in \`destroy.protect\` of the castle file to have it kept, or take prevent_destroy away on purpose. ${again(scene)}`
        : `See what forces it: ${inUnit(scene, 'terragrunt plan')}. Undo that change, or take prevent_destroy away on purpose. ${again(scene)}`,
  },
  {
    id: 'undeclared',
    code: 'PHX-LAYER-CONFIG',
    patterns: [
      /Reference to undeclared (?:input variable|local value|resource|module|output value)/i,
      /Value for undeclared variable/i,
    ],
    cause: 'The configuration speaks of something that it does not declare.',
    next: (scene) => `Declare it, or correct its name. ${again(scene)}`,
  },
  {
    id: 'syntax',
    code: 'PHX-LAYER-CONFIG',
    patterns: [
      /\b(?:Invalid expression|Argument or block definition required|Argument definition required|Unclosed configuration block|Invalid multi-line string|Unterminated template string|Missing newline after argument|Invalid block definition|Unsupported block type|Unsupported argument|Missing required argument|Invalid character|Missing name for resource|Missing key\/value separator|Missing item separator)\b/,
      /Failed to parse HCL/i,
    ],
    cause: 'A configuration file has a mistake.',
    next: (scene) =>
      `Correct it at the place given (\`terragrunt hcl validate\` checks the units). ${again(scene)}`,
  },
  {
    id: 'cli-config',
    code: 'PHX-LAYER-CONFIG',
    patterns: [/Unable to open CLI configuration file/, /Unable to parse Terraform version output/],
    cause:
      'TF_CLI_CONFIG_FILE names a file that does not exist, so Terragrunt cannot read the version of its engine.',
    next: (scene) => `Unset TF_CLI_CONFIG_FILE, or make that file. ${again(scene)}`,
  },
];
