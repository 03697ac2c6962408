import { appendFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import type { LayerJob } from '../layer/job.ts';
import type { LeakAudit } from '../vault/audit.ts';
import { readSecretFile, vaultError } from '../vault/files.ts';
import type { Redactor } from '../vault/redact.ts';
import { partitionOf, type Vault } from '../vault/vault.ts';

/**
 * What a run leaves in its vault for whoever cleans up after it: the post step, or the next run on the same boot. It
 * holds secrets, so it lies in RAM only and goes with the vault.
 */
const layerHandover = z.object({
  name: z.string(),
  operation: z.enum(['apply', 'destroy']).default('apply'),
  dir: z.string(),
  partition: z.string(),
  varFiles: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  terragrunt: z.string(),
  engine: z.string(),
  starter: z.object({ wrapper: z.string(), engine: z.string() }),
  timeoutSeconds: z.number(),
  stallSeconds: z.number(),
  graceSeconds: z.number(),
});

export type LayerHandover = z.infer<typeof layerHandover>;

const layerFile = 'handover.json';

/** Whatever is needed to judge the layer, push its state and release its lock later. Written before it starts. */
export async function leaveLayer(vault: Vault, job: LayerJob): Promise<void> {
  const {
    run: _,
    handsOver: __,
    onRunning: ___,
    redact: ____,
    learn: _____,
    redactCut: ______,
    answers: _______,
    ...kept
  } = job;
  // A rebirth from nothing has a layer twice: what it left as it destroyed it is over.
  await rm(join(job.partition, layerFile), { force: true });
  await vault.write(job.partition, layerFile, JSON.stringify(kept));
}

/** What a run left of a layer; undefined where its vault is gone (a reboot) or it never came so far. */
export function findLayer(vaultDir: string | undefined, layer: string): Promise<LayerHandover | undefined> {
  if (vaultDir === undefined) return Promise.resolve(undefined);
  return parsed(join(partitionOf(vaultDir, layer), layerFile), layerHandover);
}

const session = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('infisical'),
    host: z.string(),
    token: z.string(),
    caFile: z.string().optional(),
  }),
  z.object({
    kind: z.literal('hashicorp-vault'),
    address: z.string(),
    namespace: z.string().optional(),
    token: z.string(),
    caFile: z.string().optional(),
  }),
]);

export type SessionHandover = z.infer<typeof session>;

/** A login that must be revoked, also where its run cannot do so any more. `number` counts the run's logins. */
export async function leaveSession(vault: Vault, number: number, login: SessionHandover): Promise<void> {
  await vault.write(vault.dir, `session-${number}.json`, JSON.stringify(login));
}

export async function findSessions(vaultDir: string): Promise<SessionHandover[]> {
  const names = (await readdir(vaultDir).catch(() => [])).filter((name) => /^session-\d+\.json$/.test(name));
  const found = await Promise.all(names.map((name) => parsed(join(vaultDir, name), session)));
  return found.filter((login) => login !== undefined);
}

const stateLease = z.object({
  state: z.object({ backend: z.string(), layer: z.string(), config: z.record(z.string(), z.unknown()) }),
  castle: z.string(),
  env: z.record(z.string(), z.string()),
});

export type StateLeaseHandover = z.infer<typeof stateLease>;

const stateLeaseFile = 'state-lease.json';

/** Where the lease beside the states is, and the credentials for it, so that it can be given back. */
export async function leaveStateLease(vault: Vault, lease: StateLeaseHandover): Promise<void> {
  await vault.write(vault.dir, stateLeaseFile, JSON.stringify(lease));
}

export function findStateLease(vaultDir: string): Promise<StateLeaseHandover | undefined> {
  return parsed(join(vaultDir, stateLeaseFile), stateLease);
}

const audit = z.object({
  roots: z.array(z.string()),
  shared: z.object({ roots: z.array(z.string()), since: z.number() }),
  except: z.array(z.string()),
  inEnvironment: z.array(z.string()),
  stateInClear: z.boolean().default(false),
});

export type AuditHandover = z.infer<typeof audit>;

const auditFile = 'audit.json';

/** Where the leak audit of the run looks, for a run that cannot do its own. */
export async function leaveAudit(vault: Vault, plan: AuditHandover): Promise<void> {
  await vault.write(vault.dir, auditFile, JSON.stringify(plan));
}

export function findAudit(vaultDir: string): Promise<AuditHandover | undefined> {
  return parsed(join(vaultDir, auditFile), audit);
}

const sampledFile = 'sampled.json';
const sampled = z.object({
  checked: z.int(),
  found: z.array(z.object({ secret: z.string(), place: z.string(), encoding: z.string() })),
});

/** What was seen in processes so far, by name and place: they are gone when the post step looks. */
export async function leaveSampled(vault: Vault, { checked, found }: LeakAudit): Promise<void> {
  await vault.write(vault.dir, sampledFile, JSON.stringify({ checked, found }));
}

export function findSampled(vaultDir: string): Promise<z.infer<typeof sampled> | undefined> {
  return parsed(join(vaultDir, sampledFile), sampled);
}

const knownFile = 'known.jsonl';
const knownSecret = z.tuple([z.string(), z.string()]);

/**
 * From here on every secret that the run learns is kept in the vault, so that nobody after it prints one: until the
 * returned function is called, before the vault is gone.
 */
export function leaveSecrets(vault: Vault, redactor: Redactor): () => void {
  return redactor.follow((name, value) => {
    const file = join(vault.dir, knownFile);
    try {
      appendFileSync(file, `${JSON.stringify([name, value])}\n`, { mode: 0o600 });
    } catch (cause) {
      throw vaultError(file, cause);
    }
  });
}

export async function learnSecrets(vaultDir: string, redactor: Redactor): Promise<void> {
  const text = await textOf(join(vaultDir, knownFile));
  for (const line of text.split('\n')) {
    const known = knownSecret.safeParse(parseJson(line));
    if (known.success) redactor.add(...known.data);
  }
}

async function parsed<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await textOf(file);
  return schema.safeParse(parseJson(text)).data;
}

/** A file that is not as the run wrote it counts as none: what somebody else put there must not steer the clean-up. */
function textOf(file: string): Promise<string> {
  return readSecretFile(file).then(
    (text) => text ?? '',
    () => '',
  );
}
