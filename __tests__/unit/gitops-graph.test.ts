import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphOf } from '../../src/gitops/graph.ts';
import type { FluxNode, Tree } from '../../src/gitops/model.ts';
import { dependsOnCycle } from '../../src/gitops/rules/depends-on.ts';
import { holds } from '../support/property.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
type Wanted = ReadonlyMap<string, readonly string[]>;

/** Up to six Kustomizations, each depending on any of them. */
const wanted: fc.Arbitrary<Wanted> = fc
  .array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 9 })
  .map(
    (edges) =>
      new Map(names.map((from) => [from, [...new Set(edges.filter(([a]) => a === from).map(([, b]) => b))]])),
  );

function tree(edges: Wanted): Tree {
  const nodes = [...edges].map(([name, to]): FluxNode => {
    const at = { file: `cluster/${name}.yaml`, line: 1, column: 1 };
    const [apiVersion, kind, namespace] = ['kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'flux-system'];
    return {
      ...{ name, namespace, path: './apps', wait: false, suspended: false, whole: true },
      ...{ dependsOn: to.map((each) => `flux-system/${each}`), substitute: new Map(), substituteFrom: [] },
      ...{ substitutes: false, resources: [] },
      resource: { apiVersion, kind, name, namespace, manifest: {}, at, place: () => at },
    };
  });
  const given = { namespaces: new Set<string>(), crds: new Set<string>(), configMaps: new Map() };
  return { root: '/tree', entry: 'cluster', nodes, broken: [], given };
}

/** What can be reached from each, by as many steps as there are names: nothing clever. */
function reach(edges: Wanted): Map<string, Set<string>> {
  const far = new Map([...edges].map(([from, to]) => [from, new Set(to)]));
  for (const _ of names) {
    for (const seen of far.values())
      for (const each of [...seen]) for (const next of edges.get(each) ?? []) seen.add(next);
  }
  return far;
}

describe('the graph of a tree', () => {
  test('knows all that a Kustomization waits for, by ways that are there', () => {
    holds(
      fc.property(wanted, (edges) => {
        const graph = graphOf(tree(edges));
        for (const [from, far] of reach(edges)) {
          const ways = graph.waitedFor(`flux-system/${from}`);
          expect([...ways.keys()].toSorted()).toEqual(
            [...far]
              .filter((to) => to !== from)
              .map((to) => `flux-system/${to}`)
              .toSorted(),
          );
          for (const [to, way] of ways) {
            expect([way[0], way.at(-1)]).toEqual([`flux-system/${from}`, to]);
            for (const [index, step] of way.slice(1).entries()) {
              expect(edges.get(bare(way[index])) ?? []).toContain(bare(step));
            }
          }
        }
      }),
    );
  });

  test('shows one real cycle for each knot of Kustomizations that wait for each other, and none else', () => {
    holds(
      fc.property(wanted, (edges) => {
        const far = reach(edges);
        const knots = new Set(
          names
            .filter((name) => far.get(name)?.has(name))
            .map((name) =>
              names.filter((other) => far.get(name)?.has(other) && far.get(other)?.has(name)).join(),
            ),
        );
        const found = dependsOnCycle.look(tree(edges));
        expect(found.length).toBe(knots.size);
        for (const { what, why } of found) {
          const cycle = /: (.*)\.$/.exec(what)?.[1]?.split(' → ') ?? [];
          expect(cycle.length).toBeGreaterThan(1);
          expect(cycle[0]).toBe(cycle.at(-1));
          for (const [index, to] of cycle.slice(1).entries()) {
            const from = cycle[index] ?? '';
            expect(edges.get(from)).toContain(to);
            expect(why).toMatch(new RegExp(`${from} depends on ${to} at cluster/${from}\\.yaml:\\d+`));
          }
        }
      }),
    );
  });
});

const bare = (key = '') => key.replace('flux-system/', '');
