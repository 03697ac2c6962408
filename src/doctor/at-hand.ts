import { readFile } from 'node:fs/promises';
import { find } from '@actions/tool-cache';
import { z } from 'zod';
import { silentLog } from '../log.ts';
import { useCacheFolder } from '../toolchain/cache.ts';
import { sha256File } from '../toolchain/digest.ts';
import type { ToolName, ToolRequest } from '../toolchain/install.ts';
import { contradiction, openLock } from '../toolchain/lock.ts';
import { fromPath } from '../toolchain/path.ts';
import { platformOf } from '../toolchain/platform.ts';
import { hideDebugCommands } from '../toolchain/quiet.ts';
import { layout } from '../toolchain/stage.ts';
import { exactVersion } from '../toolchain/version.ts';

/** What the check of a digest needs of a receipt; see toolchain/cache.ts. */
const receipt = z.object({
  sha256: z.string(),
  crds: z.string().optional(),
  origin: z.object({
    archive: z.string().optional(),
    go: z.string().optional(),
    sum: z.string().optional(),
  }),
});

export interface AtHand {
  readonly files: ReadonlyMap<ToolName, string>;
  /** `terragrunt 1.1.1` */
  readonly missing: readonly string[];
  /** Files in the cache that are not what they should be: nothing may run them. */
  readonly altered: readonly string[];
}

/**
 * The tools that can be used without installing any: in the tool cache, or on PATH where the castle file allows that.
 * The toolchain would do more: delete a tool that was altered, and write new digests into the lock.
 */
export async function toolsAtHand(
  requests: readonly ToolRequest[],
  lockFile: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<AtHand> {
  using _quiet = hideDebugCommands(env);
  useCacheFolder(env, undefined);
  const { key } = platformOf(process.platform, process.arch);
  const lock = await openLock(lockFile, silentLog);
  const files = new Map<ToolName, string>();
  const missing: string[] = [];
  const altered: string[] = [];
  for (const { name, version: asked, path } of requests) {
    const version = exactVersion(name, asked);
    const folder = find(name, version, key);
    const said = folder === '' ? undefined : await readReceipt(layout.receipt(folder));
    if (said !== undefined) {
      const file = layout.binary(folder, name);
      const sha256 = await sha256File(file).catch(() => undefined);
      const { crds, origin } = said;
      const wrong =
        sha256 !== said.sha256 ||
        contradiction(lock.entry(name, version, key), { sha256, crds, origin: defined(origin) }) !==
          undefined;
      if (!wrong) files.set(name, file);
      else if (sha256 !== undefined) altered.push(file);
      if (sha256 !== undefined) continue;
    }
    const onPath = await fromPath({ env, signal }, { name, version, path });
    if ('kind' in onPath) missing.push(`${name} ${version}`);
    else files.set(name, onPath.file);
  }
  return { files, missing, altered };
}

async function readReceipt(file: string): Promise<z.infer<typeof receipt> | undefined> {
  try {
    return receipt.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Without the keys whose value is undefined. */
function defined({ archive, go, sum }: z.infer<typeof receipt>['origin']) {
  return { ...(archive && { archive }), ...(go && { go }), ...(sum && { sum }) };
}
