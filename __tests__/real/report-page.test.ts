import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PageInput, renderPage } from '../../src/report/page/render.ts';
import { type Browser, findChromium, openChromium, type Tab } from '../support/chromium.ts';
import { drillPage, earlyDrillPage, failedDrillPage } from '../support/drill-pages.ts';
import { emptyPage, failedPage, goodPage, hugePage } from '../support/page-samples.ts';

const program = findChromium();
if (program === undefined) process.stderr.write('no Chromium here: the page is not looked at in a browser\n');

const samples: Readonly<Record<string, PageInput>> = {
  good: goodPage(),
  failed: failedPage(),
  huge: hugePage(),
  empty: emptyPage(),
  drill: drillPage(),
  'failed drill': failedDrillPage(),
  'early drill': earlyDrillPage(),
};
const widths = [320, 390, 1280] as const;
const themes = ['light', 'dark'] as const;

describe.skipIf(program === undefined)('the page in a browser', () => {
  let browser: Browser;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const sample = samples[decodeURIComponent((request.url ?? '').slice(1))];
    response.writeHead(sample === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(sample === undefined ? '' : renderPage(sample));
  });
  const at = (name: string) =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/${encodeURIComponent(name)}`;

  beforeAll(async () => {
    browser = await openChromium(program ?? '');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    server.close();
  });

  const show = async (tab: Tab, name: string, width: number, theme: string) => {
    await tab.send('Emulation.setDeviceMetricsOverride', {
      width,
      height: 800,
      deviceScaleFactor: 1,
      mobile: width < 500,
    });
    await tab.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: theme }],
    });
    await tab.open(at(name));
  };

  describe.each(Object.keys(samples))('of a %s run', (name) => {
    test('asks for nothing but itself, and nothing of it is refused or goes wrong', async () => {
      await using tab = await browser.tab();
      asked.length = 0;
      await show(tab, name, 1280, 'light');
      const told = (method: string) => tab.events.filter((event) => event.method === method);
      const urls = told('Network.requestWillBeSent').map(
        ({ params }) => (params['request'] as { url: string }).url,
      );
      expect(urls.filter((url) => !url.startsWith('data:'))).toEqual([at(name)]);
      expect(asked).toEqual([`/${encodeURIComponent(name)}`]);
      expect([
        ...told('Log.entryAdded'),
        ...told('Runtime.consoleAPICalled'),
        ...told('Runtime.exceptionThrown'),
      ]).toEqual([]);
      expect(await tab.evaluate('document.scripts.length')).toBe(0);
      expect(await tab.evaluate('document.title')).toContain('tazlab');
    });

    test.each(widths)('fits a screen of %i pixels without scrolling sideways', async (width) => {
      await using tab = await browser.tab();
      await show(tab, name, width, 'light');
      await tab.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
      expect(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      // What sticks out of its box without making the page wider would be cut off, or lie over its neighbour.
      expect(await tab.evaluate(stickingOut)).toEqual([]);
    });

    test.each(themes)('can be read in its %s theme', async (theme) => {
      await using tab = await browser.tab();
      await show(tab, name, 1280, theme);
      await tab.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
      expect(await tab.evaluate(faintTexts)).toEqual([]);
      const paper = String(await tab.evaluate('getComputedStyle(document.body).backgroundColor'));
      const [red = 0] = paper.match(/\d+/g)?.map(Number) ?? [];
      expect(red < 128).toBe(theme === 'dark');
    });

    test('draws something, at a phone and at a desk', async () => {
      await using tab = await browser.tab();
      for (const width of [320, 1280]) {
        await show(tab, name, width, 'light');
        const { data } = await tab.send('Page.captureScreenshot', { format: 'png' });
        expect(shadesOf(Buffer.from(String(data), 'base64'))).toBeGreaterThan(20);
      }
    });
  });

  test('shows bars of the length of their time', async () => {
    await using tab = await browser.tab();
    await show(tab, 'good', 1280, 'light');
    const widthsOf =
      await tab.evaluate(`Object.fromEntries([...document.querySelectorAll('.lanes li')].map((lane) => [
      lane.querySelector('bdi')?.textContent ?? '', lane.querySelector('rect')?.getBBox().width ?? 0]))`);
    const { platform, engine, claim } = widthsOf as Record<string, number>;
    expect((platform ?? 0) / (engine ?? 1)).toBeCloseTo(113 / 77, 1);
    expect(claim).toBeGreaterThan(0);
  });

  test('shows the answers of a drill on the first screen of a phone, and of a failed one the next move', async () => {
    await using tab = await browser.tab();
    const bottomOf = (selector: string) =>
      tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect().bottom`);
    await show(tab, 'drill', 390, 'dark');
    expect(await bottomOf('.figures > div:nth-child(6)')).toBeLessThan(800);
    await show(tab, 'failed drill', 390, 'light');
    expect(await bottomOf('.lead .next')).toBeLessThan(800);
  });

  test('draws what was destroyed apart from what was raised, each where it was by the clock from gone', async () => {
    await using tab = await browser.tab();
    await show(tab, 'drill', 1280, 'light');
    const drawn = await tab.evaluate(`(() => {
      const figure = document.querySelector('#grid-after').closest('figure');
      const lane = [...figure.querySelectorAll('.lanes li')].find((each) => each.textContent.startsWith('platform'));
      const whole = lane.querySelector('svg').getBoundingClientRect();
      return [...lane.querySelectorAll('rect')].map((each) => {
        const { left, right } = each.getBoundingClientRect();
        return [each.getAttribute('class'), (left - whole.left) / whole.width, (right - whole.left) / whole.width];
      });
    })()`);
    const [gone, raised] = drawn as [string, number, number][];
    expect(drawn).toHaveLength(2);
    expect(gone?.[0]).toBe('ruin');
    expect(gone?.[1]).toBeCloseTo(0, 1);
    expect(raised?.[0]).toBe('path');
    expect(raised?.[1]).toBeCloseTo(3 / 58, 1);
    expect(raised?.[2]).toBeCloseTo(14 / 58, 1);
  });

  test('lets no label of an axis lie over the next one', async () => {
    await using tab = await browser.tab();
    for (const name of ['drill', 'failed drill', 'good', 'huge'])
      for (const width of widths) {
        await show(tab, name, width, 'light');
        expect(await tab.evaluate(overlapping)).toEqual([]);
      }
  });

  test('has headings in order, names for its regions, and a way by keyboard to every table', async () => {
    await using tab = await browser.tab();
    await show(tab, 'failed', 1280, 'light');
    const levels = (await tab.evaluate(
      "[...document.querySelectorAll('h1,h2,h3,h4')].map((each) => Number(each.tagName[1]))",
    )) as number[];
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.entries())
      expect(level - (levels[index - 1] ?? 1)).toBeLessThanOrEqual(1);
    expect(
      await tab.evaluate(
        "[...document.querySelectorAll('.scroll')].every((each) => each.tabIndex === 0 && each.ariaLabel)",
      ),
    ).toBe(true);
    await tab.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
    const { nodes } = await tab.send('Accessibility.getFullAXTree');
    const roles = (nodes as { role?: { value?: string } }[]).map(({ role }) => role?.value);
    expect(roles).toEqual(expect.arrayContaining(['main', 'heading', 'list', 'region', 'banner']));
    const reached: unknown[] = [];
    for (let press = 0; press < 14; press += 1) {
      const key = { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 };
      await tab.send('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
      await tab.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
      reached.push(await tab.evaluate('document.activeElement.className || document.activeElement.tagName'));
    }
    expect(reached[0]).toBe('skip');
    expect(reached).toEqual(expect.arrayContaining(['SUMMARY', 'scroll']));
  });

  test('has not run a hostile name, and shows it', async () => {
    await using tab = await browser.tab();
    await show(tab, 'failed', 390, 'dark');
    expect(await tab.evaluate("document.querySelectorAll('img,script,iframe').length")).toBe(0);
    expect(await tab.evaluate('document.body.textContent')).toContain(
      '<script>document.title = "taken"</script>',
    );
    expect(await tab.evaluate('document.title')).toContain('NOT reborn');
  });

  test('on paper is light, whatever the reader has set', async () => {
    await using tab = await browser.tab();
    await show(tab, 'good', 1280, 'dark');
    await tab.send('Emulation.setEmulatedMedia', {
      media: 'print',
      features: [{ name: 'prefers-color-scheme', value: 'dark' }],
    });
    expect(await tab.evaluate(faintTexts)).toEqual([]);
    expect(await tab.evaluate("getComputedStyle(document.querySelector('h1')).color")).toBe(
      'rgb(26, 31, 41)',
    );
  });
});

