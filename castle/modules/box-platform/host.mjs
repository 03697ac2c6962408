// Asks the host of the box for a machine (`create`) or for its end (`delete`), and prints what it says meanwhile.
// Runs inside a layer with nothing but node: no dependency, no build.
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { createInterface } from 'node:readline';

const deadlineMs = 120_000;
const { BOX_SOCKET: socketPath = '', MACHINE_ID: id = '', MACHINE_PORT: port = '0' } = process.env;

function fail(lines) {
  console.error(lines.join('\n'));
  process.exit(1);
}

function ask(method, body) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path: '/machine' }, resolve);
    asked.setTimeout(deadlineMs, () => asked.destroy(new Error(`no answer within ${deadlineMs / 1000} s`)));
    asked.on('error', reject);
    asked.end(body);
  });
}

async function create() {
  const answer = await ask('POST', JSON.stringify({ id, port: Number(port) }));
  let machine;
  for await (const line of createInterface({ input: answer })) {
    const said = JSON.parse(line);
    if (said.progress !== undefined) console.log(said.progress);
    if (said.error !== undefined) {
      const { code, what, why, next } = said.error;
      fail([`${code}: ${what}`, `  why:  ${why}`, `  next: ${next}`]);
    }
    machine = said.machine ?? machine;
  }
  if (machine === undefined) throw new Error('it ended in the middle of its answer');
  console.log(`the API server is ready on ${machine.server}`);
}

async function remove() {
  // A box that ended took its machine with it.
  if (!existsSync(socketPath)) return console.log('the box is gone, and its machine with it');
  const answer = await ask('DELETE');
  answer.resume();
  if (answer.statusCode !== 204) throw new Error(`it answered ${answer.statusCode}`);
  console.log('the machine is gone');
}

try {
  await (process.argv[2] === 'create' ? create() : remove());
} catch (error) {
  fail([
    'PHX-BOX-HOST: the host of the box could not be asked for a machine.',
    `  why:  ${error.message}`,
    '  next: this layer is applied by `phoenix rehearse`, which starts the host; run that.',
  ]);
}
