import { PhoenixError } from '../../errors.ts';

interface Trouble {
  readonly what: string;
  readonly why: string;
  readonly next: string;
  readonly cause?: unknown;
  readonly tail?: readonly string[];
}

/** An image of the real node could not be made. */
export function imageFailure(trouble: Trouble): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-IMAGE',
    class: 'toolchain',
    ...trouble,
  });
}

/** The last lines that a program said, fit for one sentence. */
export function lastWords({ stderr, stdout, trouble }: Said): string {
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return [trouble, lines.slice(-4).join(' | ').slice(-600)].filter(Boolean).join(': ') || 'it said nothing';
}

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly trouble: string | undefined;
}
