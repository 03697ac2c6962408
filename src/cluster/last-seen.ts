/** What was seen last, as a sentence; some of what is seen is one already. */
export function lastSeenText(lastSeen: string): string {
  return `Last seen: ${lastSeen}${/[.!?]$/.test(lastSeen) ? '' : '.'}`;
}
