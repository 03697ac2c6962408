/**
 * Keeps @actions/tool-cache from printing `::debug::` lines: the runner hides them unless asked, a terminal and
 * whoever reads `--json` would not. Every other write passes untouched. Nothing is done under GitHub Actions.
 */
export function hideDebugCommands(env: NodeJS.ProcessEnv): Disposable {
  if (env['GITHUB_ACTIONS'] === 'true') return { [Symbol.dispose]() {} };
  const { stdout } = process;
  const write = stdout.write;
  const filtered: typeof stdout.write = (...args: unknown[]) => {
    if (typeof args[0] === 'string' && args[0].startsWith('::debug::')) return true;
    return Reflect.apply(write, stdout, args);
  };
  stdout.write = filtered;
  return {
    [Symbol.dispose]() {
      // Somebody who wrapped it meanwhile keeps their wrapper.
      if (stdout.write === filtered) stdout.write = write;
    },
  };
}
