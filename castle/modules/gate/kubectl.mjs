import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../manifest/refusal.mjs';

const script = fileURLToPath(new URL('../kubectl/kubectl.sh', import.meta.url));

/** Runs kubectl once, no longer than `withinMs`: its exit code (null when it was ended) and what it said. */
export function kubectl(args, { withinMs, input = '' }) {
  const seconds = Math.max(1, Math.ceil(withinMs / 1000));
  return new Promise((resolve, reject) => {
    const child = spawn('sh', [script, ...args, `--request-timeout=${seconds}s`], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: Math.max(1, withinMs),
      killSignal: 'SIGKILL',
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    // One that ended before it read its input is told by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      // No waiting mends these: kubectl.sh has no KUBECONFIG, or there is no kubectl.
      if (code === 127 || /KUBECONFIG: is not set/.test(stderr))
        reject(
          new Refusal(
            'kubectl cannot be run here.',
            stderr.trim(),
            'Apply this layer by Phoenix, which brings both.',
          ),
        );
      else resolve({ code, stdout, stderr: stderr.trim() });
    });
  });
}

/** How long the API server may think about what is only read. */
const readMs = 10_000;

/**
 * The objects that there are. Throws in the words of kubectl where it could not ask, and without any where the gate's
 * own deadline cut it short: that is nothing that was seen.
 */
export async function get(args, withinMs) {
  const { code, stdout, stderr } = await kubectl(['get', ...args, '--ignore-not-found', '--output=json'], {
    withinMs: Math.min(withinMs, readMs),
  });
  if (code !== 0)
    throw new Error(
      stderr || (withinMs < readMs ? '' : `the API server did not answer within ${readMs / 1000} s`),
    );
  if (stdout.trim() === '') return [];
  const answer = JSON.parse(stdout);
  return answer.kind.endsWith('List') ? answer.items : [answer];
}
