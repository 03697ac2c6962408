import type { AuditHandover } from '../settle/handover.ts';
import { auditFiles, auditProcesses, type Leak, type LeakAudit } from '../vault/audit.ts';
import { leakError } from '../vault/leak-error.ts';
import { noteFailure, type Progress } from './progress.ts';
import type { Run } from './run.ts';

const sampleMs = 500;

/** Looks into the processes of the machine while the run lasts: what a layer had in its arguments is gone after it. */
export interface ProcessSampler {
  stop(): Promise<LeakAudit>;
}

export function sampleProcesses(run: Run): ProcessSampler {
  const found = new Map<string, Leak>();
  let checked = 0;
  let turn: Promise<void> = Promise.resolve();
  const asked = new Set(auditPlan(run).inEnvironment);
  const sample = async () => {
    const audit = await auditProcesses(run.redactor.secrets, asked);
    checked += audit.checked;
    for (const leak of audit.found) found.set(`${leak.secret}\0${leak.place}\0${leak.encoding}`, leak);
  };
  const timer = setInterval(() => {
    turn = turn.then(sample);
  }, sampleMs);
  return {
    async stop() {
      clearInterval(timer);
      await turn;
      await sample();
      return { checked, found: [...found.values()] };
    },
  };
}

/** Where the run's audit looks: what of it stands outside the vault. */
export function auditPlan(run: Run): AuditHandover {
  const { castle, env } = run;
  const commandFiles = ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY', 'GITHUB_PATH']
    .map((name) => env[name])
    .filter((file) => file !== undefined && file !== '') as string[];
  return {
    roots: [run.stateDir, run.home, castle.liveDir, ...run.auditRoots, ...commandFiles],
    inEnvironment: castle.secrets.list.filter(({ as }) => as === 'env').map(({ name }) => name),
  };
}

/** Audits the files, and says what a leak means. */
export async function auditRun(run: Run, processes: LeakAudit, progress: Progress): Promise<void> {
  const files = await auditFiles(run.redactor.secrets, auditPlan(run).roots, [run.vault.dir]);
  progress.leaks = {
    checked: files.checked + processes.checked,
    found: [...files.found, ...processes.found],
  };
  if (progress.leaks.found.length > 0) noteFailure(progress, 'leaks', leakError(progress.leaks.found));
}
