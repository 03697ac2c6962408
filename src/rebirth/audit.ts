import type { PhoenixError } from '../errors.ts';
import type { AuditHandover } from '../settle/handover.ts';
import type { Leak } from '../vault/audit.ts';
import { type ProcessAudit, processAuditor } from '../vault/audit-processes.ts';
import { leakError } from '../vault/leak-error.ts';
import { allowedWords, auditPlanned, handedOnWords } from '../vault/planned.ts';
import { auditPrinted } from '../vault/printed.ts';
import { commandFilesOf, sharedRoots } from '../vault/recent.ts';
import type { Progress } from './progress.ts';
import type { Run } from './run.ts';

const sampleMs = 100;

/** Looks into the processes of the machine while the run lasts: what a layer had in its arguments is gone after it. */
export interface ProcessSampler {
  stop(): Promise<ProcessAudit>;
}

export function sampleProcesses(run: Run): ProcessSampler {
  const found = new Map<string, Leak>();
  const handedOn = new Map<string, Leak>();
  let checked = 0;
  let turn: Promise<void> | undefined;
  const look = processAuditor(run.redactor.secrets, new Set(auditPlan(run).inEnvironment));
  const sample = async () => {
    const audit = await look();
    checked += audit.checked;
    for (const leak of audit.found) found.set(`${leak.secret}\0${leak.place}\0${leak.encoding}`, leak);
    for (const leak of audit.handedOn) handedOn.set(`${leak.secret}\0${leak.place}`, leak);
  };
  const timer = setInterval(() => {
    // Where one look takes longer than the pause, the next waits for its turn: they must not pile up.
    turn ??= sample().finally(() => {
      turn = undefined;
    });
  }, sampleMs);
  return {
    async stop() {
      clearInterval(timer);
      await turn;
      await sample();
      return { checked, found: [...found.values()], handedOn: [...handedOn.values()] };
    },
  };
}

/** Where the run's audit looks: what of it stands outside the vault. */
export function auditPlan(run: Run): AuditHandover {
  const { castle, env, ledger } = run;
  const { source } = castle.secrets;
  return {
    roots: [run.stateDir, run.home, castle.liveDir, ...run.auditRoots, ...commandFilesOf(env)],
    shared: { roots: sharedRoots(env), since: ledger.startedAt.getTime() },
    except: [run.vault.dir, ...(source?.kind === 'files' ? [source.dir] : [])],
    inEnvironment: castle.secrets.list.filter(({ as }) => as === 'env').map(({ name }) => name),
    stateInClear: castle.state.plaintext === 'allowed',
  };
}

/** Audits what was printed and the files, and says what a leak means. */
export async function auditRun(run: Run, processes: ProcessAudit, progress: Progress): Promise<void> {
  const { secrets } = run.redactor;
  const printed = await auditPrinted(secrets, run.vault.dir);
  const files = await auditPlanned(secrets, auditPlan(run));
  const audits = [processes, printed, files];
  const allowed = allowedWords(files.allowed);
  if (allowed !== undefined) run.log.warn(allowed);
  const handedOn = handedOnWords(processes.handedOn);
  if (handedOn !== undefined) run.log.warn(handedOn);
  const unsearched = audits.reduce((sum, { unsearched: some = 0 }) => sum + some, 0);
  if (unsearched > 0)
    run.log.warn(
      `leak audit: ${unsearched} files could not be read or unpacked, and were not searched whole`,
    );
  progress.leaks = {
    checked: audits.reduce((sum, { checked }) => sum + checked, 0),
    found: audits.flatMap(({ found }) => found),
  };
  if (progress.leaks.found.length > 0) noteLeaks(progress, leakError(progress.leaks.found));
}

/** A leak decides over a cancellation: that a run was stopped is no reason to let what it leaked pass. */
function noteLeaks({ failures }: Progress, error: PhoenixError): void {
  const leaks = { name: 'leaks', error };
  if (failures[0]?.error.class === 'cancelled') failures.unshift(leaks);
  else failures.push(leaks);
}
