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
  return writeText(file, `${JSON.stringify(checked.data, undefined, 2)}\n`, 'report');
}

/** What may be written for a run to read, by the option that names its file. */
const kinds = {
  report: { begins: /^\s*\{\s*"schema":\s*"phoenix\.report\// },
  page: { begins: /^<!doctype html>[^<]*(<[^>]*>[^<]*){0,4}<meta name="generator" content="Phoenix">/ },
} as const;

type Kind = keyof typeof kinds;

/** Puts the text at its place in one move (mode 0644; the folder is made). What goes wrong is returned. */
export async function writeText(file: string, text: string, kind: Kind): Promise<PhoenixError | undefined> {
  const foreign = await foreignFile(file, kind);
  if (foreign !== undefined) return foreign;
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeDurably(temporary, text);
    await rename(temporary, file);
    return undefined;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    return new PhoenixError({
      code: 'PHX-REPORT-WRITE',
      class: 'report',
      what: `The ${kind} could not be written to ${file}.`,
      why: messageOf(cause),
      next: `Give a path that this user may write: --${kind} FILE (Action: input ${kind}).`,
      cause,
    });
  }
}

/**
 * Whatever lies at the place of a report or a page and is none is somebody's, and a mistaken path must not cost it.
 * Undefined where nothing is lost; else PHX-REPORT-FOREIGN.
 */
export async function foreignFile(file: string, kind: Kind = 'report'): Promise<PhoenixError | undefined> {
  const stat = await lstat(file).catch(() => undefined);
  const own = async () => stat?.isFile() === true && (stat.size === 0 || (await isOwn(file, kind)));
  if (stat === undefined || (await own())) return undefined;
  return new PhoenixError({
    code: 'PHX-REPORT-FOREIGN',
    class: 'input',
    what: `The ${kind} is not written to ${file}.`,
    why: stat.isFile() ? `What lies there is no ${kind} of Phoenix.` : 'What lies there is no file.',
    next: `Give another path (--${kind} FILE, in the Action the input ${kind}), or move away what lies there.`,
  });
}

async function isOwn(file: string, kind: Kind): Promise<boolean> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(400), 0, 400, 0);
  return kinds[kind].begins.test(buffer.toString('utf8', 0, bytesRead));
}

async function writeDurably(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'wx', 0o600);
  await handle.writeFile(text);
  await handle.chmod(0o644);
  await handle.sync();
}
