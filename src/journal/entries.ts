import { z } from 'zod';
import { phases } from '../keepsake/record.ts';
import { layerVerdicts, runCommands, runModes, runVerdicts } from '../report/schema.ts';

/** As in process-identity.ts. */
export const processIdentity = z.object({ pid: z.int(), startTime: z.string(), bootId: z.string() });

/** Who a machine and its user are for a state lock's `Who`, and which boot of it. */
export const machine = z.object({
  host: z.string(),
  user: z.string(),
  bootId: z.string(),
  /** Epoch milliseconds of that boot: start times in ticks count from it. */
  bootedAt: z.number(),
  /** The space that its pids count in: those of a container mean nothing in another. */
  pidSpace: z.string(),
});

const at = z.number().describe('Epoch milliseconds.');

/** What one line of a journal says. No entry holds a secret: names, paths, pids and times only. */
export const journalEntry = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('begin'),
    at,
    run: z.string(),
    castle: z.string(),
    castleFile: z.string(),
    owner: processIdentity,
    machine,
    /** The page of the workflow run; empty outside GitHub. */
    url: z.string(),
    reportFile: z.string(),
    /** Absent where no page is asked for. */
    pageFile: z.string().optional(),
    /** The folder of programs that the layers are started with. */
    workspace: z.string(),
    mode: z.enum(runModes),
    command: z.enum(runCommands).optional(),
    leg: z.string().optional(),
    /** A rebirth that begins with a destroy. */
    fromNothing: z.boolean().optional(),
  }),
  /** The run's RAM directory: whatever secret a clean-up needs lies there. */
  z.object({ type: z.literal('vault'), at, dir: z.string() }),
  z.object({ type: z.literal('phase'), at, name: z.string() }),
  /** Written before the attempt's first process is started. */
  z.object({
    type: z.literal('attempt'),
    at,
    layer: z.string(),
    number: z.int(),
    unit: z.string(),
    timeoutSeconds: z.number(),
  }),
  /** Written before the signal is sent, so that no engine is ever interrupted twice. */
  z.object({ type: z.literal('interrupt'), at, layer: z.string(), pid: z.int(), startTime: z.string() }),
  z.object({
    type: z.literal('layer'),
    at,
    layer: z.string(),
    /** `handed-over`: it was still stopping when its run ended; whoever comes next waits for it. */
    verdict: z.enum([...layerVerdicts, 'handed-over']),
  }),
  /** How far the run brought the castle through its death; `witness` is the nonce of the row that its backup holds. */
  z.object({
    type: z.literal('passage'),
    at,
    phase: z.enum([...phases, 'reborn']),
    witness: z.string().nullable(),
  }),
  z.object({ type: z.literal('cancel'), at, signal: z.string() }),
  /** An engine of a run on whatever machine that had the castle before and gave it back: it had ended by then. */
  z.object({
    type: z.literal('predecessor'),
    at,
    run: z.string(),
    layer: z.string(),
    host: z.string(),
    user: z.string(),
    from: z.number(),
    to: z.number(),
  }),
  /** The run ended in order: nothing of it is left. */
  z.object({ type: z.literal('end'), at, verdict: z.enum(runVerdicts) }),
  /** Whoever came after the run cleaned up what it left. */
  z.object({ type: z.literal('settled'), at, by: z.enum(['post', 'next run']) }),
]);

export type JournalEntry = z.infer<typeof journalEntry>;
export type Machine = z.infer<typeof machine>;
