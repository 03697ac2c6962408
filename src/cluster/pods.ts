import { Writable } from 'node:stream';
import type { Exec, V1Status } from '@kubernetes/client-node';
import { messageOf } from '../errors.ts';
import { loadClient } from './load.ts';

export interface PodCommand {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

export interface PodAnswer {
  /** The program's exit code. */
  readonly code: number;
  /** At most 4 MiB of each, the beginning. */
  readonly stdout: string;
  readonly stderr: string;
}

/** What is done in pods, past the API objects. */
export interface Pods {
  /** Runs a program in a container. Rejects where it could not be run, or did not end in time. */
  exec(command: PodCommand): Promise<PodAnswer>;
  /** The last lines that a container wrote; of the one that ran before it, where `previous`. */
  tail(
    where: Pick<PodCommand, 'namespace' | 'pod' | 'container'>,
    lines: number,
    previous: boolean,
  ): Promise<readonly string[]>;
}

const keptBytes = 4 * 1024 * 1024;

/** Talks to the pods of the cluster that `kubeconfig` (a file) names. Connects to nothing yet. */
export async function connectPods(kubeconfig: string): Promise<Pods> {
  const { Exec, KubeConfig, PodLogApi } = await loadClient();
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const logs = config.makeApiClient(PodLogApi);
  return {
    exec: (command) => run(new Exec(config), command),
    async tail({ namespace, pod, container }, lines, previous) {
      const text = await logs.readLog(namespace, pod, { container, tailLines: lines, previous });
      return text.split('\n').filter((line) => line.trim() !== '');
    },
  };
}

type Connection = Awaited<ReturnType<Exec['exec']>>;

async function run(
  exec: Exec,
  { namespace, pod, container, command, withinMs, signal }: PodCommand,
): Promise<PodAnswer> {
  const [stdout, stderr] = [collected(), collected()];
  const ended = Promise.withResolvers<number>();
  ended.promise.catch(() => {});
  const late = AbortSignal.timeout(withinMs);
  const stop = AbortSignal.any([signal, late]);
  const give = () =>
    ended.reject(
      signal.aborted
        ? signal.reason
        : new Error(`${command[0]} in ${namespace}/${pod} did not end within ${withinMs / 1000} s`),
    );
  stop.addEventListener('abort', give, { once: true });
  const answered = (status: V1Status) => {
    try {
      ended.resolve(exitOf(status));
    } catch (error) {
      ended.reject(error);
    }
  };
  let connection: Connection | undefined;
  try {
    const connecting = exec.exec(
      namespace,
      pod,
      container,
      [...command],
      stdout.stream,
      stderr.stream,
      null,
      false,
      answered,
    );
    // A connection that comes too late belongs to nobody.
    connecting.then((opened) => stop.aborted && opened.close()).catch(() => {});
    connection = await Promise.race([connecting, ended.promise.then(() => undefined)]);
    // Without a status the program's end is not known: a kubelet that went away is no success.
    connection?.addEventListener('close', () =>
      ended.reject(new Error('the connection was closed before the program ended')),
    );
    const code = await ended.promise;
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`${namespace}/${pod}, container ${container}: ${wordsOf(error)}`, { cause: error });
  } finally {
    stop.removeEventListener('abort', give);
    connection?.close();
  }
}

/** The exit code in the API's last word; throws where the program was not run at all. */
function exitOf({ status, message, details }: V1Status): number {
  if (status === 'Success') return 0;
  const code = Number(details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message);
  if (Number.isInteger(code)) return code;
  throw new Error(message ?? 'the program could not be run');
}

/** The library hands on events of a socket, whose message is the HTTP answer's. */
function wordsOf(error: unknown): string {
  if (error instanceof Error) return messageOf(error);
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return messageOf(error);
}

function collected(): { readonly stream: Writable; text(): string } {
  const parts: Buffer[] = [];
  let kept = 0;
  const stream = new Writable({
    write(part: Buffer, _, done) {
      const rest = Buffer.from(part.subarray(0, Math.max(0, keptBytes - kept)));
      kept += rest.length;
      parts.push(rest);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(parts).toString('utf8') };
}
