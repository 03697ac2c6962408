import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { writeReport } from '../../src/report/write.ts';
import { at, layerFailure, layerResult, sampleReport } from '../support/reports.ts';

describe('the report', () => {
  it('fits its own schema', () => {
    const failing = sampleReport({ verdict: 'failed', failures: [{ name: 'storage', error: layerFailure }] });
    expect(reportSchema.parse(sampleReport())).toEqual(sampleReport());
    expect(reportSchema.parse(failing)).toEqual(failing);
  });

  it('is read by a reader that does not know the fields of a later version', () => {
    expect(reportSchema.safeParse({ ...sampleReport(), added: true }).success).toBe(true);
    expect(reportSchema.safeParse({ ...sampleReport(), verdict: 'maybe' }).success).toBe(false);
  });

  it('closes its books, and follows the critical path through the gate', () => {
    const report = sampleReport();
    expect(report).toMatchObject({ wallSeconds: 523, unattributedSeconds: 0, gaps: [] });
    expect(report.criticalPath).toEqual(['secrets', 'platform', 'engine', 'claim', 'gitops']);
    expect(report.criticalPathSeconds).toBe(318);
    expect(report.phases).toEqual({ layers: 318, gates: 2, verify: 205 });
  });

  it('writes times of day for what ran and null for what never did', () => {
    const skipped = { ...layerResult('gitops', ['storage'], 0, 0, 'skipped'), ran: undefined, phases: [] };
    const report = sampleReport({ layers: [layerResult('storage', [], 1, 3), skipped] });
    expect(report.started).toBe('2026-11-23T20:00:00.000Z');
    expect(report.ended).toBe('2026-11-23T20:08:43.000Z');
    expect(report.layers[0]).toMatchObject({ started: '2026-11-23T20:00:01.000Z', seconds: 2 });
    expect(report.layers[1]).toMatchObject({ started: null, ended: null, seconds: 0, verdict: 'skipped' });
  });

  it('sums the phases of a layer that was tried twice', () => {
    const layer = layerResult('engine', [], 0, 10);
    const again = { name: 'init', from: at(20), to: at(22) };
    const report = sampleReport({ layers: [{ ...layer, retries: 1, phases: [...layer.phases, again] }] });
    expect(report.layers[0]?.phases).toEqual({ init: 2.5, apply: 9.5 });
  });

  it('counts a milestone as met only if it was reached within its target', () => {
    const milestones = [
      { name: 'in time', seconds: 5, targetSeconds: 5 },
      { name: 'late', seconds: 6, targetSeconds: 5 },
      { name: 'never', seconds: undefined, targetSeconds: undefined },
      { name: 'no target', seconds: 900, targetSeconds: undefined },
    ];
    expect(sampleReport({ milestones }).milestones.map(({ met }) => met)).toEqual([true, false, false, true]);
  });

  it('names every error, the first as the one that decided', () => {
    const other = new PhoenixError({ code: 'PHX-B', class: 'layer', what: 'b', why: 'b', next: 'b' });
    const report = sampleReport({
      failures: [
        { name: 'storage', error: layerFailure },
        { name: 'gitops', error: other },
      ],
    });
    expect(report.error?.code).toBe('PHX-LAYER-FAILED');
    expect(report.failures.map(({ name, code }) => [name, code])).toEqual([
      ['storage', 'PHX-LAYER-FAILED'],
      ['gitops', 'PHX-B'],
    ]);
    expect(sampleReport().error).toBeNull();
  });

  it('holds no secret in any text, and still fits its schema where a secret equals a word of its own', () => {
    const error = new PhoenixError({
      code: 'PHX-X',
      class: 'layer',
      what: 'hunter2-was-here',
      why: 'token hunter2',
      next: 'hunter2',
    });
    const redact = (text: string) => text.replaceAll(/hunter2|failed|reborn/g, '***');
    const report = sampleReport({
      verdict: 'failed',
      redact,
      failures: [{ name: 'hunter2', error }],
      layers: [layerResult('layer-hunter2', [], 0, 5, 'failed')],
      versions: { tofu: 'hunter2' },
    });
    expect(JSON.stringify(report)).not.toContain('hunter2');
    expect(reportSchema.parse(report).verdict).toBe('failed');
    expect(report.layers[0]?.verdict).toBe('failed');
  });
});

describe('writing the report', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phoenix-report-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes a readable file, its folder too, and leaves nothing else behind', async () => {
    const file = join(folder, 'deep', 'phoenix-report.json');
    expect(await writeReport(file, sampleReport())).toBeUndefined();
    expect(reportSchema.parse(JSON.parse(await readFile(file, 'utf8')))).toEqual(sampleReport());
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(await readdir(join(folder, 'deep'))).toEqual(['phoenix-report.json']);
  });

  it('replaces the report of an earlier run', async () => {
    const file = join(folder, 'phoenix-report.json');
    expect(await writeReport(file, sampleReport())).toBeUndefined();
    expect(await writeReport(file, sampleReport({ castle: 'newer' }))).toBeUndefined();
    expect(await readFile(file, 'utf8')).toContain('"castle": "newer"');
  });

  it('takes the place of nothing that is no report: not of a file, not of what a link points to', async () => {
    const [file, link] = [join(folder, 'precious'), join(folder, 'link')];
    await writeFile(file, 'mine');
    await symlink(file, link);
    for (const place of [file, link])
      expect(await writeReport(place, sampleReport())).toMatchObject({ code: 'PHX-REPORT-FOREIGN' });
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect((await readdir(folder)).sort()).toEqual(['link', 'precious']);
  });

  it('gives back an error that names the path, and throws nothing, where it cannot write', async () => {
    await writeFile(join(folder, 'a-file'), '');
    const error = await writeReport(join(folder, 'a-file', 'report.json'), sampleReport());
    expect(error).toMatchObject({ code: 'PHX-REPORT-WRITE', class: 'report' });
    expect(error?.what).toContain('a-file');
  });

  it('refuses a report that does not fit the schema and keeps the file that was there', async () => {
    const file = join(folder, 'phoenix-report.json');
    await writeFile(file, 'old');
    const error = await writeReport(file, { ...sampleReport(), wallSeconds: Number.NaN });
    expect(error).toMatchObject({ code: 'PHX-REPORT-SHAPE', class: 'report' });
    expect(error?.why).toContain('wallSeconds');
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['phoenix-report.json']);
  });
});
