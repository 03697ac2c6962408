import { createInterface } from 'node:readline';

/** How a process of the box is told what to do: by the first line of its stdin, whose end is its own. */
export interface Told {
  /** undefined where stdin ended, or a signal came, before a line did. */
  readonly text: string | undefined;
  /** Resolves at the end of stdin, or at SIGTERM or SIGINT. */
  readonly closed: Promise<void>;
}

export async function toldByStdin(): Promise<Told> {
  const lines = createInterface({ input: process.stdin });
  const closed = new Promise<void>((resolve) => {
    lines.once('close', resolve);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  const first = new Promise<string>((resolve) => {
    lines.once('line', resolve);
  });
  return { text: (await Promise.race([first, closed])) ?? undefined, closed };
}
