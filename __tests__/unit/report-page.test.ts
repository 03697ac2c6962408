import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actsOf } from '../../src/report/page/acts.ts';
import { headline } from '../../src/report/page/headline.ts';
import { cut, html } from '../../src/report/page/html.ts';
import { keepPage } from '../../src/report/page/keep.ts';
import { readPast, withThisRun } from '../../src/report/page/past.ts';
import { type PageInput, renderPage } from '../../src/report/page/render.ts';
import { stretch, tickLabel, ticks } from '../../src/report/page/scale.ts';
import { againstMedian, spread } from '../../src/report/page/spread.ts';
import type { Report } from '../../src/report/schema.ts';
import { foreignFile, writeText } from '../../src/report/write.ts';
import { parseRequest } from '../../src/request.ts';
import { drillPage, earlyDrillPage, failedDrillPage } from '../support/drill-pages.ts';
import { temporaryFolder } from '../support/folder.ts';
import { emptyPage, failedPage, goodPage, hostile, hugePage, pastOf } from '../support/page-samples.ts';
import { holds } from '../support/property.ts';
import { sampleReport } from '../support/reports.ts';

const textOf = (page: string) =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');

describe('the page', () => {
  test('of the same run is the same, byte for byte', () => {
    expect(renderPage(failedPage())).toBe(renderPage(failedPage()));
  });

  test('of a usual run with its history is below 200 KiB', () => {
    expect(Buffer.byteLength(renderPage(goodPage(120)))).toBeLessThan(200 * 1024);
  });

  test('names its one style in its policy, and allows nothing else', () => {
    const page = renderPage(goodPage());
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/
      .exec(page)?.[1]
      ?.replaceAll('&#39;', "'");
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    expect(page).not.toMatch(/<script|\sstyle=|\son\w+=|@import|https?:\/\/(?!www\.w3\.org)/);
  });

  test('shows hostile names and causes as they are written, and makes none of them markup', () => {
    const page = renderPage(failedPage());
    expect(page).not.toMatch(/<img|<script|<a href="http|\u202E/);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).toContain('&lt;script&gt;document.title = &quot;taken&quot;&lt;/script&gt;');
    expect(page).toContain(`<bdi>${hostile.arabic}</bdi>`);
    expect(page).toContain('&quot;&#39;&amp;amp;');
  });

  test('of a failed run says what to do, what never ran and what was not reached', () => {
    const text = textOf(renderPage(failedPage()));
    for (const said of [
      'tazlab is NOT reborn',
      'Next: Mend it, then: --from storage',
      'The secret TOKEN (raw) is in log of storage.',
      'The probe http failed: status 502',
      'Probes that were not made: dns .',
      'The database is not proved at V1: no such stanza',
      'Layer platform needed 2 retries',
      'Never ran: gitops , blog .',
      'missed , target 8m 43s',
      'The state of engine was not encrypted.',
    ])
      expect(text).toContain(said);
    expect(text).not.toContain('Nothing: no error');
  });

  test('of a run in which nothing ran says so, instead of drawing an empty chart', () => {
    const text = textOf(renderPage(emptyPage()));
    expect(text).toContain('Nothing ran in this run');
    expect(text).toContain('No leak audit was made');
    expect(text).toContain('No earlier run is known here');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('of a run of one layer has no figure that is none', () => {
    const [first] = sampleReport().layers;
    const report = sampleReport();
    const page = renderPage({
      report: { ...report, layers: first ? [first] : [] },
      past: { runs: [] },
      cautions: [],
    });
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('of 300 layers and 500 runs is bounded, and counts what it leaves out', () => {
    const page = renderPage(hugePage());
    expect(Buffer.byteLength(page)).toBeLessThan(1.5 * 1024 * 1024);
    const text = textOf(page);
    expect(text).toContain('381 older ones are left out');
    expect(text).toContain('252 shorter ones are not drawn.');
    expect(text).toContain('group-10/layer-299');
    expect(textOf(renderPage(hugePage(450, 0)))).toContain('53 more parts are left out here');
  });

  test('of a verification is not put among the rebirths of the trend', () => {
    const report = sampleReport({ command: 'verify', verdict: 'verified' });
    const text = textOf(renderPage({ report, past: { runs: pastOf(5) }, cautions: [] }));
    expect(text).toContain('5 runs, 5 reborn');
  });

  test('draws a milestone that was late as missed, with how late', () => {
    const report = sampleReport({ milestones: [{ name: 'blog', seconds: 520, targetSeconds: 500 }] });
    expect(textOf(renderPage({ report, past: { runs: [] }, cautions: [] }))).toContain(
      'missed , target 8m 20s, 20.0s late',
    );
  });
});

describe('the page of a drill', () => {
  const page = (input: PageInput) => textOf(renderPage(input));
  const inOrder = (text: string, ...words: readonly string[]) => {
    const places = words.map((word) => text.indexOf(word));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  };

  test('says first whether the castle came back, how fast, what is lost and what proves it', () => {
    const text = page(drillPage());
    inOrder(
      text,
      'tazlab came back: its drill is good',
      'RTO blog 32.0s target 4m 00s, met',
      'RTO stack 44.0s target 8m 00s, met',
      'RPO 0.0s no row is lost',
      'Witness found in the backup: found; in the WAL: found',
      'Database 2 of 2 passed',
      'Probes 2 of 2 passed',
      'Leaks 0 none in 120 places',
      'Streak',
      'Findings',
      'From gone to back',
    );
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('that failed leads with the cause and the next move, and tells one cause once', () => {
    const text = page(failedDrillPage());
    inOrder(
      text,
      'tazlab is NOT back: it was destroyed, and its rebirth failed',
      'Milestone stack: the database will not come by itself.',
      'Last seen: Its signature',
      'Next: See who wrote it.',
      'RTO stack not reached',
      'RPO not known',
      'Database 1 of 3 passed, 1 failed, 1 skipped',
      'Findings',
    );
    expect(text).not.toContain('The probe stack: the database failed');
    expect(text).not.toContain('The database is not proved at V3');
    expect(text).toContain('Probes that were not made: volume');
    expect(text).toContain('given up at 44.0s');
  });

  test('that failed before the destroy says that nothing is gone, and gives no time in which it came back', () => {
    const text = page(earlyDrillPage());
    inOrder(text, 'tazlab: the drill FAILED before anything was destroyed', 'Next: See who wrote it.');
    expect(text).toContain('RTO blog none nothing was destroyed');
    expect(text).not.toContain('From gone to back');
  });

  test('that was cancelled says what is left of the castle', () => {
    const { report } = failedDrillPage();
    const cancelled = {
      ...report,
      verdict: 'cancelled' as const,
      drill: report.drill && { ...report.drill, verdict: 'cancelled' as const },
    };
    expect(headline(cancelled)).toBe('tazlab: the drill was cancelled after 2m 06s; the castle is NOT back');
  });

  test('compares drills with drills, and leaves those with a fault put in out of what is usual', () => {
    const rebirth = pastOf(3);
    const { past, ...input } = drillPage();
    const text = page({ ...input, past: { runs: [...rebirth, ...past.runs] } });
    expect(text).toContain('9 drills, 7 good, 1 failed, 1 not counted since');
    expect(text).toContain('Time from gone to stack by drill');
    expect(text).toContain('put in: s3:down');
    expect(text).toContain('in 7 runs');
  });

  test('shows the restore beside the milestones, where the cluster tells of it in this run', () => {
    const { report, ...input } = drillPage();
    const restored = (seconds: number) => {
      const from = Date.parse(report.started) + seconds * 1000;
      const restore = {
        started: new Date(from).toISOString(),
        ended: new Date(from + 12_000).toISOString(),
      };
      const database = report.database && { ...report.database, restore };
      return page({ ...input, report: { ...report, database } });
    };
    expect(restored(90)).toContain('restore of the database 12.0s (phase, from 22.0s)');
    expect(restored(-500)).not.toContain('restore of the database');
  });

  test('says what of the history could not be read, instead of a trend that is none', () => {
    const text = page(failedDrillPage());
    expect(text).toContain('Not all earlier runs are in it: the branch x: It answered 503.');
  });
});

describe('the acts of a drill', () => {
  const acts = actsOf(drillPage().report);

  test('are cut where the castle was gone, each by a clock of its own', () => {
    expect(acts?.after.report.wallSeconds).toBe(58);
    expect(acts?.before.report.wallSeconds).toBe(68);
    const spans = acts?.after.report.spans.filter(({ name }) => name === 'platform');
    expect(spans?.map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [3, 14],
    ]);
    expect(acts?.after.raisedAt).toBe(2);
  });

  test('follow on each other from the first second of the run to its last', () => {
    const parts = acts?.parts ?? [];
    expect(parts.map(({ name }) => name)).toEqual([
      'made ready',
      'raised first',
      'witness and destroy',
      'raised again',
      'looked at, cleaned up',
    ]);
    expect(parts[0]?.from).toBe(0);
    expect(parts.at(-1)?.to).toBe(126);
    for (const [index, { from }] of parts.entries()) if (index > 0) expect(from).toBe(parts[index - 1]?.to);
  });

  test('lose no second that nobody explains', () => {
    const { report } = drillPage();
    const sum =
      (acts?.before.report.unattributedSeconds ?? 0) + (acts?.after.report.unattributedSeconds ?? 0);
    expect(sum).toBeCloseTo(report.unattributedSeconds, 6);
  });

  test('are none where an earlier run had destroyed the castle, or nothing is gone', () => {
    const { report } = drillPage();
    const earlier = {
      ...report,
      fromNothing: report.fromNothing && { ...report.fromNothing, gone: '2026-11-22T00:00:00.000Z' },
    };
    expect(actsOf(earlier as Report)).toBeUndefined();
    expect(actsOf(sampleReport())).toBeUndefined();
  });
});

describe('the page of a rebirth without a history', () => {
  test('holds its layers against the times that this machine kept', () => {
    const timed = [{ layers: { platform: 100, engine: 80 } }, { layers: { platform: 110 } }];
    const text = textOf(renderPage({ report: sampleReport(), past: { runs: [], timed }, cautions: [] }));
    expect(text).toContain('the times of the layers of the last 3 runs on this machine');
    expect(text).toMatch(/platform 1m 53s 3 % over the median of 1m 50s/);
  });
});

describe('markup', () => {
  test('made of any text has no more tags than were written', () => {
    holds(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { markup } = html`<b title="${text}">${text}</b>`;
        expect(markup.match(/[<>]/g)).toHaveLength(4);
        expect(markup.match(/"/g)).toHaveLength(2);
        expect(markup).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;)/);
      }),
    );
  });

  test('is cut between characters, and only where it is too long', () => {
    expect(cut('🏰🏰🏰', 2)).toBe('🏰…');
    expect(cut('abc', 3)).toBe('abc');
  });
});

describe('the lines of a history', () => {
  test('that are broken, foreign or doubled cost nothing but themselves', () => {
    const line = (run: string, more: object = {}) =>
      JSON.stringify({
        run,
        castle: 'tazlab',
        verdict: 'reborn',
        started: '2026-01-01T00:00:00Z',
        wallSeconds: 1,
        ...more,
      });
    const lines = [
      line('b', { started: '2026-01-02T00:00:00Z' }),
      '{"run":',
      '[]',
      line('foreign', { castle: 'other' }),
      line('strange', { verdict: 'what' }),
      line('a', { layers: 'none', wallSeconds: 2 }),
      line('b', { started: '2026-01-02T00:00:00Z', wallSeconds: 3 }),
    ];
    expect(readPast(lines.join('\n'), 'tazlab').map(({ run, wallSeconds }) => [run, wallSeconds])).toEqual([
      ['a', 2],
      ['b', 3],
    ]);
  });

  test('with this run among them have it once, at the end', () => {
    const report = sampleReport();
    const past = withThisRun(withThisRun(pastOf(3), report), report);
    expect(past.map(({ run }) => run)).toEqual(['run-0', 'run-1', 'run-2', report.run]);
  });
});

describe('figures', () => {
  test('of a spread are those of its numbers', () => {
    expect(spread([])).toBeUndefined();
    expect(spread([3, 1, 2, 10])).toEqual({ count: 4, least: 1, median: 2.5, p95: 10, most: 10 });
    expect(againstMedian(110, 100)).toBe('10 % over the median');
    expect(againstMedian(90, 100)).toBe('10 % under the median');
    expect(againstMedian(100, 100)).toBe('as the median');
  });

  test('of an axis are six at most, within the run, from its start', () => {
    holds(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (whole) => {
        const all = ticks(whole);
        expect(all[0]).toBe(0);
        expect(all.length).toBeLessThanOrEqual(7);
        expect(Math.max(...all)).toBeLessThanOrEqual(whole);
      }),
    );
    expect([0, 30, 120, 5400].map(tickLabel)).toEqual(['0', '30s', '2m', '1h 30m']);
  });

  test('of a stretch that goes past the end stay within the line', () => {
    expect(stretch(90, 130, 100)).toEqual({ x: '90%', width: '10%' });
    expect(stretch(0, 1, 0)).toEqual({ x: '0%', width: '0%' });
  });
});

describe('the file of a page', () => {
  test('is written, and replaced by the next run, but no other file is', async () => {
    await using folder = await temporaryFolder({ 'mine.html': '<!doctype html><title>mine</title>' });
    const file = join(folder.dir, 'sub', 'page.html');
    expect(await keepPage(file, goodPage(), new Map())).toBeUndefined();
    expect(await foreignFile(file, 'page')).toBeUndefined();
    expect(await keepPage(file, failedPage(), new Map())).toBeUndefined();
    expect(await readFile(file, 'utf8')).toContain('NOT reborn');
    const mine = join(folder.dir, 'mine.html');
    expect(await keepPage(mine, goodPage(), new Map())).toMatchObject({ code: 'PHX-REPORT-FOREIGN' });
    expect(await readFile(mine, 'utf8')).toContain('mine');
    expect(await writeText(file, '{}', 'report')).toMatchObject({ code: 'PHX-REPORT-FOREIGN' });
  });

  test('is not made where it would hold a secret, whatever brought it there', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.dir, 'page.html');
    const input = { ...goodPage(), cautions: ['of <canary> & "more"'] };
    const trouble = await keepPage(file, input, new Map([['WORD', '<canary> & "more"']]));
    expect(trouble).toMatchObject({ code: 'PHX-LEAK-FOUND' });
    expect(trouble?.why).toContain('the page');
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  test('is made where only a word of its style is a secret', async () => {
    await using folder = await temporaryFolder();
    const trouble = await keepPage(
      join(folder.dir, 'page.html'),
      goodPage(),
      new Map([['WORD', 'border-radius']]),
    );
    expect(trouble).toBeUndefined();
  });

  test('cannot be that of the report', () => {
    const ask = (page: string) => () =>
      parseRequest({ command: 'rebirth', report: 'a.json', page }, (option) => option);
    expect(ask('./a.json')).toThrow('name the same file');
    expect(ask('a.html')).not.toThrow();
  });
});
