import { nearest } from '../../near.ts';
import { isMap } from '../draft.ts';
import { specOf } from '../flux.ts';
import { isWhole } from '../inspect.ts';
import type { FluxNode, GitopsFinding, Place, Resource, Rule, Tree } from '../model.ts';
import { textsIn, type Variable, variablesIn } from '../substitution.ts';

const switchOff = 'kustomize.toolkit.fluxcd.io/substitute';

/** What a node's `postBuild` gives. */
interface Values {
  readonly names: ReadonlySet<string>;
  /** Whether these are all: a Secret, or a ConfigMap that nobody told of, may hold more. */
  readonly all: boolean;
}

export const substitutionMissing: Rule = {
  id: 'substitution-missing',
  look(tree) {
    const given = new Map(tree.nodes.map((node) => [node, valuesOf(tree, node)]));
    const meant = new Set([...given.values()].flatMap(({ names }) => [...names]));
    return tree.nodes.flatMap((node) => {
      const values = given.get(node) ?? { names: new Set<string>(), all: true };
      const used = node.resources.filter((resource) => !isOff(resource)).flatMap(usesOf);
      if (!node.substitutes)
        return left(
          node,
          used.filter(({ variable }) => meant.has(variable.name)),
        );
      return [...sourcesMissing(tree, node), ...(values.all ? unset(node, used, values.names) : [])];
    });
  },
};

interface Use {
  readonly variable: Variable;
  place(): Place;
}

function usesOf(resource: Resource): Use[] {
  return [...textsIn(resource.manifest)].flatMap(({ text, path }) => {
    if (!text.includes('${')) return [];
    return variablesIn(text).map((variable) => ({
      variable,
      place() {
        const at = resource.place(path);
        // A text of several lines is written as a block, which begins on the line after.
        const line = text.includes('\n')
          ? at.line + text.slice(0, variable.offset).split('\n').length
          : at.line;
        return { ...at, line };
      },
    }));
  });
}

/** One finding a variable and node, at its first use. */
function first(used: readonly Use[]): Use[] {
  return [...new Map(used.toReversed().map((use) => [use.variable.name, use])).values()].toReversed();
}

function unset(node: FluxNode, used: readonly Use[], names: ReadonlySet<string>): GitopsFinding[] {
  const always = specOf(node.resource).postBuild?.substituteStrategy === 'Always';
  if (names.size === 0 && !always) {
    return first(used).map(({ variable, place }) => ({
      rule: 'substitution-missing',
      severity: 'error',
      at: place(),
      what: `\`\${${variable.name}}\` stays as it is: the \`postBuild\` of \`${node.name}\` gives no variable at all.`,
      why: 'Flux substitutes only where there is at least one variable, so that not even defaults are put in.',
      fix: `Give \`${variable.name}\` under \`postBuild.substitute\` of \`${node.name}\`, or set \`substituteStrategy: Always\`.`,
    }));
  }
  const missing = used.filter(({ variable }) => !variable.hasDefault && !names.has(variable.name));
  return first(missing).map(({ variable, place }) => {
    const near = nearest(variable.name, names);
    return {
      rule: 'substitution-missing',
      severity: 'error',
      at: place(),
      what: `Nothing gives \`\${${variable.name}}\` to \`${node.name}\`.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`,
      why: 'Flux puts an empty text in its place, without a word: an empty host, an empty bucket, a script without its variables.',
      fix: `Give \`${variable.name}\` under \`postBuild.substitute\` or in a ConfigMap of \`substituteFrom\`, write a default (\`\${${variable.name}:=…}\`), or escape what is not for Flux (\`$\${${variable.name}}\`).`,
    };
  });
}

/** `postBuild` is off here, and the variable is one that other Kustomizations are given. */
function left(node: FluxNode, used: readonly Use[]): GitopsFinding[] {
  return first(used).map(({ variable, place }) => ({
    rule: 'substitution-missing',
    severity: 'warning',
    at: place(),
    what: `\`\${${variable.name}}\` stays as it is: \`${node.name}\` has no \`postBuild\`.`,
    why: 'Other Kustomizations are given this variable, so it is likely meant to be put in here too.',
    fix: `Give \`${node.name}\` the same \`postBuild\`, or switch it off for this object with the annotation \`${switchOff}: disabled\`.`,
  }));
}

function sourcesMissing(tree: Tree, node: FluxNode): GitopsFinding[] {
  if (!isWhole(tree)) return [];
  return node.substituteFrom.flatMap(({ kind, name, optional }, index): GitopsFinding[] => {
    if (kind !== 'ConfigMap' || optional || keysOf(tree, node, name) !== undefined) return [];
    return [
      {
        rule: 'substitution-missing',
        severity: 'warning',
        at: node.resource.place(['spec', 'postBuild', 'substituteFrom', index]),
        what: `\`${node.name}\` takes variables from the ConfigMap \`${name}\`, which nothing in the tree makes, and no layer is said to.`,
        why: `Without it Flux fails with \`substitute from 'ConfigMap/${name}' error\`; and its variables cannot be checked here.`,
        fix: `Where a layer makes it, name it and its keys in the castle file under \`gitops.given.config-maps\`: \`${node.namespace}/${name}: [NAME]\`.`,
      },
    ];
  });
}

function valuesOf(tree: Tree, node: FluxNode): Values {
  const names = new Set(node.substitute.keys());
  let all = true;
  for (const { kind, name } of node.substituteFrom) {
    const keys = kind === 'ConfigMap' ? keysOf(tree, node, name) : undefined;
    if (keys === undefined) all = false;
    for (const key of keys ?? []) names.add(key);
  }
  return { names, all };
}

/** The keys of a ConfigMap beside the node; undefined where nobody tells of it. */
function keysOf(tree: Tree, { namespace }: FluxNode, name: string): readonly string[] | undefined {
  const given = tree.given.configMaps.get(`${namespace}/${name}`);
  if (given !== undefined) return [...given];
  const made = tree.nodes
    .flatMap(({ resources }) => resources)
    .find((each) => each.kind === 'ConfigMap' && each.name === name && each.namespace === namespace);
  if (made === undefined) return undefined;
  const { data } = made.manifest;
  return isMap(data) ? Object.keys(data) : [];
}

function isOff({ manifest }: Resource): boolean {
  const { metadata } = manifest;
  if (!isMap(metadata)) return false;
  const { labels, annotations } = metadata;
  return [labels, annotations].some((each) => isMap(each) && each[switchOff] === 'disabled');
}
