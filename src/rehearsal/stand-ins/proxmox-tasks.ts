import { ProxmoxRefusal } from './proxmox-refusal.ts';

/** What a task does when its time is over; what it throws, as text, is the exit status. */
type Work = () => void;

interface Task {
  readonly upid: string;
  readonly type: string;
  readonly id: string;
  readonly endsAt: number;
  readonly work: Work;
  exit?: string;
}

export interface TaskRecord {
  readonly upid: string;
  readonly type: string;
  readonly id: string;
  /** Undefined while it runs. */
  readonly exit: string | undefined;
}

export interface Tasks {
  readonly records: readonly TaskRecord[];
  /** Begins a task and gives its UPID. */
  start(type: string, id: string, work: Work): string;
  /** Ends what is due. Called before each request: there is no timer, so nothing happens that nobody sees. */
  settle(): void;
  /** Those that are over, the last first, of a type and a VM where these are given. */
  ended(type?: string, id?: string): readonly Readonly<Record<string, unknown>>[];
  status(upid: string): Readonly<Record<string, unknown>>;
  log(upid: string): readonly { readonly n: number; readonly t: string }[];
}

/** Tasks as Proxmox has them: `UPID:NODE:PID:PSTART:START:TYPE:ID:USER:`, numbers in hexadecimal. */
export function createTasks(options: {
  readonly node: string;
  readonly user: string;
  readonly now: () => number;
  readonly durationMs: () => number;
}): Tasks {
  const { node, user, now } = options;
  const tasks: Task[] = [];
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
  const find = (upid: string): Task => {
    const task = tasks.find((other) => other.upid === upid);
    if (task === undefined)
      throw new ProxmoxRefusal(400, 'Parameter verification failed.', { upid: 'no such task' });
    return task;
  };
  return {
    get records() {
      return tasks.map(({ upid, type, id, exit }) => ({ upid, type, id, exit }));
    },
    start(type, id, work) {
      const pid = 4000 + tasks.length;
      const upid = `UPID:${node}:${hex(pid)}:${hex(pid * 16)}:${hex(Math.floor(now() / 1000))}:${type}:${id}:${user}:`;
      tasks.push({ upid, type, id, endsAt: now() + options.durationMs(), work });
      return upid;
    },
    settle() {
      for (const task of tasks) {
        if (task.exit !== undefined || task.endsAt > now()) continue;
        try {
          task.work();
          task.exit = 'OK';
        } catch (error) {
          task.exit = error instanceof Error ? error.message : String(error);
        }
      }
    },
    ended(type, id) {
      return tasks
        .filter((task) => task.exit !== undefined)
        .filter((task) => (type ?? task.type) === task.type && (id ?? task.id) === task.id)
        .map((task) => ({ upid: task.upid, node, user, type: task.type, id: task.id, status: task.exit }))
        .reverse();
    },
    status(upid) {
      const { type, id, exit } = find(upid);
      const ended = exit === undefined ? { status: 'running' } : { status: 'stopped', exitstatus: exit };
      return { upid, node, user, type, id, pid: 4000, pstart: 1, starttime: 1, ...ended };
    },
    log(upid) {
      const { exit } = find(upid);
      if (exit === undefined) return [];
      return [{ n: 1, t: exit === 'OK' ? 'TASK OK' : `TASK ERROR: ${exit}` }];
    },
  };
}
