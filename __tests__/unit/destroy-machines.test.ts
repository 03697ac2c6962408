import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeOf, type Inventory, keyOf, matchesName, selectMachines } from '../../src/destroy/machines.ts';
import { type Listed, type Machine, tagsIn } from '../../src/proxmox/machines.ts';
import { holds } from '../support/property.ts';

const criteria = { vmids: [{ first: 421, last: 432 }], tag: 'phoenix', name: 'tazlab-*' };

function vm(given: Partial<Machine> = {}): Machine {
  return {
    ...{ vmid: 421, node: 'pve', status: 'running', name: 'tazlab-cp-1', tags: ['phoenix'] },
    ...{ template: false, protection: false, lock: undefined, uuid: 'u-1', mark: 'u-1 g-1 17' },
    ...given,
  };
}

const listed = ({ vmid, node, status, name, tags }: Machine, kind: Listed['kind'] = 'qemu'): Listed => ({
  ...{ kind, vmid, node, status, name, tags },
});

function inventory(machines: readonly Machine[], more: Partial<Inventory> = {}): Inventory {
  return {
    nodes: [{ node: 'pve', online: true }],
    guests: machines.map((machine) => listed(machine)),
    machines: new Map(machines.map((machine) => [keyOf(machine), machine])),
    hidden: [],
    ...more,
  };
}

const idsOf = (machines: readonly { readonly vmid: number }[]) => machines.map(({ vmid }) => vmid);
const select = (all: Inventory, own = {}) => selectMachines(all, criteria, own);

describe('the VMs of a castle', () => {
  test.each([
    ['by id, tag and name', {}],
    ['on the first id', { vmid: 421 }],
    ['on the last id', { vmid: 432 }],
    ['with other tags beside its own', { tags: ['a', 'phoenix', 'tazlab'] }],
  ] as const)('are its own %s', (_, given) => {
    expect(
      select(inventory([vm({ ...given, tags: [...(('tags' in given && given.tags) || ['phoenix'])] })])).ours,
    ).toHaveLength(1);
  });

  test.each([
    ['an id before the first', { vmid: 420 }, /its id is not one of/],
    ['an id behind the last', { vmid: 433 }, /its id is not one of/],
    ['an id that begins alike', { vmid: 4210 }, /its id is not one of/],
    ['no tag', { tags: [] }, /does not bear the tag `phoenix`/],
    ['a tag that only begins alike', { tags: ['phoenix-old', 'phoenixx'] }, /does not bear the tag/],
    ['the tag in capitals', { tags: ['Phoenix'] }, /does not bear the tag/],
    ['another name', { name: 'tazlab' }, /its name does not match `tazlab-\*`/],
    ['a name that holds its own', { name: 'my-tazlab-cp-1' }, /its name does not match/],
    ['its name in capitals', { name: 'Tazlab-cp-1' }, /its name does not match/],
    ['a pattern for a name', { name: '*' }, /its name does not match/],
    ['no name', { name: '' }, /its name does not match/],
  ])('are not those with %s', (_, given, why) => {
    const { ours, strangers, refusals } = select(inventory([vm(given)]));
    expect({ ours, refusals }).toEqual({ ours: [], refusals: [] });
    expect(strangers).toMatchObject([{ why: expect.stringMatching(why) }]);
  });

  test('are no containers, whatever these are called', () => {
    const { ours, strangers } = select(inventory([], { guests: [listed(vm(), 'lxc')] }));
    expect(ours).toEqual([]);
    expect(strangers).toMatchObject([{ vmid: 421, inRange: true, why: 'it is a container, not a VM' }]);
  });

  test('are known by their own configuration, not by what the list says of them', () => {
    const now = vm({ name: 'db-1', tags: [] });
    const said = { ...listed(now), name: 'tazlab-cp-1', tags: ['phoenix'] };
    expect(select(inventory([now], { guests: [said] })).ours).toEqual([]);
  });

  test('are told from tags as Proxmox parts them', () => {
    expect(tagsIn('phoenix;tazlab')).toEqual(['phoenix', 'tazlab']);
    expect(tagsIn(' a, phoenix  b;;')).toEqual(['a', 'phoenix', 'b']);
    expect(tagsIn(undefined)).toEqual([]);
  });

  const refusing: readonly (readonly [string, Inventory, object, RegExp])[] = [
    ['one is protected', inventory([vm({ protection: true })]), {}, /is protected/],
    ['one is a template', inventory([vm({ template: true })]), {}, /is a template/],
    ['one is the machine itself, by its id', inventory([vm()]), { vmid: 421 }, /Phoenix runs on/],
    ['one is the machine itself, by its SMBIOS id', inventory([vm()]), { uuid: 'u-1' }, /Phoenix runs on/],
    ['its node is offline', inventory([vm()], { nodes: [{ node: 'pve', online: false }] }), {}, /not online/],
    ['its node is not known', inventory([vm()], { nodes: [] }), {}, /not online/],
    ['one went while it was looked at', inventory([vm()], { machines: new Map() }), {}, /is not there/],
    ['one is listed twice', inventory([vm(), vm({ node: 'pve', mark: 'x' })]), {}, /more than once/],
    [
      'one cannot be seen',
      inventory([vm()], { hidden: [425] }),
      {},
      /VM 425 exists, and the token may not see it/,
    ],
  ];
  test.each(refusing)('are all left alone where %s', (_, all, own, why) => {
    expect(select(all, own).refusals.join('. ')).toMatch(why);
  });

  test('are no reason to refuse where a stranger is protected, a template, or on a node that is down', () => {
    const others = [
      vm({ vmid: 100, protection: true, node: 'down' }),
      vm({ vmid: 422, name: 'db', protection: true, template: true }),
    ];
    const all = inventory([vm(), ...others], {
      nodes: [
        { node: 'pve', online: true },
        { node: 'down', online: false },
      ],
    });
    expect(select(all, { vmid: 100 })).toMatchObject({ refusals: [] });
    expect(idsOf(select(all).ours)).toEqual([421]);
  });
});

