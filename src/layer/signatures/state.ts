import { again, inUnit, quoted, type Scene, type Signature } from './signature.ts';

/** The state and its backend. A state that was not saved comes first of all: any other move would make it worse. */
export const stateSignatures: readonly Signature[] = [
  {
    id: 'state-unsaved',
    code: 'PHX-LAYER-STATE-UNSAVED',
    patterns: [
      /Failed to persist state/i,
      /\berrored\.tfstate\b/,
      /Failed to save state\b/i,
      /Error saving state: /,
    ],
    cause:
      'The engine made its changes but could not write the state to its backend: what exists is known only to the file errored.tfstate.',
    next: ({ engineDir, engine, layer, operation }) =>
      `Do not run this layer before the file is pushed. Run again when the backend answers: ${operation === 'destroy' ? '`destroy`' : `--from ${layer}`} pushes it first. By hand, where the states are not encrypted: \`(cd ${quoted(engineDir)} && ${engine} state push errored.tfstate)\`.`,
  },
  {
    id: 'state-locked',
    code: 'PHX-LAYER-LOCKED',
    patterns: [
      /Error acquiring the state lock/i,
      /\bstate (?:is )?already locked\b/i,
      /\bstate blob is already locked\b/i,
    ],
    cause: heldBy,
    next: (scene) =>
      `See whether that run still lives. Only if it is dead: ${inUnit(scene, `terragrunt force-unlock -force ${lockField(scene.text, 'ID') ?? 'ID'}`)}.`,
  },
  {
    id: 'state-format-newer',
    code: 'PHX-LAYER-STATE-VERSION',
    patterns: [
      /The state file uses format version \d+, which is not supported/,
      /state snapshot was created by (?:Terraform|OpenTofu) v?[\d.]+, which is newer than current/,
      /Resource instance managed by newer provider version/,
      /was created by a newer provider version than is currently selected/,
    ],
    cause: 'The state was written by a newer engine or provider than the one that is used here.',
    next: (scene) =>
      `Pin at least that version: \`toolchain\` in the castle file for the engine, \`required_providers\` in the module for a provider. ${again(scene)}`,
  },
  {
    id: 'state-plain',
    code: 'PHX-LAYER-STATE-PLAIN',
    patterns: [/encountered unencrypted payload without unencrypted method configured/],
    cause: 'The state is still in the clear, and the castle file wants it encrypted.',
    next: (scene) =>
      `Set \`state.encryption.migrate: true\` in the castle file: the state is encrypted when it is next written. ${again(scene)}`,
  },
  {
    id: 'state-key',
    code: 'PHX-LAYER-STATE-KEY',
    patterns: [
      /decryption failed: cipher: message authentication failed/,
      /decryption failed for all provided methods/,
    ],
    cause: 'The state was encrypted with another key than the one that the castle file names.',
    next: (scene) =>
      `Give the secret of \`state.encryption.key\` the value it had when the state was written; where the key was changed, name the secret with the old one in \`state.encryption.previous-key\`. ${again(scene)}`,
  },
  {
    id: 'state-conflict',
    code: 'PHX-LAYER-STATE-CONFLICT',
    patterns: [
      /cannot import state with (?:lineage|serial)\b/,
      /state data in S3 does not have the expected content/,
      /does not match the checksum (?:stored|value stored)/,
      /Saved plan is stale/,
      /the state snapshot .{0,60}\b(?:lineage|serial)\b.{0,60}\b(?:differ|newer|conflict)/i,
    ],
    cause:
      'The state in the backend is not the one this run began with: another run wrote in between, or it was replaced.',
    next: (scene) =>
      `Find out who else writes this state, and compare: ${inUnit(scene, 'terragrunt state pull')}. ${again(scene)}`,
  },
  {
    id: 'backend-changed',
    code: 'PHX-LAYER-BACKEND',
    patterns: [
      /Backend configuration (?:block has )?changed/i,
      /Backend initialization required/i,
      /Backend type changed/i,
      /Backend configuration block has changed/i,
    ],
    cause: "The layer's backend is configured otherwise than when its working copy was initialised.",
    next: (scene) =>
      `If the state moved: ${inUnit(scene, 'terragrunt init -migrate-state')}; if it stayed where it is: ${inUnit(scene, 'terragrunt init -reconfigure')}. ${again(scene)}`,
  },
];

function heldBy({ text }: Scene): string {
  const [who, created, operation] = (['Who', 'Created', 'Operation'] as const).map((name) =>
    lockField(text, name),
  );
  if (who === undefined) return 'Another run holds the lock of its state.';
  const doing = operation === undefined ? '' : ` for ${operation.replace('OperationType', '').toLowerCase()}`;
  return `${who} holds the lock of its state${doing}, since ${created ?? 'a time it does not tell'}.`;
}

/** A field of the lock that OpenTofu prints; the text is on one line, so a field ends where the next begins. */
function lockField(text: string, name: 'ID' | 'Who' | 'Created' | 'Operation'): string | undefined {
  const ends = '(?= (?:ID|Path|Operation|Who|Version|Created|Info):|$)';
  return new RegExp(String.raw`\b${name}: (\S.*?) ?${ends}`).exec(text)?.[1];
}
