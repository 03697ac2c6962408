import { Refusal } from './refusal.mjs';

/** Of a manifest the documents of the CRDs that are named, in that order. */
export function chosenCrds(text, names) {
  const documents = text.split(/^---\s*\n/m);
  return names
    .map((name) => {
      const found = documents.find((document) => document.includes(`\n  name: ${name}\n`));
      if (found === undefined)
        throw new Refusal(
          `The manifest holds no CRD ${name}.`,
          'its release may have renamed or dropped it',
          'Pin the release that this module was written for, or change `kinds`.',
        );
      // Conversion by webhook needs the operator's webhook, which a bootstrap does not run.
      if (/^ {4}strategy: Webhook$/m.test(found))
        throw new Refusal(
          `The CRD ${name} wants a conversion webhook.`,
          'that webhook is not run here',
          'Pin a release whose CRD has one version, or leave it out.',
        );
      return found;
    })
    .join('---\n');
}
