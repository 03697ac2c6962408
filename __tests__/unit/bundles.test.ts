import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = join(import.meta.dirname, '../../src');

interface Graph {
  /** Relative to src. */
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

/** What `entry` imports and what that imports in turn, types aside; with `later`, also what is imported where it runs. */
function graphOf(entry: string, later: boolean): Graph {
  const [files, packages, open] = [new Set<string>(), new Set<string>(), [join(src, entry)]];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    const name = relative(src, file);
    if (files.has(name)) continue;
    files.add(name);
    for (const specifier of importsOf(file, later)) {
      if (specifier.startsWith('.')) open.push(join(dirname(file), specifier));
      else if (!specifier.startsWith('node:')) packages.add(specifier);
    }
  }
  return { files, packages };
}

function importsOf(file: string, later: boolean): string[] {
  const code = stripTypeScriptTypes(readFileSync(file, 'utf8'));
  const atOnce = /^(?:(?:import|export)\s[^'"`;]*?from|import)\s+'([^']+)'/gm;
  const whereItRuns = /\bimport\(\s*(?:\/\*.*?\*\/\s*)?'([^']+)'/g;
  return [atOnce, ...(later ? [whereItRuns] : [])].flatMap((form) =>
    [...code.matchAll(form)].map(([, specifier = '']) => specifier),
  );
}

describe('the main bundle', () => {
  const whole = graphOf('index.ts', true);

  it('holds every command', () => {
    expect([...whole.files]).toEqual(
      expect.arrayContaining(['commands/rebirth.ts', 'commands/plan.ts', 'rehearsal/host.ts', 'post.ts']),
    );
    expect([...whole.packages]).toContain('zod');
  });

  it.each([
    ['for Kubernetes', 'cluster/library.ts', '@kubernetes/client-node'],
    ['for GitHub', 'github/library.ts', '@actions/github'],
    ['for PostgreSQL', 'witness/library.ts', 'pg/lib/client.js'],
  ])('holds no client %s, which has a bundle of its own', (_, entry, name) => {
    expect([...graphOf(entry, true).packages]).toContain(name);
    expect([...whole.files]).not.toContain(entry);
    expect([...whole.packages]).not.toContain(name);
  });
});

describe('the entry', () => {
  it('loads no command and no process of the box before it knows which one is asked for', () => {
    const { files } = graphOf('index.ts', false);
    expect([...files]).toContain('errors.ts');
    const early = [...files].filter((name) => /^(commands|rebirth|rehearsal\/(?!hidden))/.test(name));
    expect(early).toEqual([]);
  });

  it('loads no command for the help', () => {
    const { files } = graphOf('cli.ts', false);
    expect([...files]).toContain('help.ts');
    const early = [...files].filter((name) => /^(rebirth|layer|gitops|doctor)\//.test(name));
    expect(early).toEqual([]);
  });
});
