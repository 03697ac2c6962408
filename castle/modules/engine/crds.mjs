// Prints, of a bundle of CRDs, those of the given kinds (plural names of the group external-secrets.io).
import { readFileSync } from 'node:fs';

const [bundle, ...kinds] = process.argv.slice(2);
const documents = readFileSync(bundle, 'utf8').split(/^---\n/m);
const chosen = kinds.map((kind) => {
  const name = new RegExp(`^  name: ${kind}\\.external-secrets\\.io$`, 'm');
  const found = documents.find((document) => name.test(document));
  if (found === undefined) {
    console.error(`${bundle} holds no CRD ${kind}.external-secrets.io`);
    process.exit(1);
  }
  // Conversion by webhook needs the operator's webhook, which a bootstrap does not run.
  if (/^ {4}strategy: Webhook$/m.test(found)) {
    console.error(`the CRD ${kind}.external-secrets.io wants a conversion webhook, which is not run here`);
    process.exit(1);
  }
  return found;
});
process.stdout.write(chosen.join('---\n'));
