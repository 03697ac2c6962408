import { machine, median } from './figures.ts';
import { plantLog, plantSecrets, redactWays } from './redact-ways.ts';

/**
 * Measures ways of taking 100 secrets out of a log, line by line, on one core. The ways take turns in each round, so that
 * a noisy minute hits all alike. Run: `node bench/redact.ts`.
 */
const megabytes = 8;
const rounds = 5;
const slowMegabytes = 1;

const secrets = plantSecrets(100, 1);
process.stdout.write(`100 secrets of 40 characters, ${rounds} rounds, on ${machine()}\n\n`);
process.stdout.write(
  '| Way | MB/s, no secret in it | MB/s, in every 20th line | What it is |\n|---|---|---|---|\n',
);
const ways = redactWays.map((way) => ({
  ...way,
  redact: way.prepare(secrets),
  rates: new Map<number, number[]>(),
}));
for (let round = 0; round < rounds; round += 1) {
  for (const hitEvery of [0, 20]) {
    for (const { name, redact, rates } of ways) {
      // The others take a second for a megabyte; all see the same lines, only fewer of them.
      const size = (name === 'phoenix' ? megabytes : slowMegabytes) * 1e6;
      const lines = plantLog(size, secrets, hitEvery);
      const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
      const started = performance.now();
      for (const line of lines) redact(line);
      const rate = bytes / 1000 / (performance.now() - started);
      rates.set(hitEvery, [...(rates.get(hitEvery) ?? []), rate]);
    }
  }
}
for (const { name, says, rates } of ways) {
  const [clean, hits] = [0, 20].map((hitEvery) => median(rates.get(hitEvery) ?? []).toFixed(1));
  process.stdout.write(`| ${name} | ${clean} | ${hits} | ${says} |\n`);
}
