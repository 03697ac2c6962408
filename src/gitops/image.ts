export interface Image {
  /** As written. */
  readonly text: string;
  readonly registry: string;
  /** Without the registry, e.g. `library/nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const form =
  /^(?:(?<registry>(?:[a-z0-9-]+\.[a-z0-9.-]+|localhost)(?::\d+)?|[a-z0-9-]+:\d+)\/)?(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[a-z0-9]+:[0-9a-f]{32,}))?$/i;

/** A reference to an image, with what container runtimes add to a short one; undefined for what is none. */
export function readImage(text: string): Image | undefined {
  if (text.length > 1000) return undefined;
  const groups = form.exec(text.trim().replace(/^oci:\/\//, ''))?.groups;
  const repository = groups?.['repository'];
  if (groups === undefined || repository === undefined) return undefined;
  const registry = groups['registry']?.toLowerCase() ?? 'docker.io';
  const hub =
    registry === 'docker.io' || registry === 'index.docker.io' || registry === 'registry-1.docker.io';
  return {
    text,
    registry: hub ? 'docker.io' : registry,
    repository: hub && !repository.includes('/') ? `library/${repository}` : repository,
    tag: groups['tag'],
    digest: groups['digest'],
  };
}
