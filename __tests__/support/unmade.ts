import { expect } from 'vitest';
import type { Report } from '../../src/report/schema.ts';

/** A resource that is made at once and runs `command` in the shell when it is destroyed. */
export function unmaking(command: string, name = 'made'): string {
  return [
    `resource "terraform_data" "${name}" {`,
    '  provisioner "local-exec" {',
    '    when    = destroy',
    `    command = ${JSON.stringify(command)}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Every layer that was begun was begun after all that stands on it had ended; `above` gives those by layer. */
export function expectReversed(
  report: Report | undefined,
  above: Readonly<Record<string, readonly string[]>>,
): void {
  const ran = new Map(report?.layers.map((layer) => [layer.name, layer]));
  for (const [name, others] of Object.entries(above)) {
    const started = Date.parse(ran.get(name)?.started ?? '');
    for (const other of others) {
      const ended = Date.parse(ran.get(other)?.ended ?? '');
      expect({ name, other, before: ended <= started }).toEqual({ name, other, before: true });
    }
  }
}
