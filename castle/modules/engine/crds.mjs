// Prints, of a bundle of CRDs, those of the given names.
import { readFileSync } from 'node:fs';

const [bundle, ...names] = process.argv.slice(2);
const documents = readFileSync(bundle, 'utf8').split(/^---\n/m);
const chosen = names.map((name) => {
  const found = documents.find((document) => document.includes(`\n  name: ${name}\n`));
  if (found === undefined) {
    console.error(`${bundle} holds no CRD ${name}`);
    process.exit(1);
  }
  // Conversion by webhook needs the operator's webhook, which a bootstrap does not run.
  if (/^ {4}strategy: Webhook$/m.test(found)) {
    console.error(`the CRD ${name} wants a conversion webhook, which is not run here`);
    process.exit(1);
  }
  return found;
});
process.stdout.write(chosen.join('---\n'));
