import { z } from 'zod';
import { parseJson } from '../json.ts';
import { ask, type Terragrunt } from '../plan/ask.ts';

/** `terragrunt find --json --reading` (1.1.1): paths relative to the live folder; left out where there are none. */
const found = z.array(
  z.object({ type: z.string(), path: z.string(), reading: z.array(z.string()).default([]) }),
);

/**
 * The files that Terragrunt knows each unit to read: included and read configurations, tfvars, what is marked as read,
 * and the files of the module itself. It does not know of `file()` and its like, nor of the modules that a module calls:
 * its own filter `[base...HEAD]` misses both (1.1.1). Undefined where it does not answer.
 */
export async function readingOf(
  liveDir: string,
  terragrunt: Terragrunt,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const { code, stdout } = await ask(terragrunt, ['find', '--json', '--reading'], liveDir);
  const parsed = code === 0 ? found.safeParse(parseJson(stdout)) : undefined;
  return parsed?.success ? new Map(parsed.data.map(({ path, reading }) => [path, reading])) : undefined;
}
