import { resolve } from 'node:path';
import { z } from 'zod';
import { PhoenixError } from './errors.ts';
import { didYouMean } from './near.ts';
import { modes } from './plan/mode.ts';
import { nodeKinds } from './rehearsal/node-kind.ts';

export const commandNames = [
  'rebirth',
  'rehearse',
  'layers',
  'verify',
  'report',
  'plan',
  'doctor',
  'unlock',
  'claim',
  'destroy',
  'drill',
] as const;
export type CommandName = (typeof commandNames)[number];

/** The box's castle, for `rehearse` where no castle file is named; relative to Phoenix' own folder. */
export const boxCastle = 'castle/live/box/phoenix.yaml';
/** The same for a box with a real node. */
export const nodeCastle = 'castle/live/box/node.yaml';

/**
 * What is asked of Phoenix, whichever edge it came in by. One object per option: the CLI's help, the Action's inputs and
 * the documentation are made from, or held against, the descriptions here.
 */
export const requestSchema = z.strictObject({
  command: z
    .enum(commandNames)
    .describe(
      'What to do: rebirth, rehearse (the box), layers, verify, report, plan, doctor, unlock, claim, destroy or drill.',
    ),
  castle: z
    .string()
    .default('')
    .describe(
      'The castle file. Default: phoenix.yaml in the working folder; for rehearse and drill, the box that comes with Phoenix.',
    ),
  report: z.string().default('phoenix-report.json').describe('Where the report is written.'),
  page: z
    .string()
    .default('')
    .describe('Write the report as one HTML page too, to this file; the Action keeps it as an artifact.'),
  only: z
    .array(z.string())
    .default([])
    .describe('These layers only, separated by commas; for doctor, these checks or groups of checks.'),
  trust: z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe(
      "Doctor only: show what to bind the identity to, from this job's own token, and try the login.",
    ),
  from: z.string().default('').describe('This layer and all that depend on it.'),
  mode: z
    .enum(modes, { error: 'auto, job or matrix' })
    .default('auto')
    .describe(
      'Plan only: how to run it, in one job, as a matrix of jobs, or (auto) as is expected to end sooner.',
    ),
  runners: z.coerce
    .number({ error: 'a whole number from 1 up' })
    .int({ error: 'a whole number from 1 up' })
    .min(1, { error: 'a whole number from 1 up' })
    .default(1)
    .describe('Plan only: how many runners there are for a matrix; auto takes one from 2 on.'),
  confirm: z
    .string()
    .default('')
    .describe(
      'Destroy, drill, and rebirth from nothing: the name of the castle, exactly, as the word that it is meant.',
    ),
  'from-nothing': z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe(
      'Rebirth only: destroy the castle first, then rebuild it; needs confirm, and goes on after a failure in the middle.',
    ),
  'without-witness': z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe(
      'Destroy, drill, and rebirth from nothing: go on without a proof that the backup has the last rows (destroy.witness).',
    ),
  fault: z
    .array(z.string())
    .default([])
    .describe('Box only: let a stand-in fail, as NAME:KIND, e.g. infisical:429; separated by commas.'),
  reports: z
    .string()
    .default('')
    .describe(
      'Report only: the folder with the reports of the legs. Default: the artifacts of this workflow run.',
    ),
  history: z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe(
      'Report and drill: keep the report on the branch that `report.history` of the castle file names.',
    ),
  drill: z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe('Report only: the run was a drill, so its figures, badge and issue are kept too.'),
  'dead-man': z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe(
      'Report only: join nothing, but fail where the last good drill is older than `drill.every` of the castle file.',
    ),
  affected: z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe('Only the layers that the commits of the event touch, and all that depend on them.'),
  base: z
    .string()
    .default('')
    .describe(
      'The revision that affected compares with, and with it affected. Default: as the event says; in a clone, where it left the main branch.',
    ),
  results: z
    .array(z.string())
    .default([])
    .describe(
      'Report only: how the other jobs ended (success, failure, cancelled, skipped), separated by commas.',
    ),
  changes: z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe('Plan only: ask OpenTofu what each layer would change; applies nothing and takes no lock.'),
  comment: z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe('Plan only: write the plan on the pull request.'),
  forecast: z
    .boolean({ error: '`true` or `false`' })
    .default(false)
    .describe(
      'Plan only: what other modes and numbers of runners would take, by playing recorded runs again.',
    ),
  node: z
    .enum(nodeKinds, { error: 'none, kwok or real' })
    .default('none')
    .describe(
      'Box only: what plays the nodes. none: nothing; kwok: real controllers and scheduler, with simulated nodes and pods; real: a kubelet and containerd that run every pod (Linux, root). Doctor: with real, whether this machine can hold such a node.',
    ),
  seed: z.coerce
    .number({ error: 'a whole number' })
    .int()
    .nonnegative()
    .optional()
    .describe("Box only: makes the rehearsal's secrets the same each time."),
});

