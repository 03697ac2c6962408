import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

const page = join(import.meta.dirname, '../docs/track-record.md');

export type Section = 'campaign' | 'soak';

/** Puts the text between the page's markers of that section; all else on the page is left as it is. */
export async function writeRecord(section: Section, text: string, file = page): Promise<void> {
  const before = await readFile(file, 'utf8');
  const [from, to] = [`<!-- ${section}: made by \`npm run ${section}\` -->`, `<!-- /${section} -->`];
  const [start, end] = [before.indexOf(from), before.indexOf(to)];
  if (start < 0 || end < start) throw new Error(`${file} has no place for the ${section}: ${from} … ${to}`);
  await writeFile(file, `${before.slice(0, start)}${from}\n\n${text}\n\n${before.slice(end)}`);
}

/** Cores and memory, and nothing that would tell one machine of that size from another. */
export function machineSize(): string {
  return `${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB`;
}

export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
