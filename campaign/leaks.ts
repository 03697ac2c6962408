/**
 * What gets out, told by one audit: the document's way (secrets exported, and kept by a resource) beside Phoenix, on the
 * same castle. `npm run leaks [-- --write]` prints the table, or writes it into docs/security.md.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { smallCastle } from '../__tests__/support/small-castle.ts';
import { tool } from '../__tests__/support/tools.ts';
import { type World, warmTools } from '../__tests__/support/world.ts';
import { auditFiles, type Leak } from '../src/vault/audit.ts';
import { processAuditor } from '../src/vault/audit-processes.ts';

const canaries = new Map([
  ['GITHUB_TOKEN', 'phx-Canary-7Kd02mQz9-of-the-token'],
  ['DATABASE_PASSWORD', `phx-Canary'"$-p4Tw8-of-the-database`],
]);
const stateKey = createHash('sha256').update('a key of the comparison').digest('base64');

/** As the document's engine layer: the token is handed to a resource, which keeps it (kubernetes_secret does). */
const main = `variable "github_token" {
  type      = string
  sensitive = true
}
variable "database_password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "secret" {
  input = { username = "git", password = var.github_token }
}
resource "terraform_data" "work" {
  input = sha256(var.database_password)
  provisioner "local-exec" {
    command = "sleep 2"
  }
}
`;

interface Way {
  readonly name: string;
  run(world: World): Promise<string>;
}

const ways: readonly Way[] = [
  {
    name: "the document's script",
    async run(world) {
      const log = join(world.dir, 'create.log');
      const exports = [...canaries.keys()].map(
        (name) => `export TF_VAR_${name.toLowerCase()}="$(cat ${join(world.secrets, name)})"`,
      );
      const [tofu, terragrunt] = [await tool('tofu'), await tool('terragrunt')];
      const script = [...exports, `${join(import.meta.dirname, '../bench/turbo.sh')} live engine`].join('\n');
      const child = spawn('bash', ['-c', script], {
        cwd: world.dir,
        stdio: ['ignore', openSync(log, 'w', 0o600), openSync(log, 'a', 0o600)],
        env: {
          PATH: `${dirname(tofu)}:${dirname(terragrunt)}:/usr/bin:/bin`,
          HOME: join(world.dir, 'home'),
          TMPDIR: join(world.dir, 'tmp'),
          TG_TF_PATH: tofu,
          TG_NON_INTERACTIVE: 'true',
        },
      });
      const [code] = await once(child, 'exit');
      if (code !== 0) throw new Error(`the script ended with ${code}: ${await readFile(log, 'utf8')}`);
      return readFile(log, 'utf8');
    },
  },
  {
    name: 'Phoenix',
    async run(world) {
      const ended = await world.run(['rebirth']);
      if (ended.code !== 0) throw new Error(ended.output);
      return ended.output;
    },
  },
];

const places = ['environment of processes', 'arguments of processes', 'log', 'state', 'other files'] as const;

function placeOf({ place }: Leak): (typeof places)[number] {
  if (/\/environ /.test(place)) return 'environment of processes';
  if (/\/cmdline /.test(place)) return 'arguments of processes';
  if (/create\.log$/.test(place)) return 'log';
  return /\.tfstate/.test(place) ? 'state' : 'other files';
}

interface Measured {
  readonly way: Way;
  readonly counts: ReadonlyMap<string, number>;
  readonly examples: ReadonlyMap<string, string>;
}

async function measure(way: Way): Promise<Measured> {
  await using world = await smallCastle(
    { engine: { main } },
    {
      yaml: 'state: { encryption: { key: STATE_KEY } }\n',
      secrets: {
        GITHUB_TOKEN: { value: canaries.get('GITHUB_TOKEN') ?? '', use: '{ layers: [engine] }' },
        DATABASE_PASSWORD: { value: canaries.get('DATABASE_PASSWORD') ?? '', use: '{ layers: [engine] }' },
        STATE_KEY: { value: stateKey, use: '{}' },
      },
    },
  );
  const look = processAuditor(canaries, new Set());
  const found = new Map<string, Leak>();
  const keep = (leaks: readonly Leak[]) => {
    for (const leak of leaks) found.set(`${leak.secret} ${leak.place} ${leak.encoding}`, leak);
  };
  let over = false;
  const sampling = (async () => {
    while (!over) {
      keep((await look()).found);
      await sleep(50);
    }
  })();
  const log = await way.run(world).finally(() => {
    over = true;
  });
  await sampling;
  await writeFile(join(world.dir, 'create.log'), log, { mode: 0o600 });
  keep((await auditFiles(canaries, [world.dir])).found);
  const counts = new Map(places.map((place) => [place as string, 0]));
  const examples = new Map<string, string>();
  for (const leak of found.values()) {
    const place = placeOf(leak);
    counts.set(place, (counts.get(place) ?? 0) + 1);
    const short = leak.place
      .replace(world.dir, '')
      .replace(/\/proc\/\d+\//, '')
      .replace(/\.terragrunt-cache\/.*\//, '…/');
    examples.set(place, `${leak.secret} in ${short}, ${leak.encoding}`);
  }
  return { way, counts, examples };
}

await warmTools(['tofu', 'terragrunt']);
const measured: Measured[] = [];
for (const way of ways) measured.push(await measure(way));
const lines = [
  `| Found in | ${ways.map(({ name }) => name).join(' | ')} | For example |`,
  `| --- | ${ways.map(() => '---').join(' | ')} | --- |`,
  ...places.map((place) => {
    const counts = measured.map(({ counts }) => String(counts.get(place) ?? 0));
    const example = measured.map(({ examples }) => examples.get(place)).find((text) => text !== undefined);
    return `| ${place} | ${counts.join(' | ')} | ${example ?? ''} |`;
  }),
];
process.stdout.write(`${lines.join('\n')}\n`);
if (process.argv.includes('--write')) {
  const page = join(import.meta.dirname, '../docs/security.md');
  const text = await readFile(page, 'utf8');
  const [head = '', rest = ''] = text.split('<!-- leaks: made by `npm run leaks -- --write` -->');
  const tail = rest.split('<!-- /leaks -->')[1] ?? '';
  await writeFile(
    page,
    `${head}<!-- leaks: made by \`npm run leaks -- --write\` -->\n\n${lines.join('\n')}\n\n<!-- /leaks -->${tail}`,
  );
}
const phoenix = measured.find(({ way }) => way.name === 'Phoenix');
if ([...(phoenix?.counts.values() ?? [])].some((count) => count > 0)) process.exitCode = 1;
