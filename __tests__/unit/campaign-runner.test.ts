import { spawn } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { killQuietly } from '../support/processes.ts';
import { parseCommandFile } from '../support/runner/command-files.ts';
import { type Job, type JobRecord, startJob } from '../support/runner/job.ts';
import { trackingVariable } from '../support/runner/orphans.ts';

/** A twentieth of the runner's waits: 375 ms, 125 ms; 250 ms for the output; 14 s in all. */
const factor = 0.05;

/** Runs `main` (and then `post`), the text of a node program, as an action. */
async function play(
  { main, post = '' }: { readonly main: string; readonly post?: string },
  meddle: (job: Job) => Promise<void> | void = () => {},
  more: { readonly factor?: number } = {},
): Promise<JobRecord> {
  const entry = `
    import { appendFileSync, writeFileSync } from 'node:fs';
    import { spawn } from 'node:child_process';
    const save = (name, text) => appendFileSync(process.env['GITHUB_' + name], text + '\\n');
    if (process.env.STATE_phase === 'post') { ${post} } else { save('STATE', 'phase=post'); ${main} }
  `;
  await using folder = await temporaryFolder({ 'entry.mjs': entry });
  const own = join(folder.dir, 'entry.mjs');
  const job = await startJob(
    { kind: 'action', entry: own, post: own, inputs: { command: 'rebirth' } },
    { dir: folder.dir, workspace: folder.dir, env: { PATH: process.env['PATH'] ?? '' }, factor, ...more },
  );
  await meddle(job);
  return await job.ended;
}

const stubborn =
  "for (const s of ['SIGINT', 'SIGTERM']) process.on(s, () => console.log('got ' + s)); console.log('ready'); setTimeout(() => {}, 20000);";

