import { type Check, type Finding, ofCastle, ok, skipped, warning } from '../check.ts';
import { platformOf } from './inputs.ts';
import { textsBelow } from './texts.ts';

export const registries: Check = {
  id: 'iron.registries',
  why: 'Docker Hub and ghcr.io let an address without a login pull about a hundred images in six hours: a few rebirths in a row, and the next one waits for images.',
  look: ofCastle(async (castle, _, subject) => {
    if (castle.box) return skipped('a castle of the box pulls no image');
    if (castle.gitops === undefined) return skipped('the castle file has no `gitops`');
    const platform = await platformOf(castle, subject);
    const inputs = 'status' in platform ? '' : JSON.stringify(platform.inputs);
    return judgeRegistries(await textsBelow(castle.gitops.dir, /\.ya?ml$/), mirrorsIn(inputs));
  }),
};

const limited = ['ghcr.io', 'docker.io'];

/** Registries that have a mirror by the platform's inputs: its own `registry_mirrors`, or patches as Talos has them. */
export function mirrorsIn(text: string): ReadonlySet<string> {
  if (!/mirrors/.test(text)) return new Set();
  return new Set(
    limited.filter((host) => new RegExp(`"?\\b${host.replace('.', '\\.')}"?\\s*[:=]`).test(text)),
  );
}

/** What both registries give an address without a login in six hours, about; and how many rebirths must fit into it. */
const pulls = 100;
const rebirths = 6;

/** `texts`: the YAML of a GitOps tree, a file each. A file that names a pull secret is taken to use it for all its images. */
export function judgeRegistries(texts: readonly string[], mirrored: ReadonlySet<string>): Finding {
  const images = new Set(texts.filter((text) => !/^\s*imagePullSecrets:/m.test(text)).flatMap(imagesIn));
  const counts = limited
    .filter((host) => !mirrored.has(host))
    .map((host) => ({ host, count: [...images].filter((image) => registryOf(image) === host).length }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0)
    return ok('no image of the tree comes from a registry that limits who has no login');
  const words = counts.map(({ host, count }) => `${count} ${count === 1 ? 'image' : 'images'} from ${host}`);
  const saw = `pulled without a login or a mirror, beside what the layers bring: ${words.join(', ')}`;
  if (counts.every(({ count }) => count * rebirths <= pulls))
    return ok(`${saw}; that is enough for ${rebirths} rebirths in six hours`);
  return warning(
    saw,
    'Set a mirror of the registry in the machine configuration (best: on the Proxmox host), or give the ServiceAccounts an imagePullSecret.',
  );
}

/** As pods name them, and as charts do in their values: `image: { registry: …, repository: … }`. */
function imagesIn(text: string): string[] {
  const plain = [...text.matchAll(/^[ \t]*(?:-[ \t]+)?image:[ \t]*["']?([\w./:@-]+)/gm)].map(
    ([, image = '']) => image,
  );
  const parts = [
    ...text.matchAll(
      /^[ \t]*(?:registry:[ \t]*["']?([\w.:-]+)["']?[ \t]*\n[ \t]*)?repository:[ \t]*["']?([\w.:-]+\/[\w./-]+)/gm,
    ),
  ];
  return [
    ...plain,
    ...parts.map(([, registry, repository = '']) =>
      registry === undefined ? repository : `${registry}/${repository}`,
    ),
  ];
}

/** The host of an image reference; Docker Hub where it names none. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost && first !== 'index.docker.io' ? first : 'docker.io';
}
