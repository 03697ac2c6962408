import type { Castle } from '../castle/load.ts';
import { type Report, runCommands } from '../report/schema.ts';
import type { Request } from '../request.ts';

/** What a run is, for its journal and its report: a whole rebirth has no command. */
export function kindOf(
  { command: asked, only, from }: Pick<Request, 'command' | 'only' | 'from'>,
  { box }: Pick<Castle, 'box'>,
): Pick<Report, 'mode' | 'command' | 'leg'> {
  const command = runCommands.find((name) => name === asked);
  if (command === 'layers') return { mode: 'matrix', command, leg: only.join(',') };
  if (command === 'verify') return { mode: 'matrix', command };
  const mode = box ? 'rehearsal' : 'job';
  const part = [...only, ...(from === '' ? [] : [`${from} and what stands on it`])];
  if (command === 'destroy' && part.length > 0) return { mode, command, leg: part.join(',') };
  return command === undefined ? { mode } : { mode, command };
}
