import { existsSync } from 'node:fs';
import { whenAborted } from '../cancellation.ts';
import { messageOf } from '../errors.ts';
import { fetchBy } from '../identity/way.ts';
import { openJournal } from '../journal/journal.ts';
import { endedEngines } from '../journal/read.ts';
import { type RunRecord, unfinished } from '../journal/record.ts';
import { enginesOf } from '../layer/engines.ts';
import { marks } from '../layer/starter.ts';
import { leaseStoreFor } from '../lease/beside.ts';
import type { Lease } from '../lease/hold.ts';
import { adoptLease } from '../lease/lease.ts';
import { thisProcess } from '../lease/who.ts';
import type { Log } from '../log.ts';
import { endMarked } from '../process/end.ts';
import { removeRunFolder } from '../rebirth/workspace.ts';
import type { LeakAudit } from '../vault/audit.ts';
import { auditProcesses } from '../vault/audit-processes.ts';
import { stillOpen } from '../vault/open.ts';
import { allowedWords, auditPlanned } from '../vault/planned.ts';
import { auditPrinted } from '../vault/printed.ts';
import type { Redactor } from '../vault/redact.ts';
import { wipe } from '../vault/wipe.ts';
import { type DrainOptions, drainRun } from './drain.ts';
import {
  type AuditHandover,
  findAudit,
  findSampled,
  findSessions,
  findStateLease,
  learnSecrets,
} from './handover.ts';
import { type SettledLayer, settleLayer } from './layer.ts';
import { settleMinted } from './minted.ts';
import { revokeSession } from './revoke.ts';

export interface SettleOptions extends Pick<DrainOptions, 'until' | 'interrupt'> {
  readonly by: 'post' | 'next run';
  readonly home: string;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly fetch: typeof globalThis.fetch;
  readonly env: NodeJS.ProcessEnv;
}

/** What a dead run left, and what became of it. */
export interface Settled {
  readonly layers: readonly SettledLayer[];
  /** Layers whose engine still runs: they stay with the machine, and the next run waits for them. */
  readonly handedOn: readonly string[];
  readonly leaks: LeakAudit | undefined;
  /** Steps of the clean-up that did not succeed, in words. */
  readonly troubles: readonly string[];
}

/** After the drain there must be time for states, locks, revocation and the vault. */
const reserveMs = 10_000;
/** A step that begins late still gets so long. */
const leastMs = 5_000;

/**
 * Cleans up after a run that cannot do so any more: waits for its engines, judges half-done layers, releases its own
 * locks, saves states that could not be saved, audits, revokes, wipes. Every step runs whatever the others did.
 */
