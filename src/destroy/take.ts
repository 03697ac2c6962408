import { eachOf } from '../bounded.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ProxmoxApi } from '../proxmox/client.ts';
import { isPassing } from '../proxmox/errors.ts';
import { deleteMachine, isTaken, type Machine, readMachine, stopMachine } from '../proxmox/machines.ts';
import { awaitTask } from '../proxmox/tasks.ts';
import { changeOf } from './machines.ts';

export interface Taken {
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  /** `absent`: somebody else took it. `kept`: it was not begun, or only stopped. */
  readonly verdict: 'deleted' | 'absent' | 'kept' | 'failed';
  /** Empty where there is nothing to say. */
  readonly why: string;
}

export interface Taking {
  readonly log: Log;
  /** Aborted when nothing new may be begun; what is under way is still waited for, as long as `api` lets itself be asked. */
  readonly stop: AbortSignal;
  readonly atOnce?: number;
  /** For one VM: all tries together, and one task. */
  readonly withinMs?: number;
  readonly taskMs?: number;
}

const usual = { atOnce: 4, withinMs: 10 * 60_000, taskMs: 5 * 60_000 };
/** How long a VM may still be what its task said that it is no longer: the stop of a highly available one is only ordered. */
const settlesMs = { stop: 60_000, delete: 5_000 };
const settlePauseMs = 1_000;
/** A task that says OK and has done nothing is not asked for ever. */
const mostInVain = 3;
const firstPauseMs = 1_000;
const longestPauseMs = 15_000;

type Step = 'stop' | 'delete';

/** Deletes VMs that were looked at, several at a time. Never throws: what became of each is told. */
export function takeMachines(
  api: ProxmoxApi,
  machines: readonly Machine[],
  taking: Taking,
): Promise<Taken[]> {
  return eachOf(machines, taking.atOnce ?? usual.atOnce, async (machine) => {
    const taken = await takeMachine(api, machine, taking).catch((thrown: unknown) =>
      outcome(machine, 'failed', told(thrown)),
    );
    taking.log.from(`VM ${machine.vmid}`, `${taken.verdict}${taken.why === '' ? '' : `: ${taken.why}`}`);
    return taken;
  });
}

/**
 * Stops and deletes one VM. Before each of the two it is read again, and nothing is done to it unless it is still the one
 * that was looked at: Proxmox has no deletion that would hold on a condition.
 */
async function takeMachine(api: ProxmoxApi, machine: Machine, taking: Taking): Promise<Taken> {
  const { stop, withinMs = usual.withinMs, taskMs = usual.taskMs } = taking;
  const deadline = api.now() + withinMs;
  const asked = new Set<Step>();
  const inVain = { stop: 0, delete: 0 };
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      const now = await readMachine(api, machine);
      if (now === undefined) return await gone(api, machine, asked.has('delete'));
      const changed = changeOf(machine, now);
      if (changed !== undefined) return outcome(machine, 'failed', `${changed}; it is left alone`);
      if (stop.aborted)
        return outcome(
          machine,
          'kept',
          `the run was stopped${asked.has('stop') ? '; its power was cut' : ''}`,
        );
      const step: Step = now.status === 'stopped' ? 'delete' : 'stop';
      if (inVain[step] >= mostInVain) return outcome(machine, 'failed', vain[step]);
      asked.add(step);
      const upid = await (step === 'stop' ? stopMachine(api, machine) : deleteMachine(api, machine));
      await awaitTask(api, upid, taskMs, `${step} of VM ${machine.vmid}`);
      if (!(await settles(api, machine, step, stop))) inVain[step] += 1;
    } catch (error) {
      if (!isPassing(error) || api.now() + pause > deadline) throw error;
      taking.log.from(
        `VM ${machine.vmid}`,
        `${error.what} ${error.why} Tried again in ${Math.round(pause / 1000)} s.`,
      );
      await api.sleep(pause * (0.5 + api.random() / 2));
    }
  }
}

const vain = {
  stop: 'it still runs, though Proxmox says OK to its stop',
  delete: 'it is still there, though Proxmox says OK to its deletion',
};

/** Whether the VM becomes what the step was to make it. */
async function settles(api: ProxmoxApi, machine: Machine, step: Step, stop: AbortSignal): Promise<boolean> {
  const deadline = api.now() + settlesMs[step];
  for (;;) {
    const now = await readMachine(api, machine);
    if (now === undefined || (step === 'stop' && now.status === 'stopped')) return true;
    if (stop.aborted || api.now() + settlePauseMs > deadline) return false;
    await api.sleep(settlePauseMs);
  }
}

/** Not on its node any more. That it is nowhere else either only the whole cluster can tell. */
async function gone(api: ProxmoxApi, machine: Machine, deleted: boolean): Promise<Taken> {
  if (await isTaken(api, machine.vmid))
    return outcome(
      machine,
      'failed',
      `it is not on ${machine.node} any more, and its id is still taken: it was moved, or another guest was made; that is left alone`,
    );
  return deleted
    ? outcome(machine, 'deleted', '')
    : outcome(machine, 'absent', 'somebody else had deleted it');
}

function outcome(machine: Machine, verdict: Taken['verdict'], why: string): Taken {
  const { vmid, name, node } = machine;
  return { vmid, name, node, verdict, why };
}

function told(thrown: unknown): string {
  return thrown instanceof PhoenixError ? `${thrown.what} ${thrown.why} (${thrown.code})` : messageOf(thrown);
}
