import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportSchema } from '../../src/report/schema.ts';
import { machine } from '../figures.ts';
import { timed } from '../timed.ts';
import { type Comparison, compare, type Rebirth, rebirthOf } from './figures.ts';
import { orders, plot } from './plot.ts';

/**
 * Drills the castle with a real node in both orders, `rounds` times each, in turn and with another one first each time: it
 * is raised, destroyed and raised again, with its database restored from the bucket. As root, on Linux.
 * @throws Error where a drill is not good; the rounds before it were told
 */
export async function measureFastTrack(of: {
  readonly rounds: number;
  /** Rows of the database; undefined for as many as the castle has. */
  readonly databaseRows: number | undefined;
  /** Phoenix' bundle. */
  readonly phoenix: string;
  readonly say: (text: string) => void;
}): Promise<Comparison> {
  const where = machine();
  const folder = await mkdtemp(join(tmpdir(), 'phoenix-bench-'));
  const rebirths: Rebirth[] = [];
  try {
    for (let round = 1; round <= of.rounds; round += 1) {
      for (const order of round % 2 === 1 ? orders : orders.toReversed()) {
        const { castle, state } = await plot(order, join(folder, 'castle'));
        const file = join(folder, 'report.json');
        await rm(file, { force: true });
        const load = loadavg()[0] ?? 0;
        const options = ['--castle', castle, '--node', 'real', '--report', file, '--no-color'];
        await timed(
          {
            file: process.execPath,
            args: [of.phoenix, 'drill', ...options],
            cwd: folder,
            env: {
              ...inherited(),
              PHOENIX_STATE: state,
              ...(of.databaseRows === undefined
                ? {}
                : { PHOENIX_BOX_DATABASE_ROWS: String(of.databaseRows) }),
            },
          },
          join(folder, 'drill.log'),
        );
        const report = reportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
        const rebirth = rebirthOf({ order, round, load }, report);
        rebirths.push(rebirth);
        of.say(
          `round ${round} of ${of.rounds}: ${order}: blog ${rebirth.blog.toFixed(1)} s, ` +
            `restore ${rebirth.restoreBegan.toFixed(1)}–${rebirth.restoreEnded.toFixed(1)} s, stack ${rebirth.stack.toFixed(1)} s`,
        );
      }
    }
    return compare(where, of.databaseRows ?? null, rebirths);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