export async function settleRun(record: RunRecord, options: SettleOptions): Promise<Settled> {
  const { by, home, log, redactor, signal, fetch } = options;
  const { vault, dir, begin } = record;
  using journal = await openJournal(home, begin.run);
  const troubles: string[] = [];
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      troubles.push(`could not ${name}: ${redactor.redact(messageOf(thrown))}`);
      return undefined;
    }
  };
  if (vault !== undefined) await learnSecrets(vault, redactor);
  const stateLease =
    vault === undefined
      ? undefined
      : await step('take over its lease beside the states', () => adoptStateLease(vault, begin.run, options));
  const engines = enginesOf({ dir, write: journal.write }, record.interrupted);
  const until = options.until - reserveMs;
  const drained = await step('wait for its engines', () => drainRun(record, engines, { ...options, until }));
  // Where waiting failed, what still runs is not known, and nothing may be ended.
  const handedOn = drained ?? unfinished(record).map(({ layer }) => layer);
  // While an engine runs, its Terragrunt waits for it: nothing of that layer is ended.
  if (handedOn.length === 0) {
    const ended = await step('end what it left', () =>
      endMarked({ name: marks.run, value: begin.run }, { graceMs: 2000 }),
    );
    if (ended !== undefined && ended.length > 0)
      log.warn(
        `ended what the run had left running: ${ended.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`,
      );
  }
  // A backend that does not answer must not eat the time of all that follows.
  const limited = AbortSignal.any([signal, timeLeft(options.until)]);
  const settleOne = (attempt: { readonly layer: string; readonly number: number }) =>
    settleLayer(attempt, {
      home,
      log,
      redactor,
      runId: begin.run,
      cancelled: by === 'post' || record.cancelled !== undefined,
      journal,
      engines,
      vault,
      signal: limited,
      stop: signal,
      withinSeconds: secondsLeft(until),
    });
  const layers = await Promise.all(
    unfinished(record).map(async ({ layer, number }): Promise<SettledLayer> => {
      const settled = handedOn.includes(layer)
        ? { name: layer, verdict: 'handed-over' as const, words: ['Its engine still runs.'] }
        : await settleOne({ layer, number });
      journal.write({ type: 'layer', layer, verdict: settled.verdict });
      log.from(layer, [settled.verdict, ...settled.words].join('; '));
      return settled;
    }),
  );
  // While an engine runs nobody else may have the castle.
  if (handedOn.length > 0) stateLease?.leave();
  else await step('give back its lease beside the states', () => giveBack(stateLease, home, begin.run));
  const plan = vault === undefined ? undefined : await findAudit(vault);
  // The box's own Infisical died with it, and with it every token.
  const left = vault === undefined ? [] : await findSessions(vault);
  const logins = left.filter(({ kind }) => begin.mode !== 'rehearsal' || kind !== 'infisical');
  // Before its logins, which that takes.
  if (vault !== undefined && begin.mode !== 'rehearsal') {
    const done = await step('revoke its client secret', () => settleMinted(vault, options));
    if (done !== undefined) log.warn(done);
  }
  await Promise.all(
    logins.map((login) =>
      step('revoke its login', async () => {
        const way = { env: options.env, caFile: login.caFile, fetch };
        await revokeSession({ fetch: fetchBy(way) }, login);
      }),
    ),
  );
  if (handedOn.length === 0)
    await step('remove its folder of programs', () => removeRunFolder(begin.workspace));
  const printed =
    vault === undefined
      ? undefined
      : await step('look through what it printed', () => auditPrinted(redactor.secrets, vault));
  const sampled = vault === undefined ? undefined : await findSampled(vault);
  if (vault !== undefined && (await step('wipe its vault', () => wipe(vault))) === 'lazy')
    log.warn(stillOpen);
  const gone = vault === undefined || !existsSync(vault);
  if (handedOn.length === 0 && gone) journal.write({ type: 'settled', by });
  // Last, from memory: a large checkout takes long to look through.
  const leaks = plan === undefined ? undefined : await step('audit for leaks', () => audit(plan, options));
  return { layers, handedOn, leaks: leaks && both(both(leaks, printed), sampled), troubles };
}

function both(files: LeakAudit, printed: LeakAudit | undefined): LeakAudit {
  if (printed === undefined) return files;
  return { checked: files.checked + printed.checked, found: [...printed.found, ...files.found] };
}

function timeLeft(until: number): AbortSignal {
  return AbortSignal.timeout(Math.max(leastMs, until - Date.now()));
}

function secondsLeft(until: number): number {
  return Math.max(5, Math.min(30, (until - Date.now()) / 1000));
}

/** Takes over the lease beside the states, so that no other machine has the castle while this one still settles. */
async function adoptStateLease(
  vault: string,
  run: string,
  { log, fetch }: Pick<SettleOptions, 'log' | 'fetch'>,
): Promise<Lease | undefined> {
  const left = await findStateLease(vault);
  if (left === undefined) return undefined;
  const store = leaseStoreFor(left.state, { castle: left.castle, env: left.env, fetch });
  return typeof store === 'string' ? undefined : adoptLease(store, run, await thisProcess(), { log });
}

async function giveBack(lease: Lease | undefined, home: string, run: string): Promise<void> {
  lease?.ended(await endedEngines(home, run));
  await lease?.release();
}

async function audit(
  plan: AuditHandover,
  { redactor, until, log }: Pick<SettleOptions, 'redactor' | 'until' | 'log'>,
): Promise<LeakAudit> {
  const work = Promise.all([
    auditPlanned(redactor.secrets, plan),
    auditProcesses(redactor.secrets, new Set(plan.inEnvironment)),
  ]);
  const late = new Promise<never>((_, reject) => {
    whenAborted(timeLeft(until), () => reject(new Error('there was no time left for all of it')));
  });
  const [files, processes] = await Promise.race([work, late]);
  const allowed = allowedWords(files.allowed);
  if (allowed !== undefined) log.warn(allowed);
  return { checked: files.checked + processes.checked, found: [...files.found, ...processes.found] };
}
