import { messageOf } from '../errors.ts';
import { toldByStdin } from './first-line.ts';
import type { StandInLine } from './host-protocol.ts';
import { standInConfig, startStandIn } from './stand-ins/registry.ts';

/**
 * The hidden command `stand-in NAME`: reads its configuration (a StandInConfig) from the first line of stdin, prints its
 * addresses when it listens, logs each request (never its content) to stderr, and ends at the end of stdin. NAME only
 * tells the processes apart for whoever lists them. Returns the exit code.
 */
export async function runStandIn(name: string): Promise<number> {
  const { text, closed } = await toldByStdin();
  if (text === undefined) return 0;
  try {
    await using standIn = await startStandIn(standInConfig.parse(JSON.parse(text)), {
      onRequest: (record) => process.stderr.write(`${JSON.stringify(record)}\n`),
    });
    const said: StandInLine = { url: standIn.url, main: standIn.main };
    process.stdout.write(`${JSON.stringify(said)}\n`);
    await closed;
    return 0;
  } catch (error) {
    process.stderr.write(`stand-in ${name}: ${messageOf(error)}\n`);
    return 1;
  }
}
