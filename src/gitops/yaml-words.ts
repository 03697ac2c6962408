import type { ErrorCode } from 'yaml';

/** The parser's own sentences repeat what is written there, which may be a secret: only its codes are taken. */
const said: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'An alias (`*name`) has a tag or an anchor',
  BAD_ALIAS: 'This is no name of an anchor or alias; text that begins with `&` or `*` needs quotes',
  BAD_COLLECTION_TYPE: 'The tag is not one of a list or map',
  BAD_DIRECTIVE: 'This line that begins with `%` is no directive',
  BAD_DQ_ESCAPE: 'In double quotes, this backslash begins no escape; single quotes take it as it is',
  BAD_INDENT: 'The indentation fits nothing above it',
  BAD_PROP_ORDER: 'A tag or anchor stands before what has to come first',
  BAD_SCALAR_START: 'Text cannot begin like this without quotes',
  BLOCK_AS_IMPLICIT_KEY: 'A map begins in the middle of a line; text with `: ` needs quotes',
  BLOCK_IN_FLOW: 'A block stands within brackets',
  KEY_OVER_1024_CHARS: 'A key is longer than 1024 characters',
  MISSING_CHAR: 'A quote, bracket, colon, comma or blank is missing',
  MULTILINE_IMPLICIT_KEY: 'A key goes over several lines; a `:` may be missing, or quotes',
  MULTIPLE_ANCHORS: 'Two anchors stand at one value',
  MULTIPLE_TAGS: 'Two tags stand at one value',
  TAB_AS_INDENT: 'A tab is no indentation',
  TAG_RESOLVE_FAILED: 'The tag is not known here, or not fit for the value',
  UNEXPECTED_TOKEN: 'Something stands where nothing can; text after `|` and `>` needs quotes',
};

/** Sentences without their full stops, in words that hold nothing of the file. */
export function saidOf(code: ErrorCode): string {
  return said[code] ?? 'The parser cannot go on here';
}

/** What was thrown where aliases are put in: `Excessive alias count …`, or the name of what is not there. */
export function saidOfThrown(thrown: unknown): string {
  const aliases = thrown instanceof ReferenceError;
  if (aliases && thrown.message.startsWith('Excessive alias count')) return 'Its aliases multiply';
  return aliases
    ? 'An alias (`*name`) has no anchor; text that begins with `*` needs quotes'
    : 'The parser gave up';
}
