import { writeFile } from 'node:fs/promises';
import { openTestBox } from '/tmp/w/wt/gitops/__tests__/support/box.ts';

const world = await openTestBox();
await world.machine();
await writeFile('/tmp/w/scratch-kubeconfig', await world.kubeconfig(), { mode: 0o600 });
console.log('ready');
await new Promise((resolve) => setTimeout(resolve, 20 * 60 * 1000));
await world[Symbol.asyncDispose]();
