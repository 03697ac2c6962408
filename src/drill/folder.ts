import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import { messageOf } from '../errors.ts';
import { castleHome } from '../journal/home.ts';
import { parseJson } from '../json.ts';
import { historyLine } from '../report/history-entry.ts';
import { type Report, reportSchema } from '../report/schema.ts';
import { linesOf, mostLines } from './entries.ts';

/** The history of a castle's drills in a folder: `history.jsonl`, the last reports, and what is made of them. */
export interface DrillFolder {
  readonly dir: string;
  /** The lines of the history; what of them cannot be read is made anew from the reports. Never throws. */
  read(): Promise<string>;
  /** The same, and what is wrong with the file itself; undefined where it is whole, or where there is none yet. */
  look(): Promise<{ readonly lines: string; readonly trouble: string | undefined }>;
  /** Adds the report, once. Throws what the file system throws. */
  add(report: Report): Promise<string>;
  write(name: string, text: string): Promise<void>;
}

/** Whole reports are large; of so many the lines can be made again. */
const keptReports = 100;
const largestBytes = 16 * 1024 * 1024;

export function openFolder(
  castle: Pick<Castle, 'name' | 'box' | 'file' | 'drill'>,
  env: NodeJS.ProcessEnv,
): DrillFolder {
  const dir = castle.drill.historyDir ?? join(castleHome(castle, env), 'drills');
  const file = join(dir, 'history.jsonl');
  const reports = join(dir, 'reports');

  const look = async () => {
    const { text, trouble } = await textOf(file);
    const lines = linesOf(text);
    const sound = lines.filter((line) => parseJson(line) !== undefined);
    const broken = lines.length - sound.length;
    return {
      lines: await withReports(lines, sound),
      trouble: trouble ?? (broken === 0 ? undefined : `${broken} of its lines cannot be read`),
    };
  };
  const read = async () => (await look()).lines;

  const withReports = async (lines: readonly string[], sound: readonly string[]) => {
    const names = await namesIn(reports);
    if (sound.length === lines.length && (sound.length > 0 || names.length === 0)) return joined(sound);
    const known = new Set(sound.map((line) => (parseJson(line) as { run?: unknown } | null)?.run));
    const again: string[] = [];
    for (const name of names) {
      const kept = reportSchema.safeParse(
        parseJson(await readFile(join(reports, name), 'utf8').catch(() => '')),
      );
      if (kept.success && !known.has(kept.data.run)) again.push(historyLine(kept.data));
    }
    return joined([...again, ...sound]);
  };

  return {
    dir,
    read,
    look,
    async add(report) {
      await mkdir(reports, { recursive: true, mode: 0o700 });
      const line = historyLine(report);
      const before = linesOf(await read());
      const text = joined(before.includes(line) ? before : [...before, line]);
      await inOneMove(join(reports, reportName(report)), `${JSON.stringify(report)}\n`);
      await inOneMove(file, text);
      for (const old of (await namesIn(reports)).slice(0, -keptReports))
        await rm(join(reports, old), { force: true });
      return text;
    },
    write: (name, text) => inOneMove(join(dir, name), text),
  };
}

async function textOf(file: string): Promise<{ text: string; trouble: string | undefined }> {
  try {
    const { size } = await stat(file);
    if (size > largestBytes)
      return { text: '', trouble: `it is larger than ${largestBytes / 1024 / 1024} MiB` };
    return { text: await readFile(file, 'utf8'), trouble: undefined };
  } catch (thrown) {
    const absent = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    return { text: '', trouble: absent ? undefined : messageOf(thrown) };
  }
}

/** Their names sort by time. */
export function reportName({ started, run }: Pick<Report, 'started' | 'run'>): string {
  return `${started.replaceAll(/[^0-9TZ]/g, '')}-${run.replaceAll(/[^0-9A-Za-z-]/g, '')}.json`;
}

/** A reader never sees half of it, and everybody may read it. */
export async function inOneMove(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = join(dirname(file), `.${randomUUID()}`);
  try {
    await writeFile(temporary, text, { mode: 0o644, flag: 'wx' });
    await rename(temporary, file);
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => {});
    throw thrown;
  }
}

function joined(lines: readonly string[]): string {
  return lines
    .slice(-mostLines)
    .map((line) => `${line}\n`)
    .join('');
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names.filter((name) => name.endsWith('.json')).sort();
}
