import { connectPods } from '../cluster/pods.ts';
import { type Former, formerLife } from '../database/former.ts';
import { runLadder } from '../database/ladder.ts';
import type { Judged, RungName } from '../database/rungs.ts';
import { type KeepsakeStore, openKeepsake } from '../keepsake/store.ts';
import { realTime } from '../lease/time.ts';
import type { LookAtDatabase } from '../verify/database.ts';
import { loadPostgres } from '../witness/load.ts';
import { secretOf } from '../witness/take.ts';
import type { Prepared } from './protocol.ts';

/**
 * What a run looks at its database with; undefined where the castle file names none. The kubeconfig must be there by the
 * first look. Each look stands in the report; one
 * that finds the former life whole is noted in the keepsake, for from then on the castle changes it.
 */
export async function prepareLadder(prepared: Prepared): Promise<LookAtDatabase | undefined> {
  const { run, secrets, progress } = prepared;
  const restored = progress.fromNothing?.reached === 'raising';
  const { castle } = run;
  const settings = castle.database;
  if (settings === undefined) return undefined;
  const keepsake = openKeepsake(prepared);
  const { encryption } = castle.state;
  const key = encryption === undefined ? undefined : secrets.value(encryption.key);
  const former: Former = formerLife(await keepsake.read(), castle.name, key);
  const remembered = new Map<RungName, Judged>();
  const { table = ['phoenix_witness'], archivedWithinSeconds = 60 } = castle.destroy?.witness ?? {};
  return async (upTo, signal) => {
    const { access } = progress;
    const result = await runLadder({
      ...{ settings, former, restored, upTo, table, archivedWithinSeconds, remembered },
      ...{ castle: castle.name, run: run.id, time: realTime },
      pods: access === undefined ? undefined : await connectPods(access.file),
      reach: {
        cluster: access?.cluster,
        secret: (name) => secretOf(prepared, name),
        redactor: run.redactor,
        library: await loadPostgres(),
        caFile: settings.caFile,
        signal,
      },
    });
    const { rungs, restore, rpoSeconds, witness } = result;
    // A look at fewer rungs says nothing of those above, which another look has seen.
    if (rungs.length >= (progress.database?.rungs.length ?? 0))
      progress.database = { rungs: rungs.map((each) => ({ ...each })), restore, rpoSeconds, witness };
    const whole = rungs.some(({ rung, is }) => rung === 'V4' && is === 'passed');
    if (whole && 'witness' in former) await noteProved(prepared, keepsake, former.witness.nonce);
    return result;
  };
}

async function noteProved({ run }: Prepared, keepsake: KeepsakeStore, nonce: string): Promise<void> {
  if ((await keepsake.read()).proved?.nonce === nonce) return;
  const proved = { nonce, run: run.id, at: new Date().toISOString() };
  await keepsake.write((kept) => ({ ...kept, proved }));
}
