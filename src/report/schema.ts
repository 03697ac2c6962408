import { z } from 'zod';
import { probeKinds } from '../castle/probes.ts';
import { rungNames, rungVerdicts } from '../database/rungs.ts';
import { drillSchema } from '../drill/schema.ts';
import { phases } from '../keepsake/record.ts';
import { spanKinds, spanVerdicts } from './ledger.ts';

const seconds = z.number().nonnegative();
const moment = z.iso.datetime();

const explanation = z.object({
  code: z.string().describe('Stable and searchable: PHX-PART-CASE.'),
  what: z.string(),
  why: z.string(),
  next: z.string().describe('The next move, as an instruction.'),
});

const failure = explanation.extend({
  name: z.string(),
  tail: z
    .array(z.string())
    .default([])
    .describe('The last lines (40 at most) of what failed, oldest first; empty where nothing was printed.'),
});

export const layerVerdicts = [
  'applied',
  'unchanged',
  'destroyed',
  'absent',
  'dropped',
  'kept',
  'failed',
  'skipped',
  'cancelled',
] as const;
export const machineVerdicts = ['deleted', 'absent', 'kept', 'failed'] as const;
export const gateVerdicts = ['passed', 'failed', 'skipped', 'cancelled'] as const;
export const runVerdicts = [
  'reborn',
  'claimed',
  'applied',
  'verified',
  'destroyed',
  'untouched',
  'failed',
  'cancelled',
] as const;
/** Commands that are no whole rebirth and leave a report. */
export const runCommands = ['claim', 'layers', 'verify', 'destroy'] as const;
export const runModes = ['job', 'matrix', 'rehearsal'] as const;

const ran = {
  started: moment.nullable().describe('null where it never ran.'),
  ended: moment.nullable(),
  seconds,
};

const layer = z.object({
  name: z.string(),
  ...ran,
  verdict: z.enum(layerVerdicts),
  retries: z.int().nonnegative(),
  phases: z.record(z.string(), seconds).describe('Seconds by phase: init, plan, apply, destroy, read-back …'),
  dependencies: z.array(z.string()).describe('The layers and gates it waited for.'),
  note: z
    .string()
    .optional()
    .describe(
      'What is left of a layer that was stopped half-way, and how to go on; why a layer was kept, and what was dropped.',
    ),
});

const gate = z.object({
  name: z.string(),
  after: z.string().describe('The layer it stands behind.'),
  ...ran,
  verdict: z.enum(gateVerdicts),
});

const milestone = z.object({
  name: z.string(),
  seconds: seconds
    .nullable()
    .describe(
      'Since the tools were ready: installing them is no part of a rebirth. null where it was not reached.',
    ),
  targetSeconds: seconds.nullable().describe('null where no target is set.'),
  met: z.boolean().describe('Reached, and within its target.'),
});

const probe = z.object({
  name: z.string().describe('As in `verify.probes`; of a milestone MILESTONE: WHAT.'),
  kind: z.enum(probeKinds),
  verdict: z.enum(['passed', 'failed', 'skipped']),
  seconds,
  passes: z.int().nonnegative().describe('Good looks in a row at the end.'),
  flaps: z.int().nonnegative().describe('Times that a bad look followed a good one.'),
  reason: z.string().nullable().describe('Why it did not pass; null where it did.'),
  lastSeen: z.string().nullable().describe('null where nobody looked.'),
});

const witnessRow = z.object({ nonce: z.string(), at: moment, lsn: z.string() });

const leak = z.object({
  secret: z.string().describe("The secret's name, never its value."),
  place: z.string(),
  encoding: z.string(),
});

const span = z.object({
  id: z.int(),
  parent: z.int().nullable(),
  name: z.string(),
  kind: z.enum(spanKinds),
  from: seconds.describe("Seconds since the run's start."),
  to: seconds,
  verdict: z.enum(spanVerdicts),
});

const gap = z.object({
  from: seconds,
  to: seconds,
  inside: z.string().describe('The innermost span around it.'),
  after: z.string().nullable(),
  before: z.string().nullable(),
});

const slack = z.object({
  name: z.string(),
  kind: z.enum(['layer', 'gate']),
  seconds: seconds.describe('How much later it could have ended before the end moves.'),
  milestones: z
    .record(z.string(), seconds.nullable())
    .describe('The same before each milestone moves, at least; null where it is off its path.'),
});

const slow = z.object({
  layer: z.string(),
  address: z.string().describe('Of the resource, as the engine has it.'),
  action: z.string(),
  seconds,
});

const job = z.object({
  name: z.string(),
  runner: z.string().nullable(),
  queueSeconds: seconds
    .nullable()
    .describe('From when GitHub queued it until a runner took it; null: unknown.'),
  setupSeconds: seconds.nullable().describe('From then until Phoenix began; null: unknown.'),
  seconds: seconds.describe('Of Phoenix itself.'),
});

const comparedKinds = ['total', 'milestone', 'layer', 'gate'] as const;

