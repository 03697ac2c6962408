import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { toolRequests } from '../../src/rebirth/toolchain.ts';
import { kwokStages } from '../../src/rehearsal/kwok-stages.ts';
import { nodeNames, nodeObject } from '../../src/rehearsal/workload-objects.ts';

const castle = await loadCastle(join(import.meta.dirname, '../../castle/live/box/phoenix.yaml'));
const nodeTools = ['kube-controller-manager', 'kube-scheduler', 'kwok'];
const namesOf = (requests: ReturnType<typeof toolRequests>) => requests.map(({ name }) => name);

describe('the tools for nodes in the box', () => {
  test('are asked for only by a box that is to have nodes, though its castle file pins them', () => {
    expect(namesOf(toolRequests(castle))).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/kwok|kube-[cs]/)]),
    );
    expect(namesOf(toolRequests(castle, 'kwok')).toSorted()).toEqual(
      [...namesOf(toolRequests(castle)), ...nodeTools].toSorted(),
    );
  });

  test('are those that the castle file pins, else those that Phoenix is tested with', () => {
    const pinned = { ...castle, toolchain: [{ tool: 'kwok', version: '0.7.0' }] as const };
    expect(toolRequests(pinned, 'kwok')).toContainEqual({ name: 'kwok', version: '0.7.0' });
    expect(toolRequests(pinned, 'kwok')).toContainEqual({ name: 'kube-scheduler', version: '1.34.1' });
  });

  test('are of no use to a castle outside the box', () => {
    expect(namesOf(toolRequests({ ...castle, box: false }, 'kwok'))).toEqual(namesOf(toolRequests(castle)));
  });
});

describe('what kwok is given to play', () => {
  test('leaves the pods alone whose programs really run', () => {
    const stages = kwokStages()
      .split('---\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text));
    const ofPods = stages.filter(({ spec }) => spec.resourceRef.kind === 'Pod');
    expect(ofPods).toHaveLength(3);
    for (const { spec } of ofPods)
      expect(spec.selector.matchExpressions).toContainEqual({
        key: '.spec.schedulerName',
        operator: 'NotIn',
        values: ['phoenix-box'],
      });
  });

  test('is nodes that say what they are, and ordinary pods come to none but its own', () => {
    for (const name of nodeNames)
      expect(nodeObject(name)).toMatchObject({
        metadata: { annotations: { 'phoenix.dev/stand-in': name === 'box-host' ? 'box-node' : 'kwok' } },
        spec: name === 'box-host' ? { taints: [{ effect: 'NoSchedule' }] } : {},
      });
  });
});
