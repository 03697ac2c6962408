/** What no program reads: words for people, settings of GitHub and of editors. Only asked of what no layer names. */
const named =
  /^(?:readme|licen[cs]e|notice|authors|contributing|changelog|code_of_conduct|codeowners|security)(?:[.-].*)?$|\.(?:md|markdown|adoc|rst)$|^\.(?:gitignore|editorconfig|mailmap)$/i;
const folders = new Set(['docs', '.github', '.vscode', '.idea', '.devcontainer']);

/** Whether a file, by its path from the repository's root, can be of no layer. */
export function isUnread(path: string): boolean {
  const parts = path.split('/');
  return named.test(parts.at(-1) ?? '') || (parts.length > 1 && folders.has(parts[0] ?? ''));
}
