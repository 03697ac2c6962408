/** The hidden commands alone, without the rest of Phoenix: what a test of the box hands over as `self`. */
import { hiddenCommands } from '../../src/rehearsal/hidden.ts';

const [command = '', ...args] = process.argv.slice(2);
await hiddenCommands.get(command)?.(args);
