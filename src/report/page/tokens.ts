/** Every colour and measure of the page: as custom properties, of the light theme and of the dark one. */
const light = {
  paper: '#f6f7f9',
  card: '#ffffff',
  ink: '#1a1f29',
  quiet: '#555f70',
  line: '#dfe3ea',
  grid: '#e9ecf1',
  path: '#1e4fc2',
  work: '#7b92bd',
  part: '#8c97a8',
  mark: '#0f766e',
  good: '#166b3b',
  bad: '#b3261e',
  warn: '#8a5300',
  'good-wash': '#e8f4ec',
  'bad-wash': '#fcebea',
  'warn-wash': '#fcf3e2',
};

const dark: Readonly<Record<keyof typeof light, string>> = {
  paper: '#0e1117',
  card: '#161b24',
  ink: '#e5e9f0',
  quiet: '#9ba7b8',
  line: '#2a323f',
  grid: '#212833',
  path: '#7da7ff',
  work: '#5a75ab',
  part: '#66728a',
  mark: '#4fd1c0',
  good: '#62d192',
  bad: '#ff8f86',
  warn: '#f2bd62',
  'good-wash': '#14271c',
  'bad-wash': '#301a1a',
  'warn-wash': '#2b2314',
};

const measures = {
  gap: '1rem',
  round: '10px',
  text: 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif',
  mono: 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace',
};

const declared = (tokens: Readonly<Record<string, string>>) =>
  Object.entries(tokens)
    .map(([name, value]) => `--${name}:${value};`)
    .join('');

/** Light, dark where the reader's system is, and light again on paper. */
export const tokens = [
  `:root{color-scheme:light dark;${declared(measures)}${declared(light)}}`,
  `@media (prefers-color-scheme:dark){:root{${declared(dark)}}}`,
  `@media print{:root{color-scheme:light;${declared(light)}}}`,
].join('');

/** The colour of the page's icon, which no theme reaches. */
export const iconColors = { good: '#1f9d55', bad: '#d03a30', idle: '#7a8698' } as const;
