import type { Image } from '../image.ts';
import { imagesOf } from '../images.ts';
import { inspect, named } from '../inspect.ts';
import type { GitopsFinding, Rule } from '../model.ts';

const id = 'image-unpinned';

/** An image whose tag means another one tomorrow. A digest beside it is always enough. */
export const imageUnpinned: Rule = {
  id,
  look: (tree) =>
    inspect(tree, (resource, node) =>
      imagesOf(resource, node).flatMap(({ image, path, bearer, onNode }): GitopsFinding[] => {
        // What is never pulled is what the node has, whatever its tag.
        const fault = onNode ? undefined : faultOf(image);
        if (fault === undefined) return [];
        return [
          {
            rule: id,
            severity: fault.severity,
            at: resource.place(path),
            what: `${bearer} of ${named(resource)} runs ${image.text}, ${fault.what}.`,
            why: 'A castle that is reborn next month gets another program than the one that was proved today, and nothing in the repository tells which.',
            fix: 'Write the version that is wanted, best with its digest (NAME:VERSION@sha256:…).',
          },
        ];
      }),
    ),
};

const moving =
  /^(?:stable|main|master|trunk|edge|dev|devel|develop|development|nightly|canary|next|beta|alpha|rolling|lts|current|unstable|testing|snapshot|mainline|staging|production|prod)(?:-[a-z]+)*$|^latest-|-(?:latest|nightly|edge|snapshot)$/i;
/** `16`, `v3`, `1-alpine`: every release of a major version. More digits are a date or a build. */
const major = /^v?\d{1,2}(?:-[a-z]+(?:[-.]?[a-z]+)*)?$/i;

function faultOf({ tag, digest }: Image): Pick<GitopsFinding, 'what' | 'severity'> | undefined {
  if (digest !== undefined) return undefined;
  if (tag === undefined) return { what: 'without a tag, which is `latest`', severity: 'error' };
  if (tag.toLowerCase() === 'latest') return { what: 'by the tag `latest`', severity: 'error' };
  if (moving.test(tag)) return { what: `by the tag \`${tag}\`, which moves`, severity: 'warning' };
  if (major.test(tag))
    return {
      what: `by the tag \`${tag}\`, which moves with every release of that version`,
      severity: 'warning',
    };
  return undefined;
}
