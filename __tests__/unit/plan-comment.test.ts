import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeVerdicts, type LayerChange, layerChangeSchema } from '../../src/report/changes.ts';
import { markerOf, type PlanComment, renderPlanComments } from '../../src/report/plan-comment.ts';
import { holds } from '../support/property.ts';

/** Text as an enemy would choose it. */
const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    '@org/everyone',
    'a | b',
    '``` @all',
    '</details></code><script>alert(1)</script>',
    '-->',
    '<!-- phoenix:plan box 1/1 -->',
    '#1 org/castle#2 GH-3',
    '[x](https://evil.invalid)',
    '\n\n# heading\n| a | b |\n',
    `$${'{{ github.token }}'}`,
  ),
);
const count = fc.nat({ max: 5 });
const change: fc.Arbitrary<LayerChange> = fc
  .record({
    layer: hostile,
    verdict: fc.constantFrom(...changeVerdicts),
    add: count,
    change: count,
    destroy: count,
    import: count,
    move: count,
    resources: fc.array(
      fc.record({
        address: hostile,
        action: fc.constantFrom('create', 'update', 'delete', 'replace', 'odd'),
      }),
      { maxLength: 8 },
    ),
    outputs: fc.array(hostile, { maxLength: 3 }),
    changesWith: fc.array(hostile, { maxLength: 3 }),
    valid: fc.constantFrom(true, false, null),
    why: hostile,
  })
  .map((value) => layerChangeSchema.parse(value));
const plan: fc.Arbitrary<PlanComment> = fc
  .record({
    castle: fc.constantFrom('box', 'a--b'),
    changes: fc.array(change, { minLength: 1, maxLength: 25 }),
    withoutSecrets: fc.boolean(),
    errors: fc.array(hostile, { maxLength: 3 }),
    affected: fc.record({
      reason: hostile,
      layers: fc.array(fc.record({ name: hostile, because: fc.oneof(hostile, fc.array(hostile)) }), {
        maxLength: 3,
      }),
      removed: fc.array(fc.record({ name: hostile }), { maxLength: 2 }),
      gitops: fc.boolean(),
    }),
    mode: fc.constantFrom('job' as const, 'matrix' as const),
    stages: fc.array(fc.array(fc.record({ name: hostile }), { maxLength: 3 }), { maxLength: 3 }),
    forecast: fc.record({
      source: fc.constantFrom('history' as const, 'none' as const),
      criticalPath: fc.array(hostile, { maxLength: 3 }),
      ...{ criticalPathSeconds: count, jobSeconds: count, matrixSeconds: count },
    }),
    url: hostile,
  })
  .map((value) => ({
    ...value,
    steps: value.changes.map(({ layer }) => ({ name: layer, dependents: ['z'] })),
  }));

/** What GitHub would look at for mentions, references and markup: all that stands in no code or pre. */
function outsideCode(text: string): string {
  return text.replaceAll(/<(code|pre)>[^<]*<\/\1>/g, '');
}

const one = (layer: string, more: Partial<LayerChange> = {}): LayerChange => ({
  ...{ layer, verdict: 'changes', add: 1, change: 0, destroy: 0, import: 0, move: 0 },
  ...{ resources: [], outputs: [], changesWith: [], valid: null, why: '' },
  ...more,
});
const planOf = (changes: readonly LayerChange[]): PlanComment => ({
  castle: 'box',
  changes,
  steps: changes.map(({ layer }) => ({ name: layer, dependents: [] })),
  withoutSecrets: false,
  errors: [],
  url: '',
});

