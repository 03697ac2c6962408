import type { LadderResult } from '../database/ladder.ts';
import type { RungName } from '../database/rungs.ts';

/** One look at the castle's database, up to a rung. */
export type LookAtDatabase = (upTo: RungName, signal: AbortSignal) => Promise<LadderResult>;