/** Texts whose box goes past the edge of what they stand in, where nothing scrolls or hides them on purpose. */
const stickingOut = `[...document.querySelectorAll('main *, header *')].filter((each) => {
  if (each.closest('svg, .scroll, .vh, bdi, pre')) return false;
  const style = getComputedStyle(each);
  return style.display !== 'inline' && style.overflowX === 'visible' && each.scrollWidth > each.clientWidth + 1;
}).map((each) => each.outerHTML.slice(0, 120))`;

/** Neighbours on a time axis that touch. */
const overlapping = `[...document.querySelectorAll('.axis svg')].flatMap((axis) => {
  const labels = [...axis.querySelectorAll('text')].map((each) => [each.textContent, each.getBoundingClientRect()]);
  return labels.slice(1).flatMap(([text, box], index) => (labels[index][1].right + 2 > box.left && box.width > 0 ? [labels[index][0] + ' ' + text] : []));
})`;

/** Texts with less contrast to what lies behind them than 4.5 to 1, as WCAG 2.1 reckons it. */
const faintTexts = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = new Set();
  let seen = 0;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const each = text.parentElement;
    if (text.data.trim() === '' || each.closest('defs')) continue;
    const style = getComputedStyle(each);
    const [a, b] = [light(rgb(each.closest('svg') ? style.fill : style.color)), light(behind(each))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (contrast < 4.5) faint.add(each.outerHTML.slice(0, 80) + ' ' + contrast.toFixed(2));
  }
  return seen < 20 ? ['only ' + seen + ' texts'] : [...faint];
})()`;

/** How many different bytes the pixels of a PNG have: one or two where it is blank. */
function shadesOf(png: Buffer): number {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    expect(crc32(png.subarray(at + 4, at + 8 + length))).toBe(png.readUInt32BE(at + 8 + length));
    if (type === 'IDAT') parts.push(data);
    at += length + 12;
  }
  return new Set(inflateSync(Buffer.concat(parts))).size;
}
