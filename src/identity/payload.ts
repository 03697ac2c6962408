import { open } from 'node:fs/promises';
import { z } from 'zod';
import { PhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';

const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);

/**
 * Of an event's payload (GITHUB_EVENT_PATH) what tells whose work a job does, and which commits it is about. Deleted
 * forks are null there. What tells of commits is left out where it is not as GitHub writes it: then everything counts.
 */
const payload = z.object({
  repository: z
    .object({
      full_name: z.string().default('this repository'),
      fork: z.boolean().nullish(),
      default_branch: z.string().nullish(),
    })
    .nullish(),
  pull_request: z
    .object({
      number: z.int().optional().catch(undefined),
      base: z.object({ sha: commit }).optional().catch(undefined),
      head: z.object({
        repo: z.object({ full_name: z.string() }).nullish(),
        sha: commit.optional().catch(undefined),
      }),
    })
    .optional(),
  workflow_run: z
    .object({
      event: z.string().default(''),
      head_branch: z.string().nullish(),
      head_repository: z.object({ full_name: z.string() }).nullish(),
    })
    .optional(),
  ref: z.string().optional().catch(undefined),
  before: commit.optional().catch(undefined),
  forced: z.boolean().optional().catch(undefined),
  deleted: z.boolean().optional().catch(undefined),
  merge_group: z.object({ base_sha: commit }).optional().catch(undefined),
});

export type Payload = z.output<typeof payload>;

/** GitHub caps a payload at 25 MB. */
const largestBytes = 26 * 1024 * 1024;

/** The payload of the event that started this job. One that cannot be read is refused: PHX-IDENTITY-PAYLOAD. */
export async function readPayload(file: string | undefined): Promise<Payload> {
  if (!file) throw unreadable('GITHUB_EVENT_PATH is not set.');
  const text = await readUpTo(file, largestBytes).catch((thrown: unknown) => {
    throw unreadable(
      `The file that GITHUB_EVENT_PATH names could not be read (${(thrown as NodeJS.ErrnoException).code ?? 'no reason given'}).`,
      thrown,
    );
  });
  if (text === undefined) throw unreadable(`It is larger than ${largestBytes / 1024 / 1024} MiB.`);
  const parsed = payload.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw unreadable(
    where === '' ? 'It is no JSON object.' : `\`${where}\` in it is not what GitHub writes there.`,
  );
}

async function readUpTo(file: string, limit: number): Promise<string | undefined> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  return size > limit ? undefined : await handle.readFile('utf8');
}

function unreadable(why: string, cause?: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-IDENTITY-PAYLOAD',
    class: 'identity',
    what: "Whose work this job does cannot be told, for the event's payload cannot be read.",
    why,
    next: 'Run in a job of GitHub, where the runner writes it, and set neither GITHUB_EVENT_PATH nor what it names by hand.',
    ...(cause === undefined ? {} : { cause }),
  });
}