describe('the comments of a plan', () => {
  it('each begin with the marker of their castle and place, and none is longer than it may be', () => {
    holds(
      fc.property(plan, fc.integer({ min: 3_000, max: 12_000 }), (given, limit) => {
        const comments = renderPlanComments(given, limit);
        expect(comments.length).toBeGreaterThan(0);
        for (const [index, text] of comments.entries()) {
          expect(text.length).toBeLessThanOrEqual(limit);
          expect(text.startsWith(`${markerOf(given.castle)}${index + 1}/${comments.length} -->\n`)).toBe(
            true,
          );
        }
        expect(renderPlanComments(given, limit)).toEqual(comments);
      }),
    );
  });

  it('hold whatever comes from outside in code alone: no mention, no reference, no tag, no new row', () => {
    holds(
      fc.property(plan, (given) => {
        for (const text of renderPlanComments(given)) {
          const plain = outsideCode(text.replace(/^<!-- .* -->\n/, ''));
          expect(plain).not.toMatch(/[@$`[\]]|&#|<!--|(?<!^#)#(?!#? )/m);
          expect(plain.match(/<\/?(?!details>|summary>)[a-z!]/gi)).toBeNull();
          // A table's row has three cells, whatever stands in them.
          const rows = text.replaceAll(/<pre>[^<]*<\/pre>/g, '').split('\n');
          for (const row of rows.filter((line) => line.startsWith('|')))
            expect(row.match(/\|/g), row).toHaveLength(4);
          expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
        }
      }),
    );
  });

  it('tell each layer in the table, and each that changes in details of its own, whole', () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 40 }), (layers, resources) => {
        const changes = Array.from({ length: layers }, (_, index) =>
          one(`layer-${index}`, {
            resources: Array.from({ length: resources }, (__, each) => ({
              address: `thing.of_${index}_${each}`,
              action: 'create',
            })),
          }),
        );
        const comments = renderPlanComments(planOf(changes), 8_000);
        const rows = comments.join('').match(/^\| <code>layer-\d+<\/code> \|/gm);
        expect(rows).toHaveLength(layers);
        if (comments.some((text) => text.includes('**Shortened**'))) return;
        for (const { layer, resources: expected } of changes) {
          const own = comments.filter((text) => text.includes(`<summary><code>${layer}</code>`));
          expect(own).toHaveLength(1);
          for (const { address } of expected) expect(own[0]).toContain(`<code>${address}</code>`);
        }
      }),
    );
  });

  it('put the table alone into the first where not all fits into one', () => {
    const resources = Array.from({ length: 300 }, (_, index) => ({
      address: `thing.number_${index}_${'x'.repeat(60)}`,
      action: 'create',
    }));
    const comments = renderPlanComments(planOf(['a', 'b', 'c', 'd'].map((name) => one(name, { resources }))));
    expect(comments.length).toBeGreaterThan(1);
    expect(comments[0]).not.toContain('<details>');
    expect(comments.slice(1).join('')).not.toContain('| Layer |');
    expect(comments.join('').match(/and about \d+ more/g)).toHaveLength(4);
  });

  it('are so many and no more, and the last says that the rest is in the log', () => {
    const changes = Array.from({ length: 2_000 }, (_, index) =>
      one(`layer-${index}`, { why: 'x'.repeat(500) }),
    );
    const comments = renderPlanComments(planOf(changes));
    expect(comments).toHaveLength(10);
    expect(comments.at(-1)).toContain('**Shortened**');
    expect(comments.at(-1)?.length).toBeLessThanOrEqual(60_000);
  });

  it('say for people what was found, in their words', () => {
    const [text = ''] = renderPlanComments({
      castle: 'tazlab',
      steps: [
        { name: 'platform', dependents: ['engine'] },
        { name: 'engine', dependents: [] },
      ],
      changes: [
        one('platform', { change: 2, resources: [{ address: 'vm.node["a|b"]', action: 'create' }] }),
        one('engine', {
          verdict: 'not-planned',
          add: 0,
          why: 'needs TOKEN',
          valid: true,
          changesWith: ['platform'],
        }),
      ],
      withoutSecrets: true,
      errors: ['PHX-LEAK-FOUND: A secret leaked.'],
      affected: {
        reason: 'the push',
        layers: [
          { name: 'platform', because: ['live/platform/main.tf'] },
          { name: 'engine', because: 'depends on platform' },
        ],
        removed: [{ name: 'old' }],
        gitops: false,
      },
      mode: 'matrix',
      forecast: {
        source: 'history',
        criticalPath: ['platform', 'engine'],
        ...{ criticalPathSeconds: 61, jobSeconds: 62, matrixSeconds: 90 },
      },
      stages: [[{ name: 'platform' }], [{ name: 'engine' }]],
      url: 'https://github.com/org/castle/actions/runs/1',
    });
    expect(text).toContain('## Plan of <code>tazlab</code>: 1 of 2 layers would change ([run](https://');
    expect(text).toContain(
      'The commits touch <code>platform</code>. What depends on it: <code>engine</code>.',
    );
    expect(text).toContain('| <code>platform</code> | 1 to add, 2 to change | <code>engine</code> |');
    expect(text).toContain('not planned: <code>needs TOKEN</code>; its configuration is valid');
    expect(text).toContain('- **+** create <code>vm.node&#91;"a&#124;b"&#93;</code>');
    expect(text).toContain('1. <code>platform</code>\n2. <code>engine</code>');
    expect(text).toContain('Expected to take 1m 30s; critical path <code>platform</code>');
    expect(text).toContain('**Gone** from the live folder: <code>old</code>');
    expect(text).toContain('**Failed**: <code>PHX-LEAK-FOUND: A secret leaked.</code>');
    expect(text).toContain('A pull request gets no secrets');
  });
});