describe('a VM that was looked at', () => {
  test.each([
    ['is another one', { mark: 'u-2 g-1 17' }, /made in its place/],
    ['has another name', { name: 'db' }, /renamed meanwhile, to db/],
    ['has another tag', { tags: ['phoenix', 'keep'] }, /tags were changed meanwhile/],
    ['is on another node', { node: 'pve2' }, /another VM/],
    ['is protected now', { protection: true }, /protected meanwhile/],
    ['is a template now', { template: true }, /template meanwhile/],
  ])('is left alone where it %s', (_, given, why) => {
    expect(changeOf(vm(), vm(given))).toMatch(why);
  });

  test('is the same with another power and its tags in another order', () => {
    const then = vm({ tags: ['a', 'phoenix'] });
    expect(
      changeOf(then, { ...then, tags: ['phoenix', 'a'], status: 'stopped', lock: 'backup' }),
    ).toBeUndefined();
  });
});

describe('the pattern of a name', () => {
  const letters = fc.constantFrom('a', 'b', '-', '.', '*', '?', '[', '\\', '+');
  const words = fc.array(letters, { maxLength: 8 }).map((each) => each.join(''));

  test('means what the same regular expression means', () => {
    holds(
      fc.property(words, words, (pattern, name) => {
        const literal = (text: string) => text.replace(/[.+^${}()|[\]\\/-]/g, '\\$&');
        const expression = [...pattern]
          .map((each) => (each === '*' ? '.*' : each === '?' ? '.' : literal(each)))
          .join('');
        expect(matchesName(pattern, name)).toBe(new RegExp(`^${expression}$`, 's').test(name));
      }),
    );
  });

  test('is told in time, whatever it is', () => {
    const from = performance.now();
    expect(matchesName(`${'a*'.repeat(30)}b`, 'a'.repeat(2000))).toBe(false);
    expect(performance.now() - from).toBeLessThan(1000);
  });
});
