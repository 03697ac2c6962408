import { type CommandName, commandNames, optionKinds, optionsOf, requestSchema } from './request.ts';

const summaries: Readonly<Record<CommandName, string>> = {
  rebirth:
    'rebuild the castle: secrets, layers, claim, GitOps, verify, report; --from-nothing destroys it first',
  rehearse: 'the same in the box: on loopback, with real tools and stand-ins for what cannot be had',
  layers: 'apply the layers named by --only, and no others: one leg of a matrix',
  verify: 'hold a castle that lives against its milestones; runs no layer',
  report: 'join the reports of the legs of a matrix into one',
  plan: 'show the layers, their order and what would run side by side; changes nothing',
  doctor: 'look whether a rebirth could begin here, and what a dead one left; changes nothing',
  claim: 'claim or rotate the machine identity of a cluster that lives, without downtime; runs no layer',
  destroy: 'destroy the castle layer by layer, in reverse order; its name must be typed: --confirm CASTLE',
  drill:
    'destroy the castle, rebuild it, look for its data, and keep the figures; its name must be typed: --confirm CASTLE',
  unlock: 'judge the state lock of each layer; release those whose holder is proved dead',
};

/** Flags of the CLI that are no inputs of the Action, since they are about the terminal. */
const terminalFlags = {
  json: 'The report (or the plan) as JSON on stdout; words for people go to stderr.',
  quiet: 'Only warnings, errors and the verdict.',
  'no-color': 'No colours; NO_COLOR is honoured too.',
  debug: 'Show what is waited for, and the stack of an unknown error.',
  help: 'This text.',
} as const;

/** Their names, without `help`, which has a short one too. */
export const terminalFlagNames = Object.keys(terminalFlags).filter((name) => name !== 'help');

function optionText(name: string): string {
  return optionKinds.get(name) === 'flag' ? `--${name}` : `--${name} VALUE`;
}

export function helpText(command?: CommandName): string {
  const taken: readonly string[] =
    command === undefined ? Object.keys(requestSchema.shape) : optionsOf[command];
  const options = Object.entries(requestSchema.shape).filter(
    ([name]) => name !== 'command' && taken.includes(name),
  );
  const lines = [
    ...options.map(([name, schema]) => [optionText(name), schema.description ?? ''] as const),
    ...Object.entries(terminalFlags).map(([name, text]) => [`--${name}`, text] as const),
  ].map(([flag, text]) => `  ${flag.padEnd(18)} ${text}`);
  const head =
    command === undefined
      ? [
          'phoenix COMMAND [options]: rebuilds a Kubernetes castle, proves it is alive, accounts for every second.',
          '',
          ...commandNames.map((name) => `  ${name.padEnd(18)} ${summaries[name]}`),
        ]
      : [`phoenix ${command}: ${summaries[command]}.`];
  return [...head, '', ...lines, ''].join('\n');
}
