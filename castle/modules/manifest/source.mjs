// A manifest from where it is published, held to its digest. Runs inside a layer with nothing but node.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from './refusal.mjs';

const largest = 32 * 1024 * 1024;
const tries = 4;

/** The text of `source`: a file of this machine, or a URL, which is never taken without its digest. */
export async function obtain({ source, sha256 }, { cache, withinMs = 120_000, pauseMs = 1_000 }) {
  if (!/^https?:\/\//.test(source)) {
    const content = await readFile(source);
    if (sha256 != null) hold(source, content, sha256);
    return content.toString('utf8');
  }
  if (!/^[0-9a-f]{64}$/.test(sha256 ?? ''))
    throw new Refusal(
      `${source} has no digest to be held to.`,
      'what a URL gives today it need not give tomorrow',
      'Give its sha256 beside it.',
    );
  const kept = cache && join(cache, `${sha256}.yaml`);
  const known = kept && (await fromCache(kept, sha256));
  if (known) return known.toString('utf8');
  const content = await download(source, { sha256, kept, deadline: Date.now() + withinMs, pauseMs });
  hold(source, content, sha256);
  if (kept) await keep(cache, kept, content);
  return content.toString('utf8');
}

const digestOf = (content) => createHash('sha256').update(content).digest('hex');

function hold(source, content, sha256) {
  const found = digestOf(content);
  if (found === sha256) return;
  throw new Refusal(
    `${source} is not the file that was pinned.`,
    `its sha256 is ${found}, expected ${sha256}`,
    'Nothing of it was applied. Look at what changed there; pin the new digest only once you have read it.',
  );
}

async function fromCache(kept, sha256) {
  const content = await readFile(kept).catch(() => undefined);
  if (content === undefined || digestOf(content) === sha256) return content;
  console.error(`${kept} is damaged: it is fetched anew`);
  await rm(kept, { force: true });
  return undefined;
}

/** Two layers may keep the same file at once: each writes its own and renames it. */
async function keep(cache, kept, content) {
  const own = `${kept}.${process.pid}`;
  try {
    await mkdir(cache, { recursive: true });
    await writeFile(own, content, { flag: 'wx' });
    await rename(own, kept);
  } catch (error) {
    console.error(`not kept for the next time: ${error.message}`);
    await rm(own, { force: true }).catch(() => {});
  }
}

async function download(source, { sha256, kept, deadline, pauseMs }) {
  let seen = 'nothing';
  for (let attempt = 0; attempt < tries && Date.now() < deadline; attempt += 1) {
    if (attempt > 0) await sleep(Math.min(pauseMs * 2 ** (attempt - 1), Math.max(0, deadline - Date.now())));
    try {
      const left = Math.max(1, Math.min(30_000, deadline - Date.now()));
      const answer = await fetch(source, { signal: AbortSignal.timeout(left) });
      if (answer.ok) return await bodyOf(answer, source);
      await answer.body?.cancel();
      seen = `answer ${answer.status}`;
      // Asking again changes nothing about these.
      if (answer.status < 500 && answer.status !== 429 && answer.status !== 408) break;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      seen = error.cause?.code ?? error.cause?.message ?? error.message;
    }
    console.error(`${source}: ${seen}`);
  }
  const place = kept ? `put the file at ${kept}` : 'set XDG_CACHE_HOME';
  throw new Refusal(
    `${source} could not be had.`,
    `last seen: ${seen}`,
    `Let this machine reach it, or ${place}, or name a file of this machine in its place (sha256 ${sha256}).`,
  );
}

async function bodyOf(answer, source) {
  const parts = [];
  let size = 0;
  for await (const part of answer.body) {
    size += part.length;
    if (size > largest)
      throw new Refusal(
        `${source} is no manifest.`,
        `it is larger than ${largest / 1024 / 1024} MiB`,
        'Look at the URL.',
      );
    parts.push(part);
  }
  return Buffer.concat(parts);
}
