import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineContext } from '../locks/ask-engine.ts';
import type { LayerJob } from './job.ts';
import { markedEnvironment } from './starter.ts';

/** No attempt has this number, so no stop file holds back what is asked beside the attempts. */
const besideAttempts = 0;

/**
 * How the layer's engine is asked something beside its attempts. It goes on record as the attempts do, so that a lock
 * which a killed Phoenix leaves with it can be proved ours.
 */
export function engineContext(
  job: LayerJob,
  engineDir: string | undefined,
  signal: AbortSignal,
): EngineContext {
  const { run, name, dir, terragrunt, starter, varFiles } = job;
  const marked = { run: run.id, runDir: run.journal.dir, layer: name, number: besideAttempts };
  const initialised = engineDir !== undefined && existsSync(join(engineDir, '.terraform'));
  return {
    terragrunt,
    // The folder of programs may be gone with a cleaned checkout.
    engine: existsSync(starter.engine) ? starter.engine : job.engine,
    unit: dir,
    ...(initialised ? { engineDir } : {}),
    env: { ...job.env, ...markedEnvironment(marked) },
    varFiles,
    signal,
  };
}
