import { describe, expect, it } from 'vitest';
import { playRunner, vaultsOf } from '../support/runner/play.ts';
import { made, running, smallCastle } from '../support/small-castle.ts';

describe('the Action under a runner', () => {
  it('gives outputs, a job summary with a gantt and a report, and its post step leaves nothing', async () => {
    await using world = await smallCastle({
      first: { main: made },
      second: { after: ['first'], main: made },
    });
    const runner = await playRunner(world);
    const ended = await (await runner.main({ command: 'rebirth' })).ended;
    expect(ended.code, ended.output).toBe(0);
    const outputs = await runner.written('OUTPUT');
    expect(outputs.get('verdict')).toBe('reborn');
    expect(outputs.get('report')).toBe('phoenix-report.json');
    expect(outputs.get('error-code')).toBe('');
    expect(Number(outputs.get('wall-seconds'))).toBeCloseTo(ended.report?.wallSeconds ?? Number.NaN, 3);
    const summary = await runner.summary();
    expect(summary).toContain('```mermaid\ngantt');
    expect(summary).toMatch(/\| first \|/);
    const post = await (await runner.post()).ended;
    expect(post.code, post.output).toBe(0);
    expect(await vaultsOf(world)).toEqual([]);
  });

  it('fails with an annotation at the place of the mistake, and no stack', async () => {
    await using world = await smallCastle({ first: { main: made } });
    await world.write({ 'phoenix.yaml': 'version: 1\ncastle: small\nlive: live\nlayerz: {}\n' });
    const runner = await playRunner(world);
    const ended = await (await runner.main({ command: 'rebirth' })).ended;
    expect(ended.code).toBe(2);
    expect(ended.output).toMatch(
      /::error title=PHX-CASTLE-UNKNOWN-KEY,file=[^:]*phoenix\.yaml,line=4,col=1::/,
    );
    expect(ended.output.match(/^::error/gm)).toHaveLength(1);
    expect(ended.output).not.toMatch(/^\s+at /m);
    const outputs = await runner.written('OUTPUT');
    expect(Object.fromEntries(outputs)).toEqual({
      verdict: 'failed',
      'error-code': 'PHX-CASTLE-UNKNOWN-KEY',
    });
    expect((await (await runner.post()).ended).code).toBe(0);
  });

  it('gives the outputs of a failed run too, and names the error', async () => {
    await using world = await smallCastle({ first: { main: running('exit 3') } });
    const runner = await playRunner(world);
    const ended = await (await runner.main({ command: 'rebirth' })).ended;
    expect(ended.code).toBe(7);
    expect(ended.output.match(/^::error/gm)).toHaveLength(1);
    const outputs = await runner.written('OUTPUT');
    expect(outputs.get('verdict')).toBe('failed');
    expect(outputs.get('error-code')).toBe('PHX-LAYER-FAILED');
    expect(await runner.summary()).toContain('PHX-LAYER-FAILED');
  });

  it('annotates every layer that failed, at the line of its file that is to blame', async () => {
    await using world = await smallCastle({
      first: { main: running('exit 3') },
      second: { main: `# a comment\n${running('exit 4')}` },
      third: { after: ['first'], main: made },
    });
    const runner = await playRunner(world);
    const ended = await (await runner.main({ command: 'rebirth' })).ended;
    expect(ended.code).toBe(7);
    const places = [...ended.output.matchAll(/^::error title=(PHX-\S+?),file=([^,]+),line=(\d+)/gm)];
    expect(places.map(([, code, file, line]) => `${code} ${file}:${line}`).toSorted()).toEqual([
      'PHX-LAYER-FAILED live/first/main.tf:2',
      'PHX-LAYER-FAILED live/second/main.tf:3',
    ]);
  });

  it('refuses a pull request before it does anything', async () => {
    await using world = await smallCastle({ first: { main: running('touch reached') } });
    const runner = await playRunner(world);
    const ended = await (
      await runner.main({ command: 'rebirth' }, { GITHUB_EVENT_NAME: 'pull_request_target' })
    ).ended;
    expect(ended.code).toBe(4);
    expect(ended.output).toContain('PHX-IDENTITY-EVENT');
    expect(ended.output).not.toContain('[first] started');
    expect(await vaultsOf(world)).toEqual([]);
    expect((await runner.written('OUTPUT')).get('error-code')).toBe('PHX-IDENTITY-EVENT');
  });

  it('wipes in post the vault of a main that was killed', async () => {
    await using world = await smallCastle({ first: { main: running('echo waiting; sleep 4') } });
    const runner = await playRunner(world);
    const main = await runner.main({ command: 'rebirth' });
    await main.sees(/\[first\] {3}waiting/);
    main.kill('SIGKILL');
    await main.ended;
    expect(await vaultsOf(world)).toHaveLength(1);
    const post = await (await runner.post()).ended;
    expect(post.code, post.output).toBe(0);
    expect(await vaultsOf(world)).toEqual([]);
  });
});
