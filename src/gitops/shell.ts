/**
 * What a container runs, read for its words only: enough to know which commands it calls with which arguments, never
 * to run it.
 */

/** The words of each command of a script; a separator in quotes separates nothing. */
export function commandsOf(script: string): readonly (readonly string[])[] {
  const text = script.replace(/\\\r?\n/g, ' ');
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote: string | undefined;
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index);
    if (quote !== undefined) {
      if (letter === quote) quote = undefined;
      else word = (word ?? '') + letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= '';
    } else if (letter === '\\') {
      index += 1;
      word = (word ?? '') + text.charAt(index);
    } else if (letter === '#' && word === undefined) {
      while (index + 1 < text.length && text.charAt(index + 1) !== '\n') index += 1;
    } else if (/[\n;|&()`]/.test(letter)) {
      // `2>&1` and `>&2` are no separators.
      if (letter === '&' && word?.endsWith('>')) word += letter;
      else {
        if (letter === '(' && word?.endsWith('$')) word = word.slice(0, -1) || undefined;
        endWord();
        commands.push([]);
      }
    } else if (/\s/.test(letter)) endWord();
    else word = (word ?? '') + letter;
  }
  endWord();
  // `[ -n "$(kubectl get …)" ]`: what is substituted is run too.
  const inner = commands
    .flat()
    .flatMap((each) => [...each.matchAll(/\$\(([^()]*)\)/g)].map(([, run = '']) => run));
  return [...commands.filter((words) => words.length > 0), ...inner.flatMap(commandsOf)];
}

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'busybox']);

export interface Run {
  /** The script that a shell is given; undefined where the container runs a program by itself. */
  readonly script: string | undefined;
  /** The commands, each with its words; the first is what the container starts where it runs no shell. */
  readonly commands: readonly (readonly string[])[];
}

/** What a container starts. `entrypoint` is what its image runs where no command is given. */
export function runOf(
  command: readonly string[],
  args: readonly string[],
  entrypoint: string | undefined,
): Run {
  const words =
    command.length > 0 ? [...command, ...args] : [...(entrypoint === undefined ? [] : [entrypoint]), ...args];
  const shell = words.findIndex((word) => shells.has(word.slice(word.lastIndexOf('/') + 1)));
  const flag = words.findIndex((word, index) => index > shell && /^-[a-z]*c[a-z]*$/.test(word));
  const script = shell !== -1 && shell <= 3 && flag !== -1 ? words[flag + 1] : undefined;
  if (script === undefined) return { script: undefined, commands: [words] };
  const before = words.slice(0, shell);
  return { script, commands: [...(before.length > 0 ? [before] : []), ...commandsOf(script)] };
}
