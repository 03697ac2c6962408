import { isData } from '../charts.ts';
import { graphOf, keyOfNode, shownNode } from '../graph.ts';
import type { FluxNode, GitopsFinding, Rule } from '../model.ts';

/** What the first milestone names must not wait for data to be restored, or for the storage that it lies on. */
export const fastTrackOnData: Rule = {
  id: 'fast-track-on-data',
  look(tree) {
    const graph = graphOf(tree);
    const fast = tree.nodes.filter(({ name }) => tree.fastTrack?.includes(name));
    return fast.flatMap((node) =>
      [...graph.waitedFor(keyOfNode(node))].flatMap(([key, way]): GitopsFinding[] => {
        const data = graph.get(key)?.resources.find(isData);
        if (data === undefined) return [];
        const waits = way.slice(1).some((each) => isSlow(graph.get(each)));
        const index = node.dependsOn.indexOf(way[1] ?? '');
        return [
          {
            rule: 'fast-track-on-data',
            severity: waits ? 'error' : 'warning',
            at: node.resource.place(['spec', 'dependsOn', index]),
            what: `\`${node.name}\`, which the first milestone waits for, depends on data: ${way.map(shownNode).join(' → ')} holds the ${data.kind} \`${data.name}\`.`,
            why: waits
              ? 'A Kustomization on that way waits until it is up: the milestone comes only after the data is restored.'
              : 'One refused object there, or one wait that is added later, holds the milestone back until the data is restored.',
            fix: `Let \`${node.name}\` depend on what it needs alone; what needs a database waits for it by itself, in an init container.`,
          },
        ];
      }),
    );
  },
};

function isSlow(node: FluxNode | undefined): boolean {
  const { spec } = node?.resource.manifest ?? {};
  const checks = typeof spec === 'object' && spec !== null && 'healthChecks' in spec;
  return node?.wait === true || checks;
}
