/** A path as a text writes it, without the expression in front of it that says from where it counts. */
export interface WrittenPath {
  readonly path: string;
  /** The words of `fileset("…")` and paths with a `/` may be folders; a bare word is a file or no path at all. */
  readonly folder: boolean;
  /** `source = ".."`: counts from the text or the unit, and from no folder around them. */
  readonly dots?: true;
}

export interface Written {
  readonly paths: readonly WrittenPath[];
  /** A file's name is put together when it runs, and nothing says in which folder it lies. */
  readonly computed: boolean;
}

/** Stand for `${…}`: one that gives the folder of the text itself, and any other. In Unicode they mean nothing. */
const own = '\ue001';
const other = '\ue002';
const ownFolder =
  /^\s*(?:path\.(?:module|root|cwd)|get_(?:original_)?terragrunt_dir\(\)|get_working_dir\(\))\s*$/;
const readsFiles = /\b(?:file[a-z0-9]*|templatefile|run_cmd)\s*\(/;
const joinsPaths = /\bjoin\(\s*"\/"/;

/**
 * Every path that a text may name: HCL, a script, a template. It is not parsed but searched, and rather finds too many:
 * whoever asks keeps those that exist. So it sees what a parser of one language would not, such as the script in a
 * command and the module in that script.
 */
export function pathsIn(text: string): Written {
  const segments = withoutExpressions(text.replaceAll(/^[ \t]*(?:#|\/\/).*$/gm, ''));
  const paths = new Map<string, WrittenPath>();
  let computed =
    segments.some((segment) => segment.includes('${')) || (joinsPaths.test(text) && readsFiles.test(text));
  const add = (raw: string, folder: boolean) => {
    const written = plain(raw);
    // A command is no name of a file; its words are looked at each for itself.
    if (written === 'computed') computed ||= !/[\s=]/.test(raw) && readsFiles.test(text);
    else if (written !== undefined && (folder || !paths.has(written)))
      paths.set(written, { path: written, folder });
  };
  for (const segment of segments) {
    for (const [, word = ''] of segment.matchAll(/fileset\(\s*"([^"\n]*)"/g)) add(word, true);
    for (const [, word = ''] of segment.matchAll(/source\s*=\s*"(\.[./]*)"/g))
      paths.set(word, { path: word, folder: true, dots: true });
    for (const [, word = ''] of segment.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)) add(word, word.includes('/'));
    for (const [, word = ''] of segment.matchAll(/'([^'\n]*)'/g)) add(word, word.includes('/'));
    for (const word of segment.split(/[\s"'`,;()<>|&={}[\]]+/)) if (word.includes('/')) add(word, true);
  }
  return { paths: [...paths.values()], computed };
}

/** Deeper than anybody nests them; each level is a walk through the text, which is not always a friend's. */
const deepest = 20;

/** The text with a mark for each `${…}` and `%{…}`, then what stood in them, from the inside out. */
function withoutExpressions(text: string): string[] {
  const inside: string[] = [];
  // What `format` and a shell put in is an expression too.
  let rest = text.replaceAll(/%[sdv]|\$[A-Za-z_]\w*/g, other);
  for (let depth = 0; depth < deepest; depth += 1) {
    const next = rest.replaceAll(/[$%]\{([^{}]*)\}/g, (_, expression: string) => {
      inside.push(expression);
      return ownFolder.test(expression) ? own : other;
    });
    if (next === rest) return [rest, ...inside];
    rest = next;
  }
  return [rest, ...inside];
}

function plain(raw: string): string | 'computed' | undefined {
  if (raw.length > 400 || raw.includes('://')) return undefined;
  const isOwn = raw.startsWith(own);
  // An expression in front says from where the path counts only where a slash follows; else it is a part of the name.
  let path = raw.replace(/^[\ue001\ue002](?=\/|$)/, '').replace(/\?\w+=.*$/, '');
  const mark = path.search(/[\ue001\ue002]/);
  if (mark >= 0) {
    const pathLike = path.includes('/') || /\.[A-Za-z0-9]{1,10}$/.test(path);
    path = path.slice(0, Math.max(0, path.lastIndexOf('/', mark)));
    const fixed = path.split('/').some((part) => part !== '' && part !== '.' && part !== '..');
    if (!fixed) return pathLike && !(isOwn && !path.includes('..')) ? 'computed' : undefined;
  }
  // Behind an expression the slash only joins; a path of the machine itself is none of the repository's.
  path = path
    .replace(/^\/+/, '')
    .replaceAll(/\/{2,}/g, '/')
    .replace(/\/$/, '');
  return path.split('/').every((part) => part === '' || part === '.' || part === '..') ? undefined : path;
}
