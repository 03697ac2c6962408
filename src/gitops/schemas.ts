const schema = /^(\s*)(?:- )?openAPIV3Schema:[ \t]*\r?$/;

/**
 * The text with the schemas of its CustomResourceDefinitions emptied, line by line, so that every other line stays where
 * it is. They are most of the bytes of most trees, and parsing them would take seconds.
 */
export function withoutSchemas(text: string): string {
  if (!text.includes('openAPIV3Schema:')) return text;
  let inside: number | undefined;
  const kept: string[] = [];
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (inside !== undefined && (indent > inside || line.trim() === '')) {
      kept.push('');
      continue;
    }
    inside = schema.test(line) ? line.indexOf('openAPIV3Schema') : undefined;
    kept.push(line);
  }
  return kept.join('\n');
}
