import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { literal, preformatted } from '../../src/report/markdown.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { holds } from '../support/property.ts';
import { layerFailure, layerResult, sampleInput, sampleReport } from '../support/reports.ts';

/** Where a workflow expression begins. */
const opening = '$\u007b{';
const mebibyte = 1024 * 1024;

function gantt(summary: string): string[] {
  return (/```mermaid\n([\s\S]*?)\n```/.exec(summary)?.[1] ?? '').split('\n');
}

function tableRows(summary: string, head: string): string[] {
  const lines = summary.split('\n');
  const from = lines.indexOf(head) + 2;
  const to = lines.findIndex((line, index) => index >= from && !line.startsWith('|'));
  return lines.slice(from, to);
}

function failing(what: string, why: string, name = 'storage') {
  return { name, error: new PhoenixError({ code: 'PHX-X', class: 'layer', what, why, next: 'Mend it.' }) };
}

describe('the job summary', () => {
  it('says the verdict, the table, the milestone, the leaks, the stand-ins and the critical path', () => {
    const summary = renderSummary(sampleReport());
    expect(summary).toContain('## ✅ tazlab is reborn in 8m 43s');
    expect(tableRows(summary, '| Layer | Time | Status |')).toHaveLength(6);
    expect(summary).toContain('| platform | 1m 53s | Applied |');
    expect(summary).toContain('| Milestone blog | 8m 40s, target 8m 43s met |');
    expect(summary).toContain('| Leaks | none in 120 places |');
    expect(summary).toContain('infisical stands for eu.infisical.com');
    expect(summary).toContain('**Critical path:** secrets → platform → engine → claim → gitops');
    expect(summary).not.toContain('Shortened');
  });

  it('draws the run as a gantt: milliseconds since the start, the critical path marked', () => {
    const lines = gantt(renderSummary(sampleReport()));
    expect(lines.slice(0, 3)).toEqual(['gantt', '  dateFormat x', '  axisFormat %M:%S']);
    expect(lines).toContain('  platform :crit, 10000, 113000ms');
    expect(lines).toContain('  storage :200000, 100000ms');
    expect(lines).toContain('  blog :milestone, 520000, 0ms');
  });

  it('shows an error with its code, cause and next move', () => {
    const summary = renderSummary(sampleReport({ failures: [{ name: 'storage', error: layerFailure }] }));
    expect(summary).toContain('### PHX-LAYER-FAILED in storage');
    expect(summary).toContain('<pre>Error: disk full</pre>');
    expect(summary).toContain('**Next:** Mend it, then: --from storage');
  });

  it('lets neither a layer name nor an error add a row, a heading, markup or an expression', () => {
    const name = `bad | name \`x\` \n# head ${opening} secrets.A }} <img src=x> [a](b) _b_`;
    const summary = renderSummary(
      sampleReport({
        layers: [layerResult(name, [], 0, 5)],
        failures: [
          failing(
            `what\n## injected | \`x\` ${opening} secrets.A }}`,
            `</pre>\n## injected\n${opening} secrets.A }}\n\`\`\``,
            name,
          ),
        ],
      }),
    );
    expect(tableRows(summary, '| Layer | Time | Status |')).toHaveLength(1);
    expect(tableRows(summary, '| Layer | Time | Status |')[0]?.split('|')).toHaveLength(5);
    expect(summary).not.toContain(opening);
    expect(summary).not.toContain('<img');
    expect(summary.match(/<\/pre>/g)).toHaveLength(1);
    expect(summary.replaceAll(/<pre>[\s\S]*?<\/pre>/g, '')).not.toMatch(/^## injected/m);
    expect(summary.match(/^```mermaid$/gm)).toHaveLength(1);
  });

  it('keeps each name on one line of the gantt, in marks that mermaid does not read as its own', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constantFrom('section', 'click x', 'title: a', 'a:b;c#d%%e', '2024-01-01 drill', '```', 'gantt'),
    );
    holds(
      fc.property(name, (drawn) => {
        const spans = [
          {
            id: 1,
            parent: null,
            kind: 'layer' as const,
            name: drawn,
            from: 0,
            to: 1,
            verdict: 'ok' as const,
          },
        ];
        const lines = gantt(renderSummary(sampleReport({ spans })));
        expect(lines).toHaveLength(5);
        expect(lines[3]).toMatch(/^ {2}section [\p{L}\p{N} ._/\u2060-]+$/u);
        expect(lines[4]).toMatch(
          /^ {2}(?!section|click|title|gantt|\d{4}-)[\p{L}\p{N} ._/\u2060-]+ :0, 1000ms$/u,
        );
      }),
    );
  });

  it('stays below 1 MiB with thousands of layers and long causes, says so, and keeps verdict and errors first', () => {
    const layers = Array.from({ length: 20_000 }, (_, index) =>
      layerResult(`a-layer-with-quite-a-long-name-${index}-${'é'.repeat(20)}`, [], index, index + 1),
    );
    const failures = layers.slice(0, 200).map(({ name }) => failing('x', 'é|'.repeat(20_000), name));
    const summary = renderSummary(sampleReport({ layers, spans: [], failures, verdict: 'failed' }), {
      reportFile: 'out/report.json',
    });
    expect(Buffer.byteLength(summary)).toBeLessThan(mebibyte);
    expect(Buffer.byteLength(summary)).toBeGreaterThan(mebibyte / 2);
    expect(summary.startsWith('## ❌ tazlab is NOT reborn')).toBe(true);
    expect(summary).toMatch(/\*\*Shortened\*\*: \d+ parts .* out\/report\.json/);
  });

  it('keeps a gantt of thousands of spans below 50 KB', () => {
    const spans = Array.from({ length: 5_000 }, (_, id) => ({
      ...{ id, parent: null, kind: 'layer' as const, verdict: 'ok' as const },
      ...{ name: `layer-${id % 150}-${'x'.repeat(60)}`, from: id, to: id + 1 },
    }));
    const lines = gantt(renderSummary(sampleReport({ ...sampleInput(), spans, wallSeconds: 5_001 })));
    expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(50_000);
    expect(lines.length).toBeGreaterThan(100);
  });

  it('fits any limit that leaves room for its own notice', () => {
    holds(
      fc.property(fc.integer({ min: 2_000, max: 6_000 }), (limitBytes) => {
        const summary = renderSummary(sampleReport({ failures: [failing('x', 'y'.repeat(3_000))] }), {
          limitBytes,
        });
        expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(limitBytes);
      }),
    );
  });
});

describe('literal markdown', () => {
  it('leaves no mark that could begin markup, and loses no character', () => {
    const decoded = (text: string) =>
      text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
    holds(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        const escaped = literal(text);
        expect(escaped.replaceAll(/&#\d+;/g, '')).not.toMatch(/[<>|`*[\]~#$\\{}&]/);
        expect(decoded(escaped)).toBe(text.replaceAll(/\s+/g, ' ').trim());
      }),
    );
  });

  it('keeps what people copy readable: links, versions, flags, names with underscores', () => {
    const text = 'see https://example.test/a_b for 1.12.6, then --from storage';
    expect(literal(text)).toBe(text);
    expect(literal('--from storage')).toBe('--from storage');
  });

  it('makes no list, rule or emphasis of a line', () => {
    expect(literal('- item')).toBe('&#45; item');
    expect(literal('1. item')).toBe('1&#46; item');
    expect(literal('---')).toBe('&#45;--');
    expect(literal('_x_')).toBe('&#95;x&#95;');
  });

  it('keeps the lines of a preformatted cause and lets none of them close the block', () => {
    expect(preformatted('a\n\n</pre>b\t${{c')).toBe('<pre>a\n\n&#60;/pre&#62;b &#36;{{c</pre>');
  });
});
