// Prints the manifests of MANIFEST_SOURCES (JSON: [{source, sha256}]), one after another; of them only the CRDs of
// MANIFEST_CRDS, where that names any. What it is told comes by the environment, so that no shell reads it.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { orRefuse } from './refusal.mjs';
import { chosenCrds } from './select.mjs';
import { obtain } from './source.mjs';

const { MANIFEST_SOURCES = '[]', MANIFEST_CRDS = '', XDG_CACHE_HOME, HOME } = process.env;

await orRefuse(async () => {
  // Without a home of its own, e.g. in a sandbox, nothing is kept.
  const home = XDG_CACHE_HOME || (HOME && join(homedir(), '.cache'));
  const cache = home && join(home, 'phoenix', 'manifests');
  const texts = await Promise.all(JSON.parse(MANIFEST_SOURCES).map((from) => obtain(from, { cache })));
  const text = texts.map((one) => `${one.replace(/^---\s*\n/, '').trimEnd()}\n`).join('---\n');
  const crds = MANIFEST_CRDS.split(/\s+/).filter(Boolean);
  process.stdout.write(crds.length > 0 ? chosenCrds(text, crds) : text);
});
