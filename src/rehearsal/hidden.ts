/**
 * The processes that the box is made of: Phoenix starts itself again with one of these names. They are nobody's to
 * type, so help leaves them out. Each is loaded only where it runs: the host lives beside the run for all of its time
 * and should stay small.
 */
export const hiddenCommands: ReadonlyMap<string, (args: readonly string[]) => Promise<void>> = new Map([
  [
    'box-host',
    async () => {
      const { runBoxHost } = await import(/* webpackMode: "eager" */ './host.ts');
      process.exit(await runBoxHost());
    },
  ],
  [
    'box-open',
    async (args: readonly string[]) => {
      const { runBoxOpen } = await import(/* webpackMode: "eager" */ './box-open.ts');
      await runBoxOpen(args);
      process.exit(0);
    },
  ],
  [
    'box-door',
    async () => {
      const { runBoxDoor } = await import(/* webpackMode: "eager" */ './real/door.ts');
      process.exit(await runBoxDoor());
    },
  ],
  [
    'stand-in',
    async ([name = '']: readonly string[]) => {
      const { runStandIn } = await import(/* webpackMode: "eager" */ './stand-in-process.ts');
      process.exit(await runStandIn(name));
    },
  ],
]);
