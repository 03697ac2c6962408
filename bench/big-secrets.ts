import { randomBytes } from 'node:crypto';
import { createFinder } from '../src/vault/audit-finder.ts';
import { createRedactor } from '../src/vault/redact.ts';
import { machine } from './figures.ts';

/** Measures what a secret of a megabyte costs once: learning it, the first search for it, the audit's. Run: `node bench/big-secrets.ts`. */
const random = randomBytes(750_000).toString('base64');
const secrets = {
  'one line': random,
  'lines of 76': random.replaceAll(/.{76}/g, '$&\n'),
  JSON: JSON.stringify(
    Array.from({ length: 10_000 }, (_, id) => ({
      id,
      key: randomBytes(30).toString('base64'),
      name: '"x" & y',
    })),
    undefined,
    1,
  ),
  accented: Array.from({ length: 90_000 }, (_, index) => `größe ${index}`).join(' '),
};

function milliseconds(work: () => void): string {
  const started = performance.now();
  work();
  return (performance.now() - started).toFixed(0);
}

process.stdout.write(
  `on ${machine()}\n\n| Secret | Learnt, ms | First line, ms | Audit's search, ms |\n|---|---|---|---|\n`,
);
for (const [name, secret] of Object.entries(secrets)) {
  const redactor = createRedactor();
  const figures = [
    () => redactor.add('BIG', secret),
    () => redactor.redact('a line that holds no secret'),
    () => createFinder(new Map([['BIG', secret]])),
  ].map(milliseconds);
  process.stdout.write(`| ${name} | ${figures.join(' | ')} |\n`);
}