export type Request = z.output<typeof requestSchema>;

type Option = Exclude<keyof Request, 'command'>;

/** How an option is written: `--flag`, one value, or several values. */
export type OptionKind = 'flag' | 'list' | 'text';

/** The kind of every option, in the order of the schema. */
export const optionKinds: ReadonlyMap<string, OptionKind> = new Map(
  Object.entries(requestSchema.shape)
    .filter(([name]) => name !== 'command')
    .map(([name, schema]) => [name, kindOf(schema)]),
);

function kindOf(schema: z.core.$ZodType): OptionKind {
  const { def } = schema._zod;
  if ('innerType' in def) return kindOf(def.innerType as z.core.$ZodType);
  return def.type === 'boolean' ? 'flag' : def.type === 'array' ? 'list' : 'text';
}

const layers = ['castle', 'only', 'from'] as const;
const range = ['affected', 'base'] as const;
const nothing = ['from-nothing', 'confirm', 'without-witness'] as const;

/** Which options each command takes; any other is refused, for one that is ignored was meant for something. */
export const optionsOf: Readonly<Record<CommandName, readonly Option[]>> = {
  rebirth: [...layers, ...range, ...nothing, 'report', 'page', 'fault', 'seed', 'node'],
  rehearse: [...layers, 'report', 'page', 'fault', 'seed', 'node'],
  // Exactly the layers that `only` names.
  layers: ['castle', 'only', 'report', 'fault', 'seed'],
  verify: ['castle', 'report', 'page', 'fault', 'seed'],
  report: ['castle', 'report', 'page', 'reports', 'history', 'results', 'drill', 'dead-man'],
  plan: [...layers, ...range, 'mode', 'runners', 'forecast', 'changes', 'comment'],
  doctor: ['castle', 'only', 'trust', 'node'],
  unlock: layers,
  claim: ['castle', 'report'],
  destroy: [...layers, 'confirm', 'without-witness', 'report', 'page'],
  drill: ['castle', 'confirm', 'without-witness', 'report', 'page', 'history', 'fault', 'seed', 'node'],
};

/** Checks an edge's raw values. `shown` says how the edge's user writes an option, e.g. `--castle` or `castle:`. */
export function parseRequest(
  raw: Readonly<Record<string, unknown>>,
  shown: (option: string) => string,
): Request {
  const command = raw['command'];
  if (typeof command !== 'string' || !(commandNames as readonly string[]).includes(command)) {
    throw new PhoenixError({
      code: 'PHX-INPUT-COMMAND',
      class: 'input',
      what:
        command === undefined || command === ''
          ? 'No command is given.'
          : `There is no command "${String(command)}".`,
      why: `Phoenix knows ${commandNames.join(', ')}.${didYouMean(String(command ?? ''), commandNames)}`,
      next: `Give one of these as ${shown('command')}.`,
    });
  }
  const parsed = requestSchema.safeParse(raw);
  if (parsed.success) {
    refuseControlCharacters(parsed.data, shown);
    refuseForeignOptions(parsed.data, shown);
    refuseHalfMeant(parsed.data, shown);
    refuseOneFile(parsed.data, shown);
    const { affected, base } = parsed.data;
    return { ...parsed.data, affected: affected || base !== '' };
  }
  const issue = parsed.error.issues[0];
  const option = String(issue?.path[0] ?? 'command');
  throw new PhoenixError({
    code: 'PHX-INPUT-VALUE',
    class: 'input',
    what: `${shown(option)} has a value that cannot be used.`,
    why: `It must be ${issue?.message ?? 'something else'}.`,
    next: `See --help for what ${shown(option)} takes.`,
  });
}

