import { median } from './figures.ts';
import { plantLog, plantSecrets, redactWays } from './redact-ways.ts';
import { markdownTable, type Section } from './section.ts';

const megabytes = 8;
const slowMegabytes = 1;

/**
 * Measures ways of taking 100 secrets out of a log, line by line, on one core. The ways take turns in each round, so that
 * a noisy minute hits all alike.
 */
export function measureRedaction(rounds: number): Section {
  const secrets = plantSecrets(100, 1);
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
  const rows = ways.map(({ name, says, rates }) => {
    const spread = (hitEvery: number) => {
      const seen = rates.get(hitEvery) ?? [];
      return `${median(seen).toFixed(1)} (${Math.min(...seen).toFixed(1)}–${Math.max(...seen).toFixed(1)})`;
    };
    return { name, says, clean: spread(0), hits: spread(20) };
  });
  return {
    title: `Redaction: 100 secrets of 40 characters, ${rounds} rounds, one core`,
    text: markdownTable(
      ['Way', 'MB/s, no secret in it', 'MB/s, in every 20th line', 'What it is'],
      rows.map(({ name, clean, hits, says }) => [name, clean, hits, says]),
    ),
    data: rows,
  };
}
