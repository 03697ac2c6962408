// biome-ignore-all lint/suspicious/noTemplateCurlyInString: HCL writes its own so.
import { describe, expect, test } from 'vitest';
import { castleChange } from '../../src/affected/castle-changes.ts';
import { pathsIn } from '../../src/affected/paths-in.ts';
import { isUnread } from '../../src/affected/unread.ts';

const found = (text: string) => pathsIn(text).paths.map(({ path }) => path);

describe('the paths that a text names', () => {
  test.each<[string, string]>([
    ['source = "../../modules//net"', '../../modules/net'],
    ['source = "${get_repo_root()}/modules/net?x=1"', 'modules/net'],
    ['x = file("${dirname(find_in_parent_folders("root.hcl"))}/a b.json")', 'a b.json'],
    ['x = file("${dirname(find_in_parent_folders("root.hcl"))}/a b.json")', 'root.hcl'],
    ['command = "bash ${path.module}/../tools/x.sh -f"', '../tools/x.sh'],
    ['x = fileset("parts", "*.json")', 'parts'],
    ['x = file("../conf/${each.key}.yaml")', '../conf'],
    ['arguments = ["-var-file=../common.tfvars"]', '../common.tfvars'],
    ['. "$(dirname "$0")/../lib.sh"', '../lib.sh'],
    ['x = "Makefile"', 'Makefile'],
    ['x = file(format("%s/conf/%s.yaml", get_repo_root(), local.env))', 'conf'],
    ['bash "$HERE/../lib.sh"', '../lib.sh'],
    ["readFileSync(new URL('assets.json', import.meta.url))", 'assets.json'],
  ])('%s', (text, path) => {
    expect(found(text)).toContain(path);
  });

  test('are none of other machines, of comments, or without a name', () => {
    expect(found('source = "git::https://example.org/x.git//y?ref=v1"\n# ../a/b\nx = "../.."\n')).toEqual([]);
  });

  test.each<[string, boolean]>([
    ['x = file("${local.dir}/${each.key}.yaml")', true],
    ['x = file("${local.name}.yaml")', true],
    ['x = file("${path.module}/${each.key}.yaml")', false],
    ['x = file("${path.module}/../${each.key}.yaml")', true],
    ['x = file("../conf/${each.key}.yaml")', false],
    ['name = "${var.a}-${var.b}"', false],
    ['x = file(join("/", ["..", "conf", "x.yaml"]))', true],
    ['x = join("/", ["a", "b"])', false],
    ['x = file("a")\ncommand = "sh \'${path.module}/../x.sh\' a"', false],
  ])('are computed where nothing says in which folder: %s', (text, computed) => {
    expect(pathsIn(text).computed).toBe(computed);
  });
});

test('a hostile text is searched in bounded time', () => {
  const size = 500_000;
  for (const text of [
    '\n'.repeat(size),
    '${'.repeat(size / 2),
    `${'${'.repeat(size / 4)}${'}'.repeat(size / 4)}`,
    '"'.repeat(size),
    'source '.repeat(size / 7),
  ]) {
    const start = performance.now();
    pathsIn(text);
    expect(performance.now() - start).toBeLessThan(3_000);
  }
});

describe('another castle file', () => {
  const before =
    'version: 1\nlayers: { a: { timeout: 1m } }\nsecrets: { source: { files: { dir: x } }, T: { layers: [b] } }\n';
  test.each<[string, string, readonly string[] | RegExp]>([
    ['1m', '2m', ['a']],
    ['a: { timeout: 1m }', '', ['a']],
    ['[b]', '[c]', ['b', 'c']],
    ['{ layers: [b] }', '{ layers: [b], as: env }', ['b']],
    ['version: 1\n', 'version: 1 # x\n', []],
    ['dir: x', 'dir: y', /^secrets\.source/],
    ['T:', 'U:', ['b']],
    ['version: 1\n', 'version: 1\nengine: terraform\n', /^engine in/],
    ['layers: {', 'layers: [', /cannot be read/],
  ])('with `%s` as `%s`', (from, to, meant) => {
    const change = castleChange(before, before.replace(from, to), 'phoenix.yaml');
    if (meant instanceof RegExp) expect(change).toEqual({ everything: expect.stringMatching(meant) });
    else expect(change).toEqual({ layers: new Set(meant) });
  });
});

test('words for people are of no layer, and what only looks like them may be', () => {
  for (const path of ['README.md', 'a/LICENSE', '.github/workflows/x.yml', 'docs/a.png', 'a/.gitignore'])
    expect(isUnread(path), path).toBe(true);
  for (const path of ['docs', 'a/docs/x.png', 'x.json', 'md', '.gitattributes', '.sops.yaml'])
    expect(isUnread(path), path).toBe(false);
});