const compared = z.object({
  kind: z.enum(comparedKinds),
  name: z.string(),
  seconds,
  runs: z.int().nonnegative().describe('Runs that did the same to it, eight at most.'),
  medianSeconds: seconds.nullable().describe('null where fewer than five are known.'),
  minSeconds: seconds.nullable(),
  maxSeconds: seconds.nullable(),
  is: z.enum(['slower', 'faster', 'usual', 'unknown']),
});

const held = z.object({
  kind: z.enum(['total', 'milestone', 'layer']),
  name: z.string(),
  limitSeconds: seconds.nullable().describe('null where it is not known.'),
  seconds: seconds.nullable().describe('null where it did not run.'),
  is: z.enum(['kept', 'over', 'unknown']),
  reason: z.string().nullable().describe('Why it was not held; null where it was.'),
});

/** `phoenix-report.json`. Fields are added, never renamed; readers pass over what they do not know. */
export const reportSchema = z
  .object({
    schema: z.literal('phoenix.report/v1'),
    run: z.string().describe('The run, as its journal and its lease name it.'),
    castle: z.string(),
    mode: z.enum(runModes),
    command: z.enum(runCommands).optional().describe('Of a run that is no whole rebirth: its command.'),
    leg: z
      .string()
      .optional()
      .describe('Of a leg of a matrix, or a destroy of a part: what it was to do, separated by commas.'),
    verdict: z.enum(runVerdicts),
    started: moment,
    ended: moment,
    wallSeconds: seconds,
    unattributedSeconds: seconds.describe('Wall clock that no span explains.'),
    unattributedLimit: z
      .number()
      .min(0)
      .max(1)
      .describe('The share of the wall clock that may stay unexplained.'),
    criticalPath: z.array(z.string()),
    criticalPathSeconds: seconds.describe("The path's own work, without the time between."),
    slack: z.array(slack).optional().describe('Per layer and gate that ran; absent where none did.'),
    parallel: z
      .object({
        sequentialSeconds: seconds.describe('All layers and gates one after another.'),
        wallSeconds: seconds.describe('From the first that began to the last that ended.'),
        savedSeconds: z.number().describe('Less than 0 where more time lay between them than was saved.'),
      })
      .optional()
      .describe('What running side by side saved; absent where nothing ran.'),
    advice: z.array(z.string()).optional().describe('What would make it faster, in sentences.'),
    slowest: z
      .array(slow)
      .optional()
      .describe('The resources that took longest, ten at most; absent where no change was timed.'),
    jobs: z.array(job).optional().describe('The jobs of a matrix; absent where it is none.'),
    comparison: z
      .object({
        from: z.enum(['machine', 'branch']).describe('Where the earlier runs are kept.'),
        runs: z.int().nonnegative().describe('Whole runs that did the same, eight at most.'),
        parts: z.array(compared),
      })
      .optional()
      .describe('Against the last runs that did the same; absent where it is no whole rebirth.'),
    budget: z
      .object({
        parts: z.array(held),
        error: explanation.nullable().describe('Of a run that is over it; its verdict stays.'),
      })
      .optional()
      .describe('The run held to `budget` of the castle file; absent where there is none.'),
    layers: z.array(layer),
    gates: z.array(gate),
    milestones: z.array(milestone),
    probes: z
      .array(probe)
      .optional()
      .describe('What the castle was held to; absent where it was held to nothing.'),
    machines: z
      .array(
        z.object({
          vmid: z.int(),
          name: z.string(),
          node: z.string(),
          verdict: z.enum(machineVerdicts),
          why: z.string().describe('Empty where there is nothing to say.'),
        }),
      )
      .optional()
      .describe('The VMs that a destroy in the mode nuke found; absent in every other run.'),
    leaks: z.object({ checked: z.int().nonnegative(), found: z.array(leak) }),
    identity: z
      .object({
        way: z.enum(['pull', 'mint']),
        proved: z.boolean().describe('The cluster claimed a token with it that reads the repository.'),
        expires: moment.nullable().describe('null where it does not end, or where that is not known.'),
        revoked: z.int().nonnegative().describe('Older client secrets that were revoked.'),
        kept: z.int().nonnegative().describe('Older ones that are still used, and were left.'),
      })
      .optional()
      .describe("The cluster's machine identity; absent where the castle claims none."),
    witness: z
      .object({
        is: z
          .enum(['archived', 'earlier', 'needless', 'overridden', 'refused'])
          .describe(
            'archived: the backup has a row of this run; earlier: that of a run before; needless: none, and nothing stood that could be lost; overridden: none, and it went on; refused: none, and nothing was destroyed.',
          ),
        reason: z.string().nullable().describe('Why the database did not prove it; null where it did.'),
        row: z
          .object({
            run: z.string().describe('The run that wrote it.'),
            nonce: z.string(),
            at: moment.describe("By the database's clock."),
            lsn: z.string().describe('Where the WAL stood once the row was committed.'),
            wal: z.string().describe('The segment that was archived with it.'),
            timeline: z.int(),
            system: z.string().describe("The database system's identifier."),
            database: z.string(),
            table: z.string(),
            failures: z.int().nonnegative().describe('Failures of the archiver meanwhile.'),
            rows: z
              .object({ a: witnessRow.nullable(), b: witnessRow })
              .optional()
              .describe(
                'a is in the backup that was taken behind it, null where none was; b in the WAL alone.',
              ),
            chain: z
              .object({ head: z.string(), rows: z.int().positive() })
              .optional()
              .describe("Of all rows of the witness' table up to b."),
            tables: z
              .array(
                z.object({
                  name: z.string(),
                  orderBy: z.array(z.string()),
                  time: z.string().nullable(),
                  rows: z.int().nonnegative(),
                  hash: z.string().describe('SHA-256 of all rows.'),
                  latest: z.string().nullable().describe('The newest moment in its time column.'),
                }),
              )
              .optional()
              .describe('What the tables held in the moment of b.'),
            place: z.string().describe('Where its record is kept.'),
            signed: z.boolean(),
          })
          .nullable(),
      })
      .optional()
      .describe(
        'The proof that the backup was whole before a destroy; absent where the castle asks for none.',
      ),
    database: z
      .object({
        rungs: z.array(
          z.object({
            rung: z.enum(rungNames),
            is: z.enum(rungVerdicts),
            seen: z.string().describe('Empty where nothing was looked at.'),
            reason: z.string().nullable().describe('Why it failed or was skipped; null where it passed.'),
          }),
        ),
        restore: z
          .object({ started: moment, ended: moment })
          .nullable()
          .optional()
          .describe(
            "When what restores ran, by the cluster's clock in whole seconds; null where it has not ended well, or nobody tells.",
          ),
        rpoSeconds: seconds
          .nullable()
          .describe(
            'Seconds of the former life that are lost; 0 for none, null where that was not looked at or cannot be told.',
          ),
        witness: z
          .object({
            nonce: z.string(),
            a: z.boolean().nullable().describe('null where row A was never written.'),
            b: z.boolean(),
          })
          .nullable()
          .describe('Whether its rows are back; null where there is none, or it was not looked at.'),
      })
      .optional()
      .describe('How far the database was proved to be back; absent where the castle names none.'),
    leftovers: z
      .array(
        z.object({
          kind: z.enum(['dns', 'address', 'tailnet']),
          name: z.string(),
          is: z.enum(['left', 'gone', 'unknown']).describe('unknown: it could not be asked.'),
          saw: z.string(),
        }),
      )
      .optional()
      .describe('What may be left outside a destroyed castle; absent where nothing was looked for.'),
    fromNothing: z
      .object({
        resumed: z
          .enum(phases)
          .nullable()
          .describe('How far an earlier run had come that this one went on with; null where it began.'),
        reached: z.enum(['destroying', 'raising', 'reborn']),
        gone: moment
          .optional()
          .describe('From when on something of the castle was gone; absent where it came to no deletion.'),
        firstBirthSeconds: seconds
          .optional()
          .describe('Of a drill in a box: how long it took to raise what was then destroyed.'),
        destroySeconds: seconds.describe('Of the wall clock; milestones count from behind it.'),
        destroyed: z
          .array(z.object({ name: z.string(), verdict: z.enum(layerVerdicts), seconds }))
          .describe('The layers of its destroy; those of its rebirth are `layers`.'),
      })
      .optional()
      .describe('Of a rebirth that began with a destroy.'),
    drill: drillSchema.optional().describe('The figures of a drill; absent in every other run.'),
    versions: z.record(z.string(), z.string()),
    affected: z
      .object({
        range: z.string().nullable().describe('The two commits that were compared; null where none were.'),
        reason: z.string(),
        layers: z.array(
          z.object({
            name: z.string(),
            because: z
              .union([z.array(z.string()), z.string()])
              .describe('The files that touch it, or the reason in words.'),
          }),
        ),
        removed: z
          .array(z.object({ name: z.string(), commit: z.string().describe('The last that has it.') }))
          .describe('Layers that are gone; what they made is not destroyed.'),
        gitops: z.boolean(),
      })
      .optional()
      .describe('What the range of commits touches; absent where everything was asked for.'),
    aftermath: z
      .object({
        by: z.enum(['post', 'next run']),
        handedOn: z.array(z.string()).describe('Layers whose engine still ran when the clean-up had to end.'),
        troubles: z.array(z.string()).describe('Steps of the clean-up that did not succeed.'),
      })
      .optional()
      .describe('What the step after a cancelled or killed run found and did.'),
    error: explanation.nullable().describe('The error that decided the verdict.'),
    failures: z.array(failure).describe('Every error of the run, by part.'),
    phases: z
      .record(z.string(), seconds)
      .describe('Seconds by part of the run; parts that overlap count each.'),
    spans: z.array(span),
    gaps: z.array(gap),
    standIns: z
      .array(z.object({ name: z.string(), standsFor: z.string() }))
      .describe('What was not the real thing in this run.'),
    resources: z.object({ peakRssBytes: z.int().nonnegative().describe('Of Phoenix itself.') }),
  })
  .describe('The report of a Phoenix run');

export type Report = z.infer<typeof reportSchema>;

export type LayerVerdict = (typeof layerVerdicts)[number];
export type GateVerdict = (typeof gateVerdicts)[number];
