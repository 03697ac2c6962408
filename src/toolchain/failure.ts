import { PhoenixError } from '../errors.ts';
import type { Miss, ToolSource, Wanted } from './tool.ts';
import { tools } from './tools.ts';

export interface Unserved {
  readonly wanted: Wanted;
  readonly misses: readonly Miss[];
}

const titles: Readonly<Record<ToolSource, string>> = {
  cache: 'Tool cache',
  path: 'PATH',
  release: 'Release',
  mirror: 'Mirror',
  go: 'Go module',
};

/** One error for every tool that no source could serve: what each source said, and every way out that is open. */
export function unserved(failed: readonly Unserved[], asked: number): PhoenixError {
  const named = failed.map(({ wanted: { name, version } }) => `${name} ${version}`).join(', ');
  const why = (Object.keys(titles) as ToolSource[]).flatMap((source) => sourceSaid(source, failed)).join(' ');
  const wrongVersion = failed.find(({ misses }) =>
    misses.some(({ noSuchVersion }) => noSuchVersion !== undefined),
  );
  if (wrongVersion !== undefined) {
    const { name, version } = wrongVersion.wanted;
    const near = [...new Set(wrongVersion.misses.flatMap(({ noSuchVersion }) => noSuchVersion ?? []))];
    return new PhoenixError({
      code: 'PHX-TOOLCHAIN-VERSION',
      class: 'toolchain',
      what: `${name} ${version} was not found at its publisher.`,
      why,
      next:
        near.length > 0
          ? `Pin one that exists, in phoenix.yaml (toolchain): ${near.join(', ')}.`
          : `Its publisher's list of versions cannot be had from here: compare the pin in phoenix.yaml (toolchain) with https://github.com/${tools[name].repository}/releases, or use ${tools[name].pin}, which Phoenix is tested with.`,
    });
  }
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-UNAVAILABLE',
    class: 'toolchain',
    what: `${failed.length} of ${asked} tools cannot be had: ${named}.`,
    why,
    next: waysOut(failed),
  });
}

function sourceSaid(source: ToolSource, failed: readonly Unserved[]): string[] {
  const byReason = Map.groupBy(
    failed
      .flatMap(({ wanted, misses }) => misses.map((miss) => ({ wanted, miss })))
      .filter(({ miss }) => miss.source === source),
    ({ miss }) => miss.why,
  );
  return [...byReason].map(([why, whose]) => {
    const of =
      whose.length === failed.length ? '' : ` (${whose.map(({ wanted }) => wanted.name).join(', ')})`;
    return `${titles[source]}${of}: ${why}.`;
  });
}

function waysOut(failed: readonly Unserved[]): string {
  const buildable = failed.every(({ wanted }) => tools[wanted.name].go !== undefined);
  const ways = [
    'give this machine a way to the release hosts (HTTPS_PROXY is honoured)',
    'set PHOENIX_TOOL_MIRROR to a folder or URL that holds them (docs/toolchain.md)',
    ...(buildable ? ['put Go 1.21 or later on PATH, with a module proxy it can reach'] : []),
    'allow a tool on PATH in phoenix.yaml (toolchain)',
  ];
  return `Do one of these: ${ways.join('; ')}.`;
}