/** An option that has its default counts as not given: the Action's inputs always have a value. */
function refuseForeignOptions(request: Request, shown: (option: string) => string): void {
  const usual = requestSchema.parse({ command: request.command });
  const options = Object.keys(requestSchema.shape).filter((name): name is Option => name !== 'command');
  const taken = optionsOf[request.command];
  const foreign = options.find(
    (name) => !taken.includes(name) && JSON.stringify(request[name]) !== JSON.stringify(usual[name]),
  );
  if (foreign === undefined) return;
  throw new PhoenixError({
    code: 'PHX-INPUT-USAGE',
    class: 'input',
    what: `${shown(foreign)} means nothing for \`${request.command}\`.`,
    why: `\`${request.command}\` takes ${taken.map(shown).join(', ')}; what it would do with another cannot be told.`,
    next: `Leave it out, or see --help for the commands that take ${shown(foreign)}.`,
  });
}

/** A rebirth from nothing is of the whole castle; what belongs to it alone was meant for it. */
function refuseHalfMeant(request: Request, shown: (option: string) => string): void {
  if (request.command !== 'rebirth') return;
  const { only, from, affected, base, confirm } = request;
  const part =
    only.length > 0
      ? 'only'
      : from !== ''
        ? 'from'
        : base !== ''
          ? 'base'
          : affected
            ? 'affected'
            : undefined;
  const alone = confirm !== '' ? 'confirm' : request['without-witness'] ? 'without-witness' : undefined;
  const foreign = request['from-nothing'] ? part : alone;
  if (foreign === undefined) return;
  throw new PhoenixError({
    code: 'PHX-INPUT-USAGE',
    class: 'input',
    what: `${shown(foreign)} means nothing for this rebirth.`,
    why: request['from-nothing']
      ? `${shown('from-nothing')} destroys and rebuilds the whole castle, never a part of it.`
      : `Only a rebirth that begins with a destroy takes it: one with ${shown('from-nothing')}.`,
    next: `Leave one of the two out.`,
  });
}

/** Two things in one file: the second would take the place of the first. */
function refuseOneFile({ report, page }: Request, shown: (option: string) => string): void {
  if (page === '' || resolve(page) !== resolve(report)) return;
  throw new PhoenixError({
    code: 'PHX-INPUT-USAGE',
    class: 'input',
    what: `${shown('page')} and ${shown('report')} name the same file.`,
    why: 'One is HTML and the other JSON; only one of the two could be there in the end.',
    next: `Give ${shown('page')} a file of its own, e.g. phoenix-report.html.`,
  });
}

/** Newlines and NULs have no place in a path or a layer's name, and much room in an attack. */
function refuseControlCharacters(request: Request, shown: (option: string) => string): void {
  for (const [option, value] of Object.entries(request)) {
    for (const text of Array.isArray(value) ? value : [value]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
      if (typeof text !== 'string' || !/[\u0000-\u001f\u007f]/.test(text)) continue;
      throw new PhoenixError({
        code: 'PHX-INPUT-CONTROL',
        class: 'input',
        what: `${shown(option)} holds a control character.`,
        why: 'A newline, a NUL or the like is in it.',
        next: 'Write the value on one line.',
      });
    }
  }
}
