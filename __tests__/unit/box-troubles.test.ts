import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchClock } from '../../src/rehearsal/real/clock.ts';
import { assertCanStrike } from '../../src/rehearsal/real/troubles.ts';

const refusal =
  'err="failed: x509: certificate has expired or is not yet valid: current time 2026-01-01T07:00:00Z is before 2026-01-01T08:00:00Z"\n';

describe('the faults of a real node', () => {
  it('are refused where there is none, and what is no fault also behind one that is', () => {
    const code = (faults: readonly string[], node: 'none' | 'real') => () => assertCanStrike(faults, node);
    expect(code(['node:disk-full'], 'none')).toThrow(/means nothing/);
    expect(code(['s3:corrupted'], 'none')).toThrow(/means nothing/);
    expect(code(['node:disk-full', 'infisical:429'], 'real')).not.toThrow();
    expect(code(['node:disk-full', 'infisical:nothing'], 'real')).toThrow(/not a fault/);
  });
});

describe('a clock that is off', () => {
  it('is told by what the log gets from now on, and not by what an earlier node left in it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'phoenix-clock-'));
    const log = join(dir, 'kube-apiserver.log');
    await writeFile(log, refusal);
    const look = await watchClock(log);
    expect(await look()).toBeUndefined();
    await appendFile(log, `nothing wrong\n${refusal.slice(0, 90)}`);
    expect(await look()).toBeUndefined();
    await appendFile(log, refusal.slice(90));
    expect(await look()).toBe('current time 2026-01-01T07:00:00Z is before 2026-01-01T08:00:00Z');
    expect(await look()).toBeUndefined();
    expect(await (await watchClock(join(dir, 'none.log')))()).toBeUndefined();
    await rm(dir, { recursive: true });
  });
});
