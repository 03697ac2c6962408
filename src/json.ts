/** What the text says; undefined where it is no JSON. For answers that a schema is held against next. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
