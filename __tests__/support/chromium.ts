import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser of this machine; undefined where there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return programs.flatMap((program) => folders.map((folder) => join(folder, program))).find(executable);
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const messageSchema = z.object({
  id: z.number().optional(),
  sessionId: z.string().optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});

type Params = Readonly<Record<string, unknown>>;

export interface Event {
  readonly method: string;
  readonly params: Params;
}

export interface Tab extends AsyncDisposable {
  send(method: string, params?: Params): Promise<Params>;
  /** What the script in the page comes to, as JSON can carry it. */
  evaluate(script: string): Promise<unknown>;
  /** Loads `url` and waits until it is loaded. */
  open(url: string): Promise<void>;
  /** All that the browser told of this tab so far: requests, console, faults. */
  readonly events: readonly Event[];
}

export interface Browser extends AsyncDisposable {
  tab(): Promise<Tab>;
}

/** A browser of its own with an empty profile, spoken to over a pipe: no port, and nothing that outlives it. */
export async function openChromium(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'phoenix-chromium-'));
  const quiet = [
    '--no-first-run',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-dev-shm-usage',
  ];
  const child = spawn(
    program,
    ['--headless=new', '--no-sandbox', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...quiet],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const pipe = connect(child.stdio[3] as Writable, child.stdio[4] as Readable, ended);
  return {
    tab: () => openTab(pipe),
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Pipe {
  send(method: string, params: Params, sessionId?: string): Promise<Params>;
  /** Tells every event of one tab. */
  follow(sessionId: string, listener: (event: Event) => void): void;
}

function connect(into: Writable, out: Readable, ended: Promise<void>): Pipe {
  const waiting = new Map<number, { resolve(result: Params): void; reject(error: Error): void }>();
  const listeners = new Map<string, (event: Event) => void>();
  let lastId = 0;
  let rest = '';
  void ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the browser has ended'));
  });
  out.setEncoding('utf8').on('data', (piece: string) => {
    const texts = (rest + piece).split('\0');
    rest = texts.pop() ?? '';
    for (const text of texts) take(messageSchema.parse(JSON.parse(text)));
  });
  const take = ({
    id,
    sessionId,
    method,
    params = {},
    result = {},
    error,
  }: z.output<typeof messageSchema>) => {
    if (method !== undefined) listeners.get(sessionId ?? '')?.({ method, params });
    const one = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || one === undefined) return;
    waiting.delete(id);
    if (error === undefined) one.resolve(result);
    else one.reject(new Error(error.message));
  };
  return {
    follow: (sessionId, listener) => void listeners.set(sessionId, listener),
    send(method, params, sessionId) {
      lastId += 1;
      const id = lastId;
      into.write(
        `${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`,
      );
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
  };
}

async function openTab(pipe: Pipe): Promise<Tab> {
  const { targetId } = await pipe.send('Target.createTarget', { url: 'about:blank' });
  const attached = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
  const sessionId = String(attached['sessionId']);
  const events: Event[] = [];
  const loads = new Set<() => void>();
  pipe.follow(sessionId, (event) => {
    events.push(event);
    if (event.method === 'Page.loadEventFired') for (const loaded of loads) loaded();
  });
  const send = (method: string, params: Params = {}) => pipe.send(method, params, sessionId);
  for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await send(`${domain}.enable`);
  return {
    events,
    send,
    async evaluate(script) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression: script,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: unknown }).value;
    },
    async open(url) {
      const loaded = new Promise<void>((resolve) => loads.add(resolve));
      await send('Page.navigate', { url });
      await loaded;
      loads.clear();
    },
    async [Symbol.asyncDispose]() {
      await pipe.send('Target.closeTarget', { targetId });
    },
  };
}
