import { readdir, readFile } from 'node:fs/promises';
import { readMemoryFile } from '../process/memory-file.ts';
import type { LeakAudit } from './audit.ts';
import { createFinder, type Finder, type Leak } from './audit-finder.ts';
import { isMade } from './made.ts';

/** After so many looks at a process with the same arguments its environment is not read again. */
const looks = 3;

export interface ProcessAudit extends LeakAudit {
  /** What a layer made and Terragrunt handed on: it gives a dependency's outputs to the engine as `TF_VAR_…` (1.1.1). */
  readonly handedOn: readonly Leak[];
}

/** Looks at every process once; call it again and again while a run lasts. */
export type ProcessAuditor = () => Promise<ProcessAudit>;

/**
 * Searches the arguments and the environment of every process this user may read (Linux; elsewhere: checked 0).
 * `inEnvironment` names the secrets that the castle file asks to be put there. Made for many looks a second: the search
 * is built anew only when a secret was learnt, and a process that stays the same is soon left alone.
 */
export function processAuditor(
  secrets: ReadonlyMap<string, string>,
  inEnvironment: ReadonlySet<string>,
): ProcessAuditor {
  let finder: Finder | undefined;
  let known = -1;
  const seen = new Map<string, { readonly command: string; readonly times: number }>();
  return async () => {
    if (finder === undefined || known !== secrets.size) {
      finder = createFinder(secrets);
      known = secrets.size;
      seen.clear();
    }
    // By value: two secrets may be alike, and what is asked for under one name is not a leak under the other.
    const asked = new Set([...inEnvironment].map((name) => secrets.get(name)));
    const hits = new Map<string, Leak>();
    const handedOn = new Map<string, Leak>();
    let checked = 0;
    const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
    for (const pid of pids) {
      const command = await readMemoryFile(`/proc/${pid}/cmdline`);
      if (command === undefined) continue;
      const text = command.toString('latin1');
      const before = seen.get(pid);
      const times = before?.command === text ? before.times + 1 : 1;
      seen.set(pid, { command: text, times });
      if (times > looks) continue;
      const environ = await readMemoryFile(`/proc/${pid}/environ`);
      // Of another user, or gone: only its arguments were seen, which is not all of it.
      if (environ !== undefined) checked += 1;
      const name = command.toString('utf8').split('\0')[0]?.split('/').at(-1) ?? '';
      for (const form of finder.find(command, command.length))
        add(hits, { ...form, place: `/proc/${pid}/cmdline (${name})` });
      if (environ === undefined) continue;
      for (const form of finder.find(environ, environ.length)) {
        if (asked.has(secrets.get(form.secret))) continue;
        const leak = { ...form, place: `/proc/${pid}/environ (${name})` };
        const handed = isMade(form.secret) && onlyInVariables(finder, form.secret, environ);
        if (!handed && (await isPod(pid))) continue;
        add(handed ? handedOn : hits, leak);
      }
    }
    const gone = new Set(pids);
    for (const pid of seen.keys()) if (!gone.has(pid)) seen.delete(pid);
    return { checked, found: [...hits.values()], handedOn: [...handedOn.values()] };
  };
}

/**
 * Whether it is in a pod of the box's own node: the castle itself, on a machine that only stands for another. A pod is given
 * what its manifest asks for, in its environment too.
 */
async function isPod(pid: string): Promise<boolean> {
  const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return podCgroup.test(cgroups);
}

const podCgroup = /:\/phoenix-[0-9a-f]{8}\/kubepods\//;

/** Whether an environment holds the secret in the engine's input variables and nowhere else. */
function onlyInVariables(finder: Finder, secret: string, environ: Buffer): boolean {
  const others = environ
    .toString('latin1')
    .split('\0')
    .filter((entry) => !entry.startsWith('TF_VAR_'))
    .join('\0');
  const rest = Buffer.from(others, 'latin1');
  return ![...finder.find(rest, rest.length)].some((form) => form.secret === secret);
}

function add(hits: Map<string, Leak>, leak: Leak): void {
  hits.set(`${leak.secret}\0${leak.place}\0${leak.encoding}`, leak);
}

/** One look. */
export function auditProcesses(
  secrets: ReadonlyMap<string, string>,
  inEnvironment: ReadonlySet<string>,
): Promise<ProcessAudit> {
  return processAuditor(secrets, inEnvironment)();
}
