import { duration } from '../words.ts';

/** Where on the line a moment lies, as an SVG length; a run that took no time lies at its start. */
export function place(seconds: number, whole: number): string {
  return `${trimmed(share(seconds, whole))}%`;
}

/** Where a stretch lies on the line, no longer than the line itself. */
export function stretch(
  from: number,
  to: number,
  whole: number,
): { readonly x: string; readonly width: string } {
  const [begin, end] = [share(from, whole), share(to, whole)];
  return { x: `${trimmed(begin)}%`, width: `${trimmed(Math.max(0, end - begin))}%` };
}

/** Percent. */
function share(seconds: number, whole: number): number {
  return whole === 0 ? 0 : (Math.min(Math.max(0, seconds), whole) / whole) * 100;
}

/** A coordinate with as many digits as can be seen. */
export function trimmed(value: number): string {
  return String(Math.round(value * 100) / 100);
}

const steps = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200,
  86_400,
];
const mostTicks = 6;

/** Round moments of the run, its start among them, six at most. */
export function ticks(whole: number): number[] {
  const step =
    steps.find((each) => whole / each < mostTicks) ?? Math.ceil(whole / mostTicks / 86_400) * 86_400;
  return Array.from({ length: Math.floor(whole / step) + 1 }, (_, index) => index * step);
}

/** A tick's label: `0`, `30s`, `2m`, `1h 30m`. */
export function tickLabel(seconds: number): string {
  if (seconds === 0) return '0';
  if (seconds < 60) return `${trimmed(seconds)}s`;
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor((seconds % 3600) / 60),
    Math.round(seconds % 60),
  ];
  if (rest !== 0) return duration(seconds);
  return [hours === 0 ? '' : `${hours}h`, minutes === 0 ? '' : `${minutes}m`]
    .filter((part) => part !== '')
    .join(' ');
}

/** `2026-11-23 20:00 UTC` of an ISO time: the page is read in other time zones than it was made in. */
export function dateText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
