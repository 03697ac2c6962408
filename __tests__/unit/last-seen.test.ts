import { expect, test } from 'vitest';
import { lastSeenText } from '../../src/cluster/last-seen.ts';

test('what was seen last is a sentence with one full stop', () => {
  expect(lastSeenText('Ready=False (Progressing)')).toBe('Last seen: Ready=False (Progressing).');
  expect(lastSeenText('The volume is full.')).toBe('Last seen: The volume is full.');
  expect(lastSeenText('is it there?')).toBe('Last seen: is it there?');
});
