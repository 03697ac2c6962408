import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, PhoenixError } from '../errors.ts';
import { type Report, reportSchema } from './schema.ts';

/**
 * Writes the report in one move, so that a reader never sees half of one (mode 0644; the folder is made). What goes
 * wrong is returned, not thrown: a report that could not be written must not hide the run's own verdict.
 */
export async function writeReport(file: string, report: Report): Promise<PhoenixError | undefined> {
  const checked = reportSchema.safeParse(report);
  if (!checked.success) {
    return new PhoenixError({
      code: 'PHX-REPORT-SHAPE',
      class: 'report',
      what: 'The run made a report that does not fit its own schema, so it was not written.',
      why: z.prettifyError(checked.error),
      next: "Report this with Phoenix's version: it is a defect of Phoenix, not of your castle.",
    });
  }
  const foreign = await foreignFile(file);
  if (foreign !== undefined) return foreign;
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeDurably(temporary, `${JSON.stringify(checked.data, undefined, 2)}\n`);
    await rename(temporary, file);
    return undefined;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    return new PhoenixError({
      code: 'PHX-REPORT-WRITE',
      class: 'report',
      what: `The report could not be written to ${file}.`,
      why: messageOf(cause),
      next: 'Give a path that this user may write: --report FILE (Action: input report).',
      cause,
    });
  }
}

/**
 * Whatever lies at a report's place and is no report is somebody's, and a mistaken path must not cost it. Undefined where
 * nothing is lost; else PHX-REPORT-FOREIGN.
 */
export async function foreignFile(file: string): Promise<PhoenixError | undefined> {
  const stat = await lstat(file).catch(() => undefined);
  if (stat === undefined || (stat.isFile() && (stat.size === 0 || (await isReport(file))))) return undefined;
  return new PhoenixError({
    code: 'PHX-REPORT-FOREIGN',
    class: 'input',
    what: `The report is not written to ${file}.`,
    why: stat.isFile() ? 'What lies there is no report of Phoenix.' : 'What lies there is no file.',
    next: 'Give another path (--report FILE, in the Action the input report), or move away what lies there.',
  });
}

async function isReport(file: string): Promise<boolean> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(200), 0, 200, 0);
  return /^\s*\{\s*"schema":\s*"phoenix\.report\//.test(buffer.toString('utf8', 0, bytesRead));
}

async function writeDurably(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'wx', 0o600);
  await handle.writeFile(text);
  await handle.chmod(0o644);
  await handle.sync();
}
