/**
 * Loads a part of Phoenix that has a bundle of its own beside the main one, since it is large and only some runs need it.
 * `source` is the part's entry, relative to this file; `bundle` its name in `dist/`.
 */
export function loadOwnBundle(source: `./${string}.ts`, bundle: `./${string}.js`): Promise<unknown> {
  // In the bundle this is the URL of the bundle; told apart by its ending, and kept from the bundler's eyes.
  const here = import.meta.url;
  return import(/* webpackIgnore: true */ new URL(here.endsWith('.ts') ? source : bundle, here).href);
}
