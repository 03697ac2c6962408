import { addressesIn, holdsAddress } from '../addresses.ts';
import { isHelmRelease } from '../charts.ts';
import {
  inspect,
  is,
  isWhole,
  mapAt,
  mapsBelow,
  named,
  resourcesOf,
  textAt,
  textsAt,
  valueAt,
} from '../inspect.ts';
import { isLoadBalancer, othersOf, speaksToOthers } from '../load-balancers.ts';
import type { GitopsFinding, Key, Resource, Rule, Tree } from '../model.ts';
import { settled } from '../settled.ts';

const id = 'load-balancer-without-pool';

interface Pool {
  readonly name: string;
  /** Ranges as written; none where they are not known. */
  readonly addresses: readonly string[];
  /** Whether a Service that does not name it may be given one of its addresses. */
  readonly automatic: boolean;
}

/** A Service of type LoadBalancer that no MetalLB pool can give its address. */
export const loadBalancerWithoutPool: Rule = {
  id,
  look: (tree) => {
    const pools = poolsOf(tree);
    // What is not in the tree may be in what cannot be read of it.
    const others = othersOf(tree) || !isWhole(tree);
    return inspect(tree, (resource, node) => {
      const known = (text: unknown) => (typeof text === 'string' ? settled(node, text) : undefined);
      const findings: GitopsFinding[] = [];
      const metadata = mapAt(resource.manifest, ['metadata', 'annotations']);
      if (isLoadBalancer(resource)) {
        if (!others)
          findings.push(
            ...unplaced(resource, pools, askedPool(metadata) !== undefined || asksAddress(resource)),
          );
        for (const [path, text] of askedAddresses(resource)) {
          const address = known(text);
          if (address !== undefined && !others) findings.push(...outside(resource, path, address, pools));
        }
      }
      if (!others && pools.length === 0) findings.push(...unplacedByChart(resource));
      // In Helm's values the annotations stand wherever the chart has them: the key alone is telling.
      const maps = isHelmRelease(resource)
        ? mapsBelow(valueAt(resource.manifest, ['spec', 'values']), ['spec', 'values'])
        : isLoadBalancer(resource)
          ? [[['metadata', 'annotations'] as readonly Key[], metadata] as const]
          : [];
      for (const [path, map] of maps) {
        const asked = askedPool(map);
        const name = asked === undefined ? undefined : known(map[asked]);
        if (
          asked === undefined ||
          name === undefined ||
          name === '' ||
          pools.some((pool) => pool.name === name)
        )
          continue;
        findings.push({
          rule: id,
          severity: 'error',
          at: resource.place([...path, asked]),
          what: `${named(resource)} asks for the address pool ${name}, and no IPAddressPool has that name.`,
          why: 'MetalLB gives it no address: the Service stays at <pending>, and what is behind it cannot be reached.',
          fix:
            pools.length === 0
              ? 'Add the IPAddressPool.'
              : `Name one of: ${pools.map((pool) => pool.name).join(', ')}.`,
        });
      }
      return findings;
    });
  },
};

function poolsOf(tree: Tree): readonly Pool[] {
  const written = resourcesOf(tree)
    .filter((each) => is(each, 'metallb.io', 'IPAddressPool'))
    .map(
      (each): Pool => ({
        name: each.name,
        addresses: textsAt(each.manifest, ['spec', 'addresses']),
        automatic: valueAt(each.manifest, ['spec', 'autoAssign']) !== false,
      }),
    );
  const given = [...(tree.given.pools ?? [])].map(
    ([name, addresses]): Pool => ({ name, addresses, automatic: true }),
  );
  return [...written, ...given];
}

/** Of a chart only the values are seen, and what it makes of them is its own: a warning. */
function unplacedByChart(resource: Resource): GitopsFinding[] {
  if (!isHelmRelease(resource)) return [];
  const values: readonly Key[] = ['spec', 'values'];
  return [...mapsBelow(valueAt(resource.manifest, values), values)].flatMap(
    ([path, map]): GitopsFinding[] => {
      const asks = path.at(-1) === 'service' || (path.at(-1) === 'spec' && path.at(-2) === 'service');
      const service = asks && map['type'] === 'LoadBalancer' && map['enabled'] !== false;
      const others = map['loadBalancerClass'] !== undefined || speaksToOthers(mapAt(map, ['annotations']));
      if (!service || others) return [];
      return [
        {
          rule: id,
          severity: 'warning',
          at: resource.place([...path, 'type']),
          what: `${named(resource)} is told to make a Service of type LoadBalancer, and neither the tree nor the castle's layers have an IPAddressPool.`,
          why: 'Nobody gives it an address: the Service stays at <pending>, and what is behind it cannot be reached.',
          fix: 'Add an IPAddressPool with an advertisement, or name the pool that a layer makes in the castle file.',
        },
      ];
    },
  );
}

const poolKeys = ['metallb.io/address-pool', 'metallb.universe.tf/address-pool'];
const addressKeys = ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'];

function askedPool(annotations: Readonly<Record<string, unknown>>): string | undefined {
  return poolKeys.find((key) => Object.hasOwn(annotations, key));
}

function askedAddresses({ manifest }: Resource): readonly (readonly [readonly Key[], string])[] {
  const annotations: readonly Key[] = ['metadata', 'annotations'];
  return [
    ...addressKeys.map((key): readonly Key[] => [...annotations, key]),
    ['spec', 'loadBalancerIP'],
  ].flatMap((path) => {
    const text = textAt(manifest, path);
    return text === undefined || text === '' ? [] : [[path, text] as const];
  });
}

const asksAddress = (resource: Resource) => askedAddresses(resource).length > 0;

function unplaced(resource: Resource, pools: readonly Pool[], asks: boolean): GitopsFinding[] {
  if (pools.length > 0 && (asks || pools.some(({ automatic }) => automatic))) return [];
  const none = pools.length === 0;
  return [
    {
      rule: id,
      severity: 'error',
      at: resource.place(['spec', 'type']),
      what: none
        ? `${named(resource)} is of type LoadBalancer, and neither the tree nor the castle's layers have an IPAddressPool.`
        : `${named(resource)} is of type LoadBalancer and names no pool, and every IPAddressPool has autoAssign: false.`,
      why: 'Nobody gives it an address: the Service stays at <pending>, and what is behind it cannot be reached.',
      fix: none
        ? 'Add an IPAddressPool with an advertisement, or name the pool that a layer makes in the castle file.'
        : `Annotate it with metallb.io/address-pool: ${pools[0]?.name}.`,
    },
  ];
}

function outside(
  resource: Resource,
  path: readonly Key[],
  text: string,
  pools: readonly Pool[],
): GitopsFinding[] {
  // Of a pool that a layer makes the addresses may not be known, and a variable may stand in one.
  const unknown = pools.some(
    ({ addresses }) => addresses.length === 0 || addresses.some((each) => addressesIn(each) === undefined),
  );
  if (pools.length === 0 || unknown) return [];
  return text.split(',').flatMap((each): GitopsFinding[] => {
    const address = each.trim();
    const held = pools.some(({ addresses }) =>
      addresses.some((range) => holdsAddress(range, address) !== false),
    );
    if (held) return [];
    return [
      {
        rule: id,
        severity: 'error',
        at: resource.place(path),
        what: `${named(resource)} asks for the address ${address}, which no IPAddressPool holds.`,
        why: 'MetalLB gives it no address: the Service stays at <pending>, and what is behind it cannot be reached.',
        fix: `Ask for one of ${pools.flatMap(({ addresses }) => addresses).join(', ')}.`,
      },
    ];
  });
}
