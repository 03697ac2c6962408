import { join } from 'node:path';
import { writeNew } from '../vault/files.ts';

/** The outputs of a layer that this run has read back: `printed` is what its engine's `output -json` would print. */
export interface Answer {
  /** The unit's folder, absolute. */
  readonly dir: string;
  readonly printed: string;
}

/**
 * Writes what a layer's Terragrunt will ask of its dependencies into the layer's own partition of the vault, and returns
 * the file that the starter of its engine reads: a folder and a file a line. The layer is given no more than it would be
 * told by the engine. A folder whose name would break a line is left out; its engine answers.
 */
export async function writeAnswers(
  partition: string,
  number: number,
  answers: readonly Answer[],
): Promise<string | undefined> {
  const told = answers.filter(({ dir }) => !/[\t\n]/.test(dir));
  if (told.length === 0) return undefined;
  const lines = await Promise.all(
    told.map(async ({ dir, printed }, index) => {
      const file = join(partition, `${number}-outputs-${index}.json`);
      await writeNew(file, printed);
      return `${dir}\t${file}\n`;
    }),
  );
  const list = join(partition, `${number}-outputs`);
  await writeNew(list, lines.join(''));
  return list;
}
