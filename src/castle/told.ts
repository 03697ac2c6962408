import type { Log } from '../log.ts';
import { shownPath } from '../paths.ts';
import type { Castle } from './load.ts';

/** The first that is said of a castle: which it is, and by which file, before anything that takes its time. */
export function tellCastle({ name, file }: Pick<Castle, 'name' | 'file'>, log: Log): void {
  log.info(`castle ${name}: ${shownPath(file)}`);
}
