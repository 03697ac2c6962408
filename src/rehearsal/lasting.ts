import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Castle } from '../castle/load.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import { askProcesses } from './host-client.ts';
import { standInLine } from './host-protocol.ts';
import type { Place } from './inside.ts';

/** Names the file of a box that outlives a run: the jobs of a workflow are rehearsed in it one after another. */
export const lastingBoxVariable = 'PHOENIX_BOX';

/** Whether all of the castle is gone when the run is over: a box that is the run's own. */
export function endsWithRun({ box }: Pick<Castle, 'box'>, env: NodeJS.ProcessEnv): boolean {
  return box && !env[lastingBoxVariable];
}

const lastingBox = z.object({
  castle: z.string(),
  socket: z.string(),
  dir: z.string(),
  /** What the box's secrets are made from; they are of no worth outside it. */
  seed: z.int(),
  standIns: z.array(standInLine.extend({ name: z.string() })),
});

/** Writes the file by which runs find the box (mode 0600). */
export async function announceLastingBox(
  file: string,
  castle: string,
  { socket, dir, standIns }: Place,
  seed: number,
): Promise<void> {
  const box: z.infer<typeof lastingBox> = {
    castle,
    socket,
    dir,
    seed,
    standIns: [...standIns].map(([name, addresses]) => ({ name, ...addresses })),
  };
  await writeFile(file, JSON.stringify(box), { mode: 0o600 });
}

/** Joins the box of `file`. Throws PHX-BOX-LASTING where it is no box of this castle, or does not answer any more. */
export async function joinLastingBox(
  file: string,
  castle: Pick<Castle, 'name'>,
): Promise<{ readonly place: Place; readonly seed: number }> {
  try {
    const box = lastingBox.parse(JSON.parse(await readFile(file, 'utf8')));
    if (box.castle !== castle.name) throw new Error(`it is the box of ${box.castle}`);
    await askProcesses(box.socket);
    const standIns = new Map(box.standIns.map(({ name, ...addresses }) => [name, addresses]));
    return { place: { socket: box.socket, dir: box.dir, standIns }, seed: box.seed };
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-BOX-LASTING',
      class: 'cluster',
      what: `There is no box of ${castle.name} behind ${file}, which ${lastingBoxVariable} names.`,
      why: messageOf(cause),
      next: `Open the box anew, or unset ${lastingBoxVariable} so that the run opens one of its own.`,
      cause,
    });
  }
}
