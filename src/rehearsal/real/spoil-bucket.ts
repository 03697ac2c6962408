import type { Dirent } from 'node:fs';
import { open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { planFaults } from '../stand-ins/faults.ts';
import type { Program } from '../supervisor.ts';

/** The S3 server of a box, and the folder that its bucket is. */
export interface BoxBucket {
  readonly program: Program;
  readonly folder: string;
}

/** Files of a backup that say what is in it: what is damaged is the data, as a disk does it. */
const tables = /\/(?:backup\.info|backup\.manifest)(?:\.copy)?$/;
const smallest = 1024;

/** Does to the bucket what the faults `s3:…` say, between the end of one machine and the beginning of the next. */
export async function spoilBucket(faults: readonly string[], { program, folder }: BoxBucket): Promise<void> {
  const plan = planFaults('s3', faults);
  if (plan.strikes('corrupted')) await corruptBackups(folder);
  if (plan.strikes('wrong-stanza')) await renameStanzas(folder);
  if (plan.strikes('unreachable')) await program.end();
}

async function corruptBackups(folder: string): Promise<void> {
  for (const file of await filesBelow(folder, /\/backup\/[^/]+\/[^/]+\//)) {
    const { size } = await stat(file);
    if (size < smallest || tables.test(file)) continue;
    await using handle = await open(file, 'r+');
    await handle.write(Buffer.alloc(64, 0x5a), 0, 64, Math.floor(size / 2));
  }
}

/** Every stanza gets another name, in its backups and in its WAL. */
async function renameStanzas(folder: string): Promise<void> {
  for (const info of await filesBelow(folder, /\/(?:backup|archive)\/[^/]+\/(?:backup|archive)\.info$/)) {
    const stanza = join(info, '..');
    await rename(stanza, `${stanza}-of-another`);
  }
}

async function filesBelow(folder: string, like: RegExp): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const path = (entry: Dirent) => join(entry.parentPath, entry.name);
  return entries.filter((entry) => entry.isFile() && like.test(path(entry))).map(path);
}
