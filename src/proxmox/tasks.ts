import { PhoenixError } from '../errors.ts';
import { taskAnswer, tasksAnswer } from './answers.ts';
import type { ProxmoxApi } from './client.ts';
import { isLock, shown } from './errors.ts';

const firstPauseMs = 200;
const longestPauseMs = 2_000;
/** A warning is an end: `WARNINGS: 1`. */
const endedWell = /^(?:OK$|WARNINGS\b)/;

/**
 * Waits for the end of a task, for `withinMs` at most. Throws PHX-PROXMOX-TASK where it fails or does not end,
 * PHX-PROXMOX-LOCK where it failed for want of a lock.
 */
export async function awaitTask(
  api: ProxmoxApi,
  upid: string,
  withinMs: number,
  what: string,
): Promise<void> {
  const node = upid.split(':')[1] ?? '';
  const route = `/nodes/${encodeURIComponent(node)}/tasks/${encodeURIComponent(upid)}/status`;
  const deadline = api.now() + withinMs;
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.5, longestPauseMs)) {
    const { status, exitstatus = '' } = await api.read(
      { route, to: `tell how the task ${what} goes` },
      taskAnswer,
    );
    if (status === 'stopped' && endedWell.test(exitstatus)) return;
    if (status === 'stopped') throw failed(what, exitstatus, upid);
    if (api.now() + pause > deadline)
      throw new PhoenixError({
        code: 'PHX-PROXMOX-TASK',
        class: 'cluster',
        what: `The task ${what} did not end.`,
        why: `It still ran after ${Math.round(withinMs / 1000)} s, as ${upid}.`,
        next: 'See its log in Proxmox (Tasks), end it there if it hangs, and run again.',
      });
    await api.sleep(pause);
  }
}

/** Whether the log of a node's tasks, as far as the token may read it, tells that a VM of this id was deleted there. */
export async function wasDeleted(api: ProxmoxApi, node: string, vmid: number): Promise<boolean> {
  const tasks = await api.read(
    {
      route: `/nodes/${encodeURIComponent(node)}/tasks`,
      to: `list the tasks of VM ${vmid}`,
      parameters: { vmid, typefilter: 'qmdestroy', limit: 50 },
    },
    tasksAnswer,
  );
  return tasks.some(
    ({ type, id, status }) => type === 'qmdestroy' && id === String(vmid) && endedWell.test(status),
  );
}

function failed(what: string, exit: string, upid: string): PhoenixError {
  return new PhoenixError({
    code: isLock(exit) ? 'PHX-PROXMOX-LOCK' : 'PHX-PROXMOX-TASK',
    class: 'cluster',
    what: `The task ${what} failed.`,
    why: exit === '' ? 'Proxmox does not say how it ended.' : `It ended with: ${shown(exit)}`,
    next: `Read its log in Proxmox (Tasks, ${upid}), act on it, and run again.`,
  });
}
