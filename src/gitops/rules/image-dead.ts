import type { Image } from '../image.ts';
import { imagesOf } from '../images.ts';
import { inspect, named } from '../inspect.ts';
import type { GitopsFinding, Rule } from '../model.ts';

const id = 'image-dead';

interface Dead {
  is(image: Image): boolean;
  severity(image: Image): GitopsFinding['severity'];
  readonly why: string;
  readonly use: string;
}

const from =
  (registry: string, prefix = '') =>
  (image: Image): boolean =>
    image.registry === registry && image.repository.startsWith(prefix);
const always = (severity: GitopsFinding['severity']) => () => severity;

const dead: readonly Dead[] = [
  {
    is: from('docker.io', 'bitnami/'),
    // What is left is under `latest` alone, and not of every image; a digest may outlive its tag.
    severity: ({ tag, digest }) =>
      digest === undefined && tag !== undefined && tag !== 'latest' ? 'error' : 'warning',
    why: 'Bitnami took the versioned tags out of docker.io/bitnami in September 2025 (bitnami/containers#83267)',
    use: 'Use the image of the program itself, e.g. registry.k8s.io/kubectl for kubectl; docker.io/bitnamilegacy holds the old tags, without updates.',
  },
  {
    is: from('docker.io', 'bitnamilegacy/'),
    severity: always('warning'),
    why: 'docker.io/bitnamilegacy gets no updates since August 2025 (bitnami/containers#83267)',
    use: 'Use the image of the program itself.',
  },
  {
    is: from('gcr.io', 'kubebuilder/'),
    severity: always('error'),
    why: 'gcr.io/kubebuilder was deleted in 2025 (kubernetes-sigs/kubebuilder discussion 3907)',
    use: 'Use quay.io/brancz/kube-rbac-proxy, or what the operator does without it in a newer release.',
  },
  {
    is: (image) =>
      image.registry === 'k8s.gcr.io' ||
      from('gcr.io', 'google_containers/')(image) ||
      from('gcr.io', 'google-containers/')(image),
    severity: always('warning'),
    why: 'k8s.gcr.io is frozen since 3 April 2023 and only redirects what is older',
    use: 'Write registry.k8s.io in its place: it has the same images under the same names.',
  },
  {
    is: from('docker.pkg.github.com'),
    severity: always('error'),
    why: "GitHub closed docker.pkg.github.com on 24 February 2025 (GitHub's changelog of 23 January 2025)",
    use: 'Write ghcr.io/OWNER/IMAGE.',
  },
  {
    is: from('registry.opensource.zalan.do'),
    severity: always('warning'),
    why: 'Zalando takes registry.opensource.zalan.do down and has moved its images in 2026 (zalando-incubator/stackset-controller#733)',
    use: 'Write the image under ghcr.io/zalando or ghcr.io/zalando-incubator.',
  },
];

/** An image that is known to be gone, or to be going. */
export const imageDead: Rule = {
  id,
  look: (tree) =>
    inspect(tree, (resource, node) =>
      imagesOf(resource, node).flatMap(({ image, path, bearer }): GitopsFinding[] => {
        const entry = dead.find((each) => each.is(image));
        if (entry === undefined) return [];
        return [
          {
            rule: id,
            severity: entry.severity(image),
            at: resource.place(path),
            what: `${bearer} of ${named(resource)} runs ${image.text}.`,
            why: `${entry.why}: a node that does not have it yet ends in ImagePullBackOff, and a castle reborn has none.`,
            fix: entry.use,
          },
        ];
      }),
    ),
};