describe('the runner that the tests play', () => {
  it('gives inputs and command files, hands state to post, and keeps outputs and summary', async () => {
    const record = await play({
      main: "save('OUTPUT', 'verdict=' + process.env.INPUT_COMMAND); save('STATE', 'run<<E\\na\\nb\\nE'); save('STEP_SUMMARY', '# Done'); save('ENV', 'FROM=main');",
      post: 'console.log(JSON.stringify([process.env.STATE_run, process.env.FROM, process.env.GITHUB_ACTIONS]));',
    });
    expect(record.result).toBe('success');
    expect(record.log).toBe('["a\\nb","main","true"]');
    expect(Object.fromEntries(record.outputs)).toEqual({ verdict: 'rebirth' });
    expect(record.summary).toBe('# Done\n');
  });

  it('reads the state of a main that was killed, and runs its post', async () => {
    const record = await play({ main: stubborn, post: "console.log('post runs')" }, async (job) => {
      await job.sees(/ready/);
      expect(killQuietly(job.running()?.pid ?? 0)).toBe(true);
    });
    expect(record).toMatchObject({ result: 'failure', main: { signal: 'SIGKILL' }, post: { code: 0 } });
    expect(record.log).toContain('post runs');
  });

  it('cancels by SIGINT, SIGTERM, SIGKILL, each after its wait, and stops at the first that is heeded', async () => {
    const cancel = async (job: Job) => {
      await job.sees(/ready/);
      job.cancel();
    };
    const deaf = await play({ main: stubborn }, cancel);
    expect(deaf.signals.map(({ signal }) => signal)).toEqual(['SIGINT', 'SIGTERM', 'SIGKILL']);
    const [first, second, third] = deaf.signals.map(({ atMs }) => atMs);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(370);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(120);
    expect(deaf).toMatchObject({ result: 'cancelled', main: { signal: 'SIGKILL' }, post: { code: 0 } });
    expect(deaf.log).toContain('got SIGINT\ngot SIGTERM');

    const heeds = await play(
      {
        main: "process.on('SIGINT', () => process.exit(130)); console.log('ready'); setTimeout(() => {}, 20000);",
      },
      cancel,
    );
    expect(heeds.signals.map(({ signal }) => signal)).toEqual(['SIGINT']);
    expect(heeds.main.code).toBe(130);
  });

  it('signals no post, but ends it where the time after a cancel is over', async () => {
    const record = await play(
      { main: '', post: stubborn },
      async (job) => {
        await job.sees(/ready/);
        job.cancel();
      },
      { factor: 0.002 },
    );
    expect(record.log).not.toContain('got SIGINT');
    expect(record.signals).toEqual([{ phase: 'post', signal: 'SIGKILL', atMs: expect.any(Number) }]);
    expect(record.post).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('runs no post after a force-cancel, nor when the service stops, and then sweeps nothing either', async () => {
    const orphan =
      "const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' }); child.unref(); console.log('orphan ' + child.pid + '.');";
    let pid = 0;
    const seen = (act: (job: Job) => void) => async (job: Job) => {
      pid = Number((await job.sees(/orphan (\d+)\./))[1]);
      act(job);
    };
    const forced = await play(
      { main: `${stubborn}${orphan}` },
      seen((job) => job.force()),
    );
    expect(forced).toMatchObject({ result: 'cancelled', main: { signal: 'SIGKILL' }, post: undefined });
    expect(forced.swept.map((each) => each.pid)).toEqual([pid]);
    const stopped = await play(
      { main: `${stubborn}${orphan}` },
      seen((job) => job.stopService()),
    );
    expect(stopped).toMatchObject({
      result: 'failure',
      main: { signal: 'SIGKILL' },
      post: undefined,
      swept: [],
    });
    expect(killQuietly(pid)).toBe(true);
  });

  it('sweeps what bears the tracking id of this job, and nothing else', async () => {
    const other = spawn('sleep', ['30'], { env: { ...process.env, [trackingVariable]: 'github_other' } });
    const record = await play({
      main: `
        const start = (env) => { const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore', env }); child.unref(); console.log('pid ' + child.pid); };
        start(process.env);
        start({ PATH: process.env.PATH });
      `,
    });
    const [tracked, untracked] = [...record.log.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
    expect(record.swept).toEqual([{ pid: tracked, command: 'sleep 30' }]);
    expect(killQuietly(untracked ?? 0)).toBe(true);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    other.kill();
  });

  it('goes on without the output where a child holds it open', async () => {
    const record = await play({
      main: "spawn('sleep', ['5'], { stdio: 'inherit', detached: true }).unref();",
    });
    expect(record.main.outputClosed).toBe(false);
    expect(record.seconds).toBeLessThan(4);
    expect(record.swept.map(({ command }) => command)).toEqual(['sleep 5']);
  });

  it('masks a value, its lines and its base64 from there on, and not in what came before', async () => {
    const record = await play({
      main: `
        console.log('before: hush-one');
        console.log('::add-mask::hush-one%0A  hush-two');
        console.log('hush-one, ' + Buffer.from('hush-two').toString('base64') + ', ' + Buffer.from('hush-two').toString('hex'));
      `,
    });
    expect(record.log).toBe(`before: hush-one\n***, ***8=, ${Buffer.from('hush-two').toString('hex')}`);
  });

  it('empties its temporary folder at the start and at the end', async () => {
    await using folder = await temporaryFolder({ '_temp/old': 'left by a job before' });
    const job = await startJob(
      { kind: 'run', script: 'ls $RUNNER_TEMP; touch $RUNNER_TEMP/mine; false; echo not reached' },
      { dir: folder.dir, workspace: folder.dir, env: { PATH: process.env['PATH'] ?? '' }, factor },
    );
    const record = await job.ended;
    expect(record.log).not.toMatch(/old|not reached/);
    expect(record).toMatchObject({ result: 'failure', main: { code: 1 }, post: undefined });
    await expect(access(join(folder.dir, '_temp', 'mine'))).rejects.toThrow('ENOENT');
    await writeFile(join(folder.dir, '_temp', 'next'), '');
  });
});

describe('a command file', () => {
  it('is read up to a value that its writer was killed in', () => {
    expect([...parseCommandFile('a<<E\n1\n2\nE\nb=x=y\nc<<F\nhalf')]).toEqual([
      ['a', '1\n2'],
      ['b', 'x=y'],
    ]);
  });
});
