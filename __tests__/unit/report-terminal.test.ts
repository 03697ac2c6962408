import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { holds } from '../support/property.ts';
import { layerFailure, layerResult, sampleInput, sampleReport } from '../support/reports.ts';

const esc = String.fromCodePoint(27);
const plain = (report = sampleReport(), width = 100) => renderTerminal(report, { color: false, width });
const lineWith = (text: string, start: string) =>
  text.split('\n').find((line) => line.startsWith(start)) ?? '';

describe('the report in a terminal', () => {
  it('has the table of the document, one row a layer and the total', () => {
    const lines = plain().split('\n');
    const table = lines.slice(lines.findIndex((line) => /^Layer +Time +Status$/.test(line)));
    expect(table.slice(0, 8).map((line) => line.split(/ {2,}/))).toEqual([
      ['Layer', 'Time', 'Status'],
      ['secrets', '10.0s', 'Applied'],
      ['platform', '1m 53s', 'Applied'],
      ['engine', '1m 17s', 'Applied'],
      ['networking', '48.0s', 'Applied'],
      ['gitops', '1m 56s', 'Applied'],
      ['storage', '1m 40s', 'Applied'],
      ['Total', '8m 43s'],
    ]);
  });

  it('ends with the verdict', () => {
    expect(plain().trimEnd().split('\n').at(-1)).toBe('tazlab is reborn in 8m 43s');
    const failed = plain(sampleReport({ verdict: 'failed' }));
    expect(failed.trimEnd().split('\n').at(-1)).toContain('NOT reborn');
  });

  it('draws each layer where it ran, solid only on the critical path', () => {
    const text = plain();
    const bar = (name: string) => /^\S+ +?(.*?) +\S+( \S+)?$/.exec(lineWith(text, name))?.[0] ?? '';
    expect(bar('platform')).toContain('█');
    expect(bar('storage')).toContain('▒');
    expect(bar('storage')).not.toContain('█');
    expect(bar('gitops').indexOf('█')).toBeGreaterThan(bar('platform').lastIndexOf('█'));
    expect(lineWith(text, 'blog')).toContain('◆');
  });

  it('says where the seconds went, the milestones, the gate, the leaks and the stand-ins', () => {
    const text = plain();
    expect(lineWith(text, 'Milestone blog')).toContain('8m 40s, target 8m 43s met');
    expect(lineWith(text, 'Gate claim')).toContain('passed, after engine');
    expect(lineWith(text, 'Critical path')).toContain('platform → engine → claim → gitops: 5m 18s');
    expect(lineWith(text, 'Time went into')).toContain('layers 5m 18s (60.8 %)');
    expect(lineWith(text, 'Unattributed')).toContain('0.0s (0.0 %)');
    expect(lineWith(text, 'Leaks')).toContain('none in 120 places');
    expect(text).toContain('infisical stands for eu.infisical.com');
  });

  it('warns with the name of the gap where too much is unexplained, and only then', () => {
    expect(plain()).not.toContain('Warning');
    const spans = sampleInput().spans.filter(({ name }) => name !== 'verify');
    const warned = lineWith(plain(sampleReport({ spans })), 'Warning');
    expect(warned).toContain('39.2 %');
    expect(warned).toContain('in the run after gitops/apply: 5m 18s to 8m 43s');
  });

  it('says that leaks were not looked for instead of calling that none', () => {
    expect(lineWith(plain(sampleReport({ leaks: { checked: 0, found: [] } })), 'Leaks')).toContain(
      'not checked',
    );
  });

  it('names each leak that was found', () => {
    const found = [{ secret: 'GITHUB_TOKEN', place: 'terraform.tfstate', encoding: 'base64' }];
    const text = plain(sampleReport({ leaks: { checked: 9, found } }));
    expect(text).toContain('GITHUB_TOKEN (base64) in terraform.tfstate');
    expect(lineWith(text, 'Leaks')).toContain('1 FOUND');
  });

  it('shows every error with its next move, and a late or missing milestone as missed', () => {
    const text = plain(
      sampleReport({
        verdict: 'failed',
        layers: [{ ...layerResult('storage', [], 0, 9, 'failed'), retries: 2 }],
        failures: [{ name: 'storage', error: layerFailure }],
        milestones: [
          { name: 'blog', seconds: 600, targetSeconds: 523 },
          { name: 'stack', seconds: undefined, targetSeconds: 780 },
        ],
      }),
    );
    expect(text).toContain('PHX-LAYER-FAILED [storage]: Layer storage failed: disk full');
    expect(text).toContain('next: Mend it, then: --from storage');
    expect(text).toMatch(/storage +9\.0s +FAILED, 2 retries/);
    expect(lineWith(text, 'Milestone blog')).toContain('MISSED');
    expect(lineWith(text, 'Milestone stack')).toContain('not reached');
    expect(lineWith(text, 'storage ')).toContain('✗');
  });

  it('colours only when asked to', () => {
    expect(plain()).not.toContain(esc);
    expect(renderTerminal(sampleReport(), { color: true, width: 100 })).toContain(`${esc}[32m`);
  });

  it('lets no text of a provider act on the screen or on the runner', () => {
    const why = `first${esc}[2J\n::add-mask::x\n##[error]y\rz\u202e`;
    const error = new PhoenixError({ code: 'PHX-X', class: 'layer', what: 'x', why, next: 'y' });
    const text = plain(sampleReport({ failures: [{ name: 'storage', error }] }));
    expect(text).not.toContain(esc);
    expect(text).not.toMatch(/\r|\u202e|^\s*::|##\[/mu);
    expect(text).toContain('| : :add-mask::x');
  });

  it('keeps the timeline within the width, whatever the names and times', () => {
    const drawn = fc.array(
      fc.record({
        name: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
        from: fc.double({ min: 0, max: 700, noNaN: true }),
        length: fc.double({ min: 0, max: 700, noNaN: true }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    holds(
      fc.property(drawn, fc.integer({ min: 40, max: 200 }), (lanes, width) => {
        const spans = lanes.map(({ name, from, length }, id) => ({
          ...{ id, parent: null, kind: 'layer' as const, verdict: 'ok' as const },
          ...{ name, from, to: from + length },
        }));
        const text = plain(sampleReport({ spans, layers: [] }), width);
        const timeline = text.split('\n\n')[0]?.split('\n') ?? [];
        expect(timeline.length).toBeLessThanOrEqual(40);
        for (const line of timeline) expect([...line].length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('renders a run that ended before it did anything', () => {
    const empty = sampleReport({
      wallSeconds: 0,
      spans: [],
      layers: [],
      gates: [],
      milestones: [],
      verdict: 'cancelled',
    });
    expect(plain(empty)).toContain('cancelled after 0.0s');
  });

  it('draws a retried layer as one lane with both tries', () => {
    const base = { parent: null, kind: 'layer' as const, name: 'engine' };
    const spans = [
      { ...base, id: 1, from: 0, to: 100, verdict: 'failed' as const },
      { ...base, id: 2, from: 400, to: 523, verdict: 'ok' as const },
    ];
    const text = plain(sampleReport({ spans, layers: [layerResult('engine', [], 0, 523)] }));
    const bars = text.split('\n\n')[0] ?? '';
    expect(bars.split('\n')).toHaveLength(1);
    expect(bars).toMatch(/█✗ +█/);
  });
});
